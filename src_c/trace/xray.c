/* AWS X-Ray's x-amzn-trace-id: Root=1-{8 digits}-{24 digits};Parent={16 digits};Sampled={0, 1 or ?}, in any order and
 * among other fields. Load balancers send the root alone. */
#include "trace/hex.h"
#include "trace/lines.h"
#include "trace/xray.h"

bool mc_xray_next(mc_slice *rest, mc_slice *field, mc_xray_field *kind, mc_slice *value) {
  static const struct {
    mc_slice name;
    mc_xray_field kind;
  } known[] = {{{"Root", 4}, MC_XRAY_ROOT},
               {{"Parent", 6}, MC_XRAY_PARENT},
               {{"Sampled", 7}, MC_XRAY_SAMPLED},
               {{"Self", 4}, MC_XRAY_SELF}};
  do {
    if (!rest->size) return false;
    const size_t end = mc_slice_find(*rest, 0, ';');
    *field = mc_trace_trim(mc_slice_head(*rest, end));
    *rest = mc_slice_from(*rest, end < rest->size ? end + 1 : end);
  } while (!field->size);
  const size_t equals = mc_slice_find(*field, 0, '=');
  *value = equals < field->size ? mc_slice_from(*field, equals + 1) : MC_LITERAL("");
  *kind = MC_XRAY_OTHER;
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    if (mc_slice_equal(mc_slice_head(*field, equals), known[i].name)) *kind = known[i].kind;
  }
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

static bool read_sampled(mc_slice text, mc_sampling *out) {
  if (text.size != 1) return false;
  *out = text.data[0] == '1' ? MC_SAMPLING_ACCEPT : text.data[0] == '0' ? MC_SAMPLING_DENY : MC_SAMPLING_DEFER;
  return *out || text.data[0] == '?';
}

static bool read_span(mc_slice text, uint64_t *out) {
  return text.size == 16 && mc_hex16_read(text.data, true, out) && *out;
}

mc_trace_read mc_xray_read(const mc_trace_lines *lines, mc_span_context *out) {
  if (!mc_trace_has(lines, MC_NAME_XRAY)) return MC_READ_NOTHING;
  if (lines->disputed & MC_NAME_BIT(MC_NAME_XRAY)) return MC_READ_MALFORMED;
  const mc_slice line = lines->values[MC_NAME_XRAY];
  mc_slice rest = line, field, value;
  mc_xray_field kind;
  bool others = false;
  while (mc_xray_next(&rest, &field, &kind, &value)) {
    if (kind == MC_XRAY_ROOT && !read_root(value, out)) return MC_READ_MALFORMED;
    if (kind == MC_XRAY_PARENT && !read_span(value, &out->span_id)) return MC_READ_MALFORMED;
    if (kind == MC_XRAY_SAMPLED && !read_sampled(value, &out->sampling)) return MC_READ_MALFORMED;
    others |= kind == MC_XRAY_OTHER;
  }
  if (others && mc_trace_text_ok(line, MC_XRAY_BYTES)) out->xray = line;
  return out->trace_high || out->trace_low ? MC_READ_IDS : MC_READ_MALFORMED;
}
