/* Datadog's headers: ids as decimal numbers of 64 bits; the upper half of a trace id is one of the propagated tags,
 * "name=value,name=value". */
#include "trace/lines.h"
#include "trace/writer.h"

/* The tag that holds it, as 16 digits. */
#define UPPER MC_LITERAL("_dd.p.tid=")

/* Longer texts are not passed on; the first bound is Datadog's own. */
enum { MOST_TAGS = 512, MOST_ORIGIN = 256 };

static bool read_number(mc_slice text, uint64_t *out) {
  return text.size && text.data[0] != '+' && mc_slice_number(text, out);
}

#define USER_DROP MC_LITERAL("-1")

/* 0: drop; 1: keep; -1 and 2: since a user said so. */
static bool read_priority(mc_slice text, mc_span_context *out) {
  if (mc_slice_equal(text, USER_DROP)) {
    out->sampling = MC_SAMPLING_DENY;
    out->flags |= MC_TRACE_FLAG_USER_DENIED;
  } else if (mc_slice_equal(text, MC_LITERAL("0"))) {
    out->sampling = MC_SAMPLING_DENY;
  } else if (mc_slice_equal(text, MC_LITERAL("1"))) {
    out->sampling = MC_SAMPLING_ACCEPT;
  } else if (mc_slice_equal(text, MC_LITERAL("2"))) {
    out->sampling = MC_SAMPLING_DEBUG;
  } else {
    return false;
  }
  return true;
}

/* Cuts the next tag off; false where none is left. */
static bool next_tag(mc_slice *tags, mc_slice *tag) {
  if (!tags->size) return false;
  const size_t end = mc_slice_find(*tags, 0, ',');
  *tag = mc_slice_head(*tags, end);
  *tags = mc_slice_from(*tags, end < tags->size ? end + 1 : end);
  return true;
}

/* The upper half of the trace id; 0 where the tags do not say, or say nothing sensible. */
static uint64_t upper_half(mc_slice tags) {
  uint64_t upper = 0;
  for (mc_slice tag; next_tag(&tags, &tag);) {
    if (!mc_slice_starts(tag, UPPER)) continue;
    const mc_slice digits = mc_slice_from(tag, UPPER.size);
    return digits.size == 16 && mc_hex16_read(digits.data, true, &upper) ? upper : 0;
  }
  return 0;
}

mc_trace_read mc_datadog_read(const mc_trace_lines *lines, mc_span_context *out) {
  if (!mc_trace_has(lines, MC_NAME_DATADOG_TRACE_ID)) return MC_READ_NOTHING;
  const uint32_t names = MC_NAME_BIT(MC_NAME_DATADOG_TRACE_ID) | MC_NAME_BIT(MC_NAME_DATADOG_PARENT_ID) |
                         MC_NAME_BIT(MC_NAME_DATADOG_PRIORITY) | MC_NAME_BIT(MC_NAME_DATADOG_TAGS);
  if (lines->disputed & names) return MC_READ_MALFORMED;
  const mc_slice priority = mc_trace_value(lines, MC_NAME_DATADOG_PRIORITY);
  const mc_slice span = mc_trace_value(lines, MC_NAME_DATADOG_PARENT_ID);
  const mc_slice tags = mc_trace_value(lines, MC_NAME_DATADOG_TAGS);
  const mc_slice origin = mc_trace_value(lines, MC_NAME_DATADOG_ORIGIN);
  if (priority.data && !read_priority(priority, out)) return MC_READ_MALFORMED;
  if (!read_number(lines->values[MC_NAME_DATADOG_TRACE_ID], &out->trace_low) || !out->trace_low) return MC_READ_MALFORMED;
  if (span.data && !read_number(span, &out->span_id)) return MC_READ_MALFORMED;
  if (mc_trace_text_ok(tags, MOST_TAGS)) {
    out->datadog_tags = tags;
    out->trace_high = upper_half(tags);
  }
  out->short_id = !out->trace_high;
  if (mc_trace_text_ok(origin, MOST_ORIGIN)) out->datadog_origin = origin;
  return MC_READ_IDS;
}

/* Tags with the upper half of the trace id in front, and no other one. */
static mc_code datadog_tags(mc_trace_writer *w) {
  const mc_span_context *c = w->context;
  mc_slice tags = c->datadog_tags, tag;
  char *text = mc_scratch_alloc(w->scratch, UPPER.size + 17 + tags.size);
  if (!text) return MC_NO_MEMORY;
  size_t size = 0;
  if (c->trace_high) {
    memcpy(text, UPPER.data, UPPER.size);
    mc_hex16_write(c->trace_high, text + UPPER.size);
    size = UPPER.size + 16;
  }
  while (next_tag(&tags, &tag)) {
    if (!tag.size || mc_slice_starts(tag, UPPER)) continue;
    if (size) text[size++] = ',';
    memcpy(text + size, tag.data, tag.size);
    size += tag.size;
  }
  if (size) mc_write_value(w, MC_NAME_DATADOG_TAGS, mc_slice_of(text, size));
  return MC_OK;
}

mc_code mc_datadog_write(mc_trace_writer *w) {
  const mc_span_context *c = w->context;
  if (!c->trace_low) return MC_OK;
  char *start = w->at;
  mc_write_number(w, c->trace_low);
  mc_write_line(w, MC_NAME_DATADOG_TRACE_ID, start);
  start = w->at;
  mc_write_number(w, c->span_id);
  mc_write_line(w, MC_NAME_DATADOG_PARENT_ID, start);
  if (c->sampling != MC_SAMPLING_DEFER) {
    const mc_slice kept = c->sampling == MC_SAMPLING_DEBUG ? MC_LITERAL("2") : MC_LITERAL("1");
    const mc_slice dropped = c->flags & MC_TRACE_FLAG_USER_DENIED ? USER_DROP : MC_LITERAL("0");
    mc_write_value(w, MC_NAME_DATADOG_PRIORITY, mc_trace_accepted(c) ? kept : dropped);
  }
  if (c->datadog_origin.size) mc_write_value(w, MC_NAME_DATADOG_ORIGIN, c->datadog_origin);
  return c->trace_high || c->datadog_tags.size ? datadog_tags(w) : MC_OK;
}
