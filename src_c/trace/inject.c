/* A context as header lines. */
#include "base/decimal.h"
#include "trace/datadog.h"
#include "trace/hex.h"
#include "trace/lists.h"
#include "trace/xray.h"

/* The most that each format writes: its lines, and the bytes of those texts that the context does not hold. */
static const struct {
  uint8_t lines, bytes;
} room[MC_TRACE_FORMATS] = {
    [MC_TRACE_B3_SINGLE] = {1, 68}, [MC_TRACE_B3_MULTI] = {4, 64}, [MC_TRACE_W3C] = {2, 55},
    [MC_TRACE_JAEGER] = {1, 54},    [MC_TRACE_DATADOG] = {5, 40},  [MC_TRACE_XRAY] = {1, 76},
    [MC_TRACE_CLOUD] = {1, 57},     [MC_TRACE_OT] = {3, 48},       [MC_TRACE_BAGGAGE] = {1, 0},
    [MC_TRACE_REQUEST_ID] = {1, 0},
};

typedef struct writer {
  const mc_span_context *context;
  mc_scratch *scratch;
  mc_trace_line *lines;
  uint32_t count;
  char *at; /* where the next text goes */
} writer;

/* Ends a text that began at start. */
static void finish(writer *w, mc_trace_name name, char *start) {
  w->lines[w->count++] = (mc_trace_line){name, MC_ABSENT, mc_slice_of(start, (size_t)(w->at - start))};
}

static void add(writer *w, mc_trace_name name, mc_slice value) {
  w->lines[w->count++] = (mc_trace_line){name, MC_ABSENT, value};
}

static void put(writer *w, mc_slice text) {
  memcpy(w->at, text.data, text.size);
  w->at += text.size;
}

static void put_id(writer *w, uint64_t id) {
  mc_hex16_write(id, w->at);
  w->at += 16;
}

static void put_trace_id(writer *w) {
  if (!w->context->short_id) put_id(w, w->context->trace_high);
  put_id(w, w->context->trace_low);
}

static void put_number(writer *w, uint64_t number) {
  char digits[MC_DECIMAL_DIGITS];
  put(w, mc_decimal_write(number, digits));
}

static void id_line(writer *w, mc_trace_name name, uint64_t id) {
  char *start = w->at;
  put_id(w, id);
  finish(w, name, start);
}

/* The same of digits that are there already, maybe. */
static void known_id_line(writer *w, mc_trace_name name, uint64_t id, const char *digits) {
  if (digits) {
    add(w, name, mc_slice_of(digits, 16));
  } else {
    id_line(w, name, id);
  }
}

static void trace_id_line(writer *w) {
  const mc_span_context *c = w->context;
  if (c->trace_digits) {
    add(w, MC_NAME_B3_TRACE_ID, mc_slice_of(c->trace_digits, c->short_id ? 16 : 32));
    return;
  }
  char *start = w->at;
  put_trace_id(w);
  finish(w, MC_NAME_B3_TRACE_ID, start);
}

static bool accepted(const mc_span_context *c) {
  return c->sampling == MC_SAMPLING_ACCEPT || c->sampling == MC_SAMPLING_DEBUG;
}

static void b3_multi(writer *w) {
  const mc_span_context *c = w->context;
  if (c->span_id) {
    trace_id_line(w);
    known_id_line(w, MC_NAME_B3_SPAN_ID, c->span_id, c->span_digits);
    if (c->parent_id) known_id_line(w, MC_NAME_B3_PARENT_ID, c->parent_id, c->parent_digits);
  }
  if (c->sampling == MC_SAMPLING_DEBUG) {
    add(w, MC_NAME_B3_FLAGS, MC_LITERAL("1"));
  } else if (c->sampling != MC_SAMPLING_DEFER) {
    add(w, MC_NAME_B3_SAMPLED, accepted(c) ? MC_LITERAL("1") : MC_LITERAL("0"));
  }
}

