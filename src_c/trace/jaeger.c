/* Jaeger's uber-trace-id: {trace-id}:{span-id}:{parent-span-id}:{flags}, leading zeros left out at will, perhaps
 * with its colons percent-encoded. The parent is deprecated, and not looked at. */
#include "trace/lists.h"
#include "trace/writer.h"

enum { FLAG_SAMPLED = 1, FLAG_DEBUG = 2 };

/* Cuts what comes before the next colon off; absent where there is none. */
static mc_slice cut(mc_slice *text) {
  size_t end = 0, width = 1;
  for (; end < text->size && text->data[end] != ':'; end++) {
    if (mc_slice_starts_fold(mc_slice_from(*text, end), MC_LITERAL("%3a"))) {
      width = 3;
      break;
    }
  }
  if (end >= text->size) return MC_ABSENT;
  const mc_slice part = mc_slice_head(*text, end);
  *text = mc_slice_from(*text, end + width);
  return part;
}

mc_trace_read mc_jaeger_read(const mc_trace_lines *lines, mc_span_context *out) {
  if (!mc_trace_has(lines, MC_NAME_JAEGER)) return MC_READ_NOTHING;
  if (lines->disputed & MC_NAME_BIT(MC_NAME_JAEGER)) return MC_READ_MALFORMED;
  mc_slice rest = lines->values[MC_NAME_JAEGER];
  const mc_slice trace = cut(&rest), span = cut(&rest), parent = cut(&rest);
  uint64_t flags;
  if (!parent.data || rest.size > 2 || !mc_hex_read(rest, &flags) || !mc_hex_read(span, &out->span_id)) {
    return MC_READ_MALFORMED;
  }
  out->short_id = trace.size <= 16;
  if (!mc_hex_read_long(trace, &out->trace_high, &out->trace_low)) return MC_READ_MALFORMED;
  if (!(out->trace_high | out->trace_low) || !out->span_id) return MC_READ_MALFORMED;
  out->sampling = !(flags & FLAG_SAMPLED) ? MC_SAMPLING_DENY : flags & FLAG_DEBUG ? MC_SAMPLING_DEBUG : MC_SAMPLING_ACCEPT;
  return MC_READ_IDS;
}

static void context_line(mc_trace_writer *w) {
  const mc_span_context *c = w->context;
  if (!c->span_id) return;
  char *start = w->at;
  mc_write_trace_id(w);
  *w->at++ = ':';
  mc_write_id(w, c->span_id);
  mc_write(w, MC_LITERAL(":0:0"));
  *w->at++ = c->sampling == MC_SAMPLING_DEBUG ? '3' : mc_trace_accepted(c) ? '1' : '0';
  mc_write_line(w, MC_NAME_JAEGER, start);
}

/* One line for each member; their properties have no place there. */
static mc_code baggage_lines(mc_trace_writer *w) {
  const mc_slice prefix = mc_trace_name_text(MC_NAME_JAEGER_BAGGAGE);
  mc_slice list = w->context->baggage, member, key, value;
  for (int left = MC_BAGGAGE_MEMBERS; left > 0 && mc_member_next(&list, &member); left--) {
    if (!mc_baggage_split(member, &key, &value)) continue;
    char *name = mc_scratch_alloc(w->scratch, prefix.size + key.size);
    if (!name) return MC_NO_MEMORY;
    memcpy(name, prefix.data, prefix.size);
    memcpy(name + prefix.size, key.data, key.size);
    w->lines[w->count++] =
        (mc_trace_line){MC_NAME_JAEGER_BAGGAGE, mc_slice_of(name, prefix.size + key.size), value};
  }
  return MC_OK;
}

mc_code mc_jaeger_write(mc_trace_writer *w) {
  context_line(w);
  return w->context->baggage.size ? baggage_lines(w) : MC_OK;
}
