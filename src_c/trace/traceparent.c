/* W3C Trace Context, level 2: traceparent. Digits are lower-case; versions to come are read as far as this one goes. */
#include "trace/lines.h"
#include "trace/writer.h"

enum { SIZE = 55 }; /* 2-32-16-2 digits */

/* Two digits, in lower case. */
static bool read_byte(const char *p, uint8_t *out) {
  char digits[8] = {'0', '0', '0', '0', '0', '0', p[0], p[1]};
  uint32_t value;
  if (!mc_hex8_read(digits, false, &value)) return false;
  *out = (uint8_t)value;
  return true;
}

mc_trace_read mc_traceparent_read(const mc_trace_lines *lines, mc_span_context *out) {
  if (!mc_trace_has(lines, MC_NAME_TRACEPARENT)) return MC_READ_NOTHING;
  if (lines->disputed & MC_NAME_BIT(MC_NAME_TRACEPARENT)) return MC_READ_MALFORMED;
  const mc_slice text = lines->values[MC_NAME_TRACEPARENT];
  const char *p = text.data;
  uint8_t version, flags;
  if (text.size < SIZE || p[2] != '-' || p[35] != '-' || p[52] != '-') return MC_READ_MALFORMED;
  if (!read_byte(p, &version) || version == 0xff || !read_byte(p + 53, &flags)) return MC_READ_MALFORMED;
  if (text.size > SIZE && (version == 0 || p[SIZE] != '-')) return MC_READ_MALFORMED;
  if (!mc_hex16_read(p + 3, false, &out->trace_high) || !mc_hex16_read(p + 19, false, &out->trace_low) ||
      !mc_hex16_read(p + 36, false, &out->span_id)) {
    return MC_READ_MALFORMED;
  }
  if (!(out->trace_high | out->trace_low) || !out->span_id) return MC_READ_MALFORMED;
  out->flags = flags & MC_TRACE_FLAG_RANDOM;
  out->sampling = flags & MC_TRACE_FLAG_SAMPLED ? MC_SAMPLING_ACCEPT : MC_SAMPLING_DENY;
  return MC_READ_IDS;
}

void mc_traceparent_write(mc_trace_writer *w) {
  const mc_span_context *c = w->context;
  static const char flags[] = "00010203";
  if (!c->span_id) return;
  char *start = w->at;
  mc_write(w, MC_LITERAL("00-"));
  mc_write_id(w, c->trace_high);
  mc_write_id(w, c->trace_low);
  *w->at++ = '-';
  mc_write_id(w, c->span_id);
  *w->at++ = '-';
  const int set = (c->flags & MC_TRACE_FLAG_RANDOM) | (mc_trace_accepted(c) ? MC_TRACE_FLAG_SAMPLED : 0);
  mc_write(w, mc_slice_of(flags + 2 * set, 2));
  mc_write_line(w, MC_NAME_TRACEPARENT, start);
  if (c->tracestate.size) mc_write_value(w, MC_NAME_TRACESTATE, c->tracestate);
}
