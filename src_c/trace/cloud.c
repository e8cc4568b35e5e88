/* Google Cloud's x-cloud-trace-context: {32 digits}/{span id, decimal};o={0 or 1}, of which only the trace id has to be
 * there. */
#include "trace/hex.h"
#include "trace/lines.h"

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
    if (!span.size || span.data[0] == '+' || !mc_slice_number(span, &out->span_id)) return MC_READ_MALFORMED;
    rest = mc_slice_from(rest, end);
  }
  if (mc_slice_equal(rest, MC_LITERAL(";o=1"))) {
    out->sampling = MC_SAMPLING_ACCEPT;
  } else if (mc_slice_equal(rest, MC_LITERAL(";o=0"))) {
    out->sampling = MC_SAMPLING_DENY;
  } else if (rest.size) {
    return MC_READ_MALFORMED;
  }
  return MC_READ_IDS;
}
