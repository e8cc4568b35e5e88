/* Jaeger's uber-trace-id: {trace-id}:{span-id}:{parent-span-id}:{flags}, leading zeros left out at will, perhaps
 * with its colons percent-encoded. The parent is deprecated, and not looked at. */
#include "trace/hex.h"
#include "trace/lines.h"

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
