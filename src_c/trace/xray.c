/* AWS X-Ray's x-amzn-trace-id: Root=1-{8 digits}-{24 digits};Parent={16 digits};Sampled={0, 1 or ?}, in any order and
 * among other fields. Load balancers send the root alone. */
#include "trace/hex.h"
#include "trace/lines.h"

/* Cuts the next field off. */
static bool next(mc_slice *rest, mc_slice *name, mc_slice *value) {
  if (!rest->size) return false;
  const size_t end = mc_slice_find(*rest, 0, ';');
  const mc_slice field = mc_trace_trim(mc_slice_head(*rest, end));
  *rest = mc_slice_from(*rest, end < rest->size ? end + 1 : end);
  const size_t equals = mc_slice_find(field, 0, '=');
  *name = mc_slice_head(field, equals);
  *value = equals < field.size ? mc_slice_from(field, equals + 1) : MC_LITERAL("");
  return true;
}

static bool read_root(mc_slice text, mc_span_context *out) {
  const char *p = text.data;
  uint32_t epoch, upper;
  if (text.size != 35 || p[0] != '1' || p[1] != '-' || p[10] != '-') return false;
  if (!mc_hex8_read(p + 2, true, &epoch) || !mc_hex8_read(p + 11, true, &upper) ||
      !mc_hex16_read(p + 19, true, &out->trace_low)) {
    return false;
  }
  out->trace_high = (uint64_t)epoch << 32 | upper;
  return out->trace_high || out->trace_low;
}

mc_trace_read mc_xray_read(const mc_trace_lines *lines, mc_span_context *out) {
  if (!mc_trace_has(lines, MC_NAME_XRAY)) return MC_READ_NOTHING;
  if (lines->disputed & MC_NAME_BIT(MC_NAME_XRAY)) return MC_READ_MALFORMED;
  mc_slice rest = lines->values[MC_NAME_XRAY], name, value;
  while (next(&rest, &name, &value)) {
    if (mc_slice_equal(name, MC_LITERAL("Root"))) {
      if (!read_root(value, out)) return MC_READ_MALFORMED;
    } else if (mc_slice_equal(name, MC_LITERAL("Parent"))) {
      if (value.size != 16 || !mc_hex16_read(value.data, true, &out->span_id) || !out->span_id) return MC_READ_MALFORMED;
    } else if (mc_slice_equal(name, MC_LITERAL("Sampled"))) {
      if (mc_slice_equal(value, MC_LITERAL("1"))) {
        out->sampling = MC_SAMPLING_ACCEPT;
      } else if (mc_slice_equal(value, MC_LITERAL("0"))) {
        out->sampling = MC_SAMPLING_DENY;
      } else if (!mc_slice_equal(value, MC_LITERAL("?"))) {
        return MC_READ_MALFORMED;
      }
    }
  }
  return out->trace_high || out->trace_low ? MC_READ_IDS : MC_READ_MALFORMED;
}