static void b3_single(writer *w) {
  const mc_span_context *c = w->context;
  static const char states[] = {[MC_SAMPLING_DENY] = '0', [MC_SAMPLING_ACCEPT] = '1', [MC_SAMPLING_DEBUG] = 'd'};
  char *start = w->at;
  if (c->span_id) {
    put_trace_id(w);
    *w->at++ = '-';
    put_id(w, c->span_id);
    if (c->sampling != MC_SAMPLING_DEFER) *w->at++ = '-';
  }
  if (c->sampling != MC_SAMPLING_DEFER) {
    *w->at++ = states[c->sampling];
    /* Without a state there is no place for a parent. */
    if (c->span_id && c->parent_id) {
      *w->at++ = '-';
      put_id(w, c->parent_id);
    }
  }
  if (w->at > start) finish(w, MC_NAME_B3, start);
}

static void w3c(writer *w) {
  const mc_span_context *c = w->context;
  static const char flags[] = "00010203";
  if (!c->span_id) return;
  char *start = w->at;
  put(w, MC_LITERAL("00-"));
  put_id(w, c->trace_high);
  put_id(w, c->trace_low);
  *w->at++ = '-';
  put_id(w, c->span_id);
  *w->at++ = '-';
  const int set = (c->flags & MC_TRACE_FLAG_RANDOM) | (accepted(c) ? MC_TRACE_FLAG_SAMPLED : 0);
  put(w, mc_slice_of(flags + 2 * set, 2));
  finish(w, MC_NAME_TRACEPARENT, start);
  if (c->tracestate.size) add(w, MC_NAME_TRACESTATE, c->tracestate);
}

static void jaeger(writer *w) {
  const mc_span_context *c = w->context;
  if (!c->span_id) return;
  char *start = w->at;
  put_trace_id(w);
  *w->at++ = ':';
  put_id(w, c->span_id);
  put(w, MC_LITERAL(":0:0"));
  *w->at++ = c->sampling == MC_SAMPLING_DEBUG ? '3' : accepted(c) ? '1' : '0';
  finish(w, MC_NAME_JAEGER, start);
}

