/* OpenTracing's basic tracer (OpenTelemetry's "ottrace"): ot-tracer-traceid, -spanid and -sampled. Some write ids
 * without leading zeros. */
#include "trace/lines.h"
#include "trace/writer.h"

mc_trace_read mc_ot_read(const mc_trace_lines *lines, mc_span_context *out) {
  const uint32_t names = MC_NAME_BIT(MC_NAME_OT_TRACE_ID) | MC_NAME_BIT(MC_NAME_OT_SPAN_ID) |
                         MC_NAME_BIT(MC_NAME_OT_SAMPLED);
  if (!(lines->seen & names)) return MC_READ_NOTHING;
  if (lines->disputed & names) return MC_READ_MALFORMED;
  const mc_slice trace = mc_trace_value(lines, MC_NAME_OT_TRACE_ID);
  const mc_slice span = mc_trace_value(lines, MC_NAME_OT_SPAN_ID);
  const mc_slice sampled = mc_trace_value(lines, MC_NAME_OT_SAMPLED);
  out->short_id = trace.size <= 16;
  if (!mc_hex_read_long(trace, &out->trace_high, &out->trace_low) || !mc_hex_read(span, &out->span_id)) {
    return MC_READ_MALFORMED;
  }
  if (!(out->trace_high | out->trace_low) || !out->span_id) return MC_READ_MALFORMED;
  if (mc_slice_equal(sampled, MC_LITERAL("true"))) {
    out->sampling = MC_SAMPLING_ACCEPT;
  } else if (mc_slice_equal(sampled, MC_LITERAL("false"))) {
    out->sampling = MC_SAMPLING_DENY;
  } else if (sampled.data) {
    return MC_READ_MALFORMED;
  }
  return MC_READ_IDS;
}

void mc_ot_write(mc_trace_writer *w) {
  const mc_span_context *c = w->context;
  if (!c->span_id) return;
  char *start = w->at;
  mc_write_trace_id(w);
  mc_write_line(w, MC_NAME_OT_TRACE_ID, start);
  mc_write_id_line(w, MC_NAME_OT_SPAN_ID, c->span_id);
  if (c->sampling != MC_SAMPLING_DEFER) {
    mc_write_value(w, MC_NAME_OT_SAMPLED, mc_trace_accepted(c) ? MC_LITERAL("true") : MC_LITERAL("false"));
  }
}
