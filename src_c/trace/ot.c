/* OpenTracing's basic tracer (OpenTelemetry's "ottrace"): ot-tracer-traceid, -spanid and -sampled. */
#include "trace/hex.h"
#include "trace/lines.h"

mc_trace_read mc_ot_read(const mc_trace_lines *lines, mc_span_context *out) {
  const uint32_t names = MC_NAME_BIT(MC_NAME_OT_TRACE_ID) | MC_NAME_BIT(MC_NAME_OT_SPAN_ID) |
                         MC_NAME_BIT(MC_NAME_OT_SAMPLED);
  if (!(lines->seen & names)) return MC_READ_NOTHING;
  if (lines->disputed & names) return MC_READ_MALFORMED;
  mc_slice trace = mc_trace_value(lines, MC_NAME_OT_TRACE_ID);
  const mc_slice span = mc_trace_value(lines, MC_NAME_OT_SPAN_ID);
  const mc_slice sampled = mc_trace_value(lines, MC_NAME_OT_SAMPLED);
  out->short_id = trace.size == 16;
  if (trace.size == 32) {
    if (!mc_hex16_read(trace.data, true, &out->trace_high)) return MC_READ_MALFORMED;
    trace = mc_slice_from(trace, 16);
  }
  if (trace.size != 16 || span.size != 16 || !mc_hex16_read(trace.data, true, &out->trace_low) ||
      !mc_hex16_read(span.data, true, &out->span_id)) {
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