/* One line for each member; their properties have no place there. */
static mc_code jaeger_baggage(writer *w) {
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

/* Tags with the upper half of the trace id in front, and no other one. */
static mc_code datadog_tags(writer *w) {
  const mc_span_context *c = w->context;
  mc_slice tags = c->datadog_tags, tag;
  char *text = mc_scratch_alloc(w->scratch, MC_DATADOG_UPPER.size + 17 + tags.size);
  if (!text) return MC_NO_MEMORY;
  size_t size = 0;
  if (c->trace_high) {
    memcpy(text, MC_DATADOG_UPPER.data, MC_DATADOG_UPPER.size);
    mc_hex16_write(c->trace_high, text + MC_DATADOG_UPPER.size);
    size = MC_DATADOG_UPPER.size + 16;
  }
  while (mc_datadog_next_tag(&tags, &tag)) {
    if (!tag.size || mc_slice_starts(tag, MC_DATADOG_UPPER)) continue;
    if (size) text[size++] = ',';
    memcpy(text + size, tag.data, tag.size);
    size += tag.size;
  }
  if (size) add(w, MC_NAME_DATADOG_TAGS, mc_slice_of(text, size));
  return MC_OK;
}

static mc_code datadog(writer *w) {
  const mc_span_context *c = w->context;
  if (!c->trace_low) return MC_OK;
  char *start = w->at;
  put_number(w, c->trace_low);
  finish(w, MC_NAME_DATADOG_TRACE_ID, start);
  start = w->at;
  put_number(w, c->span_id);
  finish(w, MC_NAME_DATADOG_PARENT_ID, start);
  if (c->sampling != MC_SAMPLING_DEFER) {
    const bool debug = c->sampling == MC_SAMPLING_DEBUG;
    add(w, MC_NAME_DATADOG_PRIORITY, debug ? MC_LITERAL("2") : accepted(c) ? MC_LITERAL("1") : MC_LITERAL("0"));
  }
  if (c->datadog_origin.size) add(w, MC_NAME_DATADOG_ORIGIN, c->datadog_origin);
  return c->trace_high || c->datadog_tags.size ? datadog_tags(w) : MC_OK;
}

/* Behind the ids the fields that others have put there. */
static mc_code xray_fields(writer *w, mc_trace_line *line) {
  mc_slice rest = w->context->xray, field, value;
  mc_xray_field kind;
  char *text = mc_scratch_alloc(w->scratch, line->value.size + 1 + rest.size);
  if (!text) return MC_NO_MEMORY;
  memcpy(text, line->value.data, line->value.size);
  line->value.data = text;
  while (mc_xray_next(&rest, &field, &kind, &value)) {
    if (kind != MC_XRAY_OTHER) continue;
    text[line->value.size] = ';';
    memcpy(text + line->value.size + 1, field.data, field.size);
    line->value.size += 1 + field.size;
  }
  return MC_OK;
}

static mc_code xray(writer *w) {
  const mc_span_context *c = w->context;
  if (!(c->trace_high | c->trace_low)) return MC_OK;
  char *start = w->at;
  put(w, MC_LITERAL("Root=1-"));
  mc_hex8_write((uint32_t)(c->trace_high >> 32), w->at);
  w->at[8] = '-';
  mc_hex8_write((uint32_t)c->trace_high, w->at + 9);
  w->at += 17;
  put_id(w, c->trace_low);
  if (c->span_id) {
    put(w, MC_LITERAL(";Parent="));
    put_id(w, c->span_id);
  }
  if (c->sampling != MC_SAMPLING_DEFER) put(w, accepted(c) ? MC_LITERAL(";Sampled=1") : MC_LITERAL(";Sampled=0"));
  finish(w, MC_NAME_XRAY, start);
  return c->xray.size ? xray_fields(w, &w->lines[w->count - 1]) : MC_OK;
}

static void cloud(writer *w) {
  const mc_span_context *c = w->context;
  if (!(c->trace_high | c->trace_low)) return;
  char *start = w->at;
  put_id(w, c->trace_high);
  put_id(w, c->trace_low);
  if (c->span_id) {
    *w->at++ = '/';
    put_number(w, c->span_id);
  }
  if (c->sampling != MC_SAMPLING_DEFER) put(w, accepted(c) ? MC_LITERAL(";o=1") : MC_LITERAL(";o=0"));
  finish(w, MC_NAME_CLOUD, start);
}

static void ot(writer *w) {
  const mc_span_context *c = w->context;
  if (!c->span_id) return;
  char *start = w->at;
  put_trace_id(w);
  finish(w, MC_NAME_OT_TRACE_ID, start);
  id_line(w, MC_NAME_OT_SPAN_ID, c->span_id);
  if (c->sampling != MC_SAMPLING_DEFER) {
    add(w, MC_NAME_OT_SAMPLED, accepted(c) ? MC_LITERAL("true") : MC_LITERAL("false"));
  }
}

static mc_code write_format(writer *w, mc_trace_format format) {
  switch (format) {
    case MC_TRACE_B3_SINGLE:
      b3_single(w);
      break;
    case MC_TRACE_B3_MULTI:
      b3_multi(w);
      break;
    case MC_TRACE_W3C:
      w3c(w);
      break;
    case MC_TRACE_JAEGER:
      jaeger(w);
      return w->context->baggage.size ? jaeger_baggage(w) : MC_OK;
    case MC_TRACE_DATADOG:
      return datadog(w);
    case MC_TRACE_XRAY:
      return xray(w);
    case MC_TRACE_CLOUD:
      cloud(w);
      break;
    case MC_TRACE_OT:
      ot(w);
      break;
    case MC_TRACE_BAGGAGE:
      if (w->context->baggage.size) add(w, MC_NAME_BAGGAGE, w->context->baggage);
      break;
    case MC_TRACE_REQUEST_ID:
      if (w->context->request_id.size) add(w, MC_NAME_REQUEST_ID, w->context->request_id);
      break;
  }
  return MC_OK;
}

mc_code mc_trace_inject(const mc_span_context *context, const mc_trace_formats *formats, mc_scratch *scratch,
                        const mc_trace_line **lines, uint32_t *count) {
  size_t most = context->baggage.size ? MC_BAGGAGE_MEMBERS : 0, bytes = 0;
  for (uint8_t i = 0; i < formats->count; i++) {
    most += room[formats->order[i]].lines;
    bytes += room[formats->order[i]].bytes;
  }
  writer w = {.context = context, .scratch = scratch};
  w.lines = mc_scratch_alloc(scratch, most * sizeof *w.lines + bytes);
  if (!w.lines) return MC_NO_MEMORY;
  w.at = (char *)(w.lines + most);
  for (uint8_t i = 0; i < formats->count; i++) {
    const mc_code code = write_format(&w, formats->order[i]);
    if (code) return code;
  }
  *lines = w.lines;
  *count = w.count;
  return MC_OK;
}
