/* Google Cloud's x-cloud-trace-context: {32 digits}/{span id, decimal};o={options}, of which only the trace id has to be
 * there. The lowest bit of the options is whether the trace is recorded. */
#include "trace/lines.h"
#include "trace/writer.h"

static bool read_decimal(mc_slice text, uint64_t *out) {
  return text.size && text.data[0] != '+' && mc_slice_number(text, out);
}

mc_trace_read mc_cloud_read(const mc_trace_lines *lines, mc_span_context *out) {
  if (!mc_trace_has(lines, MC_NAME_CLOUD)) return MC_READ_NOTHING;
  if (lines->disputed & MC_NAME_BIT(MC_NAME_CLOUD)) return MC_READ_MALFORMED;
  mc_slice rest = lines->values[MC_NAME_CLOUD];
  if (rest.size < 32 || !mc_hex16_read(rest.data, true, &out->trace_high) ||
      !mc_hex16_read(rest.data + 16, true, &out->trace_low) || !(out->trace_high | out->trace_low)) {
    return MC_READ_MALFORMED;
  }
  rest = mc_slice_from(rest, 32);
  if (rest.size && rest.data[0] == '/') {
    const size_t end = mc_slice_find(rest, 0, ';');
    const mc_slice span = mc_slice_from(mc_slice_head(rest, end), 1);
    if (!read_decimal(span, &out->span_id)) return MC_READ_MALFORMED;
    rest = mc_slice_from(rest, end);
  }
  if (!rest.size) return MC_READ_IDS;
  uint64_t options;
  if (!mc_slice_starts(rest, MC_LITERAL(";o=")) || !read_decimal(mc_slice_from(rest, 3), &options) || options > UINT8_MAX) {
    return MC_READ_MALFORMED;
  }
  out->sampling = options & 1 ? MC_SAMPLING_ACCEPT : MC_SAMPLING_DENY;
  return MC_READ_IDS;
}

void mc_cloud_write(mc_trace_writer *w) {
  const mc_span_context *c = w->context;
  if (!(c->trace_high | c->trace_low)) return;
  char *start = w->at;
  mc_write_id(w, c->trace_high);
  mc_write_id(w, c->trace_low);
  if (c->span_id) {
    *w->at++ = '/';
    mc_write_number(w, c->span_id);
  }
  if (c->sampling != MC_SAMPLING_DEFER) mc_write(w, mc_trace_accepted(c) ? MC_LITERAL(";o=1") : MC_LITERAL(";o=0"));
  mc_write_line(w, MC_NAME_CLOUD, start);
}
