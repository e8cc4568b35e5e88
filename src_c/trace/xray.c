/* AWS X-Ray's x-amzn-trace-id: Root=1-{8 digits}-{24 digits};Parent={16 digits};Sampled={0, 1 or ?}, in any order and
 * among other fields. Load balancers send the root alone. */
#include "trace/lines.h"
#include "trace/writer.h"

/* Of a longer line the other fields are not passed on. */
enum { MOST_BYTES = 512 };

/* SELF is a balancer's, of its own hop; OTHER stay, such as Lineage and an application's. */
typedef enum kind { ROOT, PARENT, SAMPLED, SELF, OTHER } kind;

/* Cuts the next field off, without blanks around it; false where none is left. */
static bool next_field(mc_slice *rest, mc_slice *field, kind *which, mc_slice *value) {
  static const struct {
    mc_slice name;
    kind kind;
  } known[] = {{{"Root", 4}, ROOT},
               {{"Parent", 6}, PARENT},
               {{"Sampled", 7}, SAMPLED},
               {{"Self", 4}, SELF}};
  do {
    if (!rest->size) return false;
    const size_t end = mc_slice_find(*rest, 0, ';');
    *field = mc_trace_trim(mc_slice_head(*rest, end));
    *rest = mc_slice_from(*rest, end < rest->size ? end + 1 : end);
  } while (!field->size);
  const size_t equals = mc_slice_find(*field, 0, '=');
  *value = equals < field->size ? mc_slice_from(*field, equals + 1) : MC_LITERAL("");
  *which = OTHER;
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    if (mc_slice_equal(mc_slice_head(*field, equals), known[i].name)) *which = known[i].kind;
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
  kind which;
  bool others = false;
  while (next_field(&rest, &field, &which, &value)) {
    if (which == ROOT && !read_root(value, out)) return MC_READ_MALFORMED;
    if (which == PARENT && !read_span(value, &out->span_id)) return MC_READ_MALFORMED;
    if (which == SAMPLED && !read_sampled(value, &out->sampling)) return MC_READ_MALFORMED;
    others |= which == OTHER;
  }
  if (others && mc_trace_text_ok(line, MOST_BYTES)) out->xray = line;
  return out->trace_high || out->trace_low ? MC_READ_IDS : MC_READ_MALFORMED;
}

/* Behind the ids the fields that others have put there. */
static mc_code xray_fields(mc_trace_writer *w, mc_trace_line *line) {
  mc_slice rest = w->context->xray, field, value;
  kind which;
  char *text = mc_scratch_alloc(w->scratch, line->value.size + 1 + rest.size);
  if (!text) return MC_NO_MEMORY;
  memcpy(text, line->value.data, line->value.size);
  line->value.data = text;
  while (next_field(&rest, &field, &which, &value)) {
    if (which != OTHER) continue;
    text[line->value.size] = ';';
    memcpy(text + line->value.size + 1, field.data, field.size);
    line->value.size += 1 + field.size;
  }
  return MC_OK;
}

mc_code mc_xray_write(mc_trace_writer *w) {
  const mc_span_context *c = w->context;
  if (!(c->trace_high | c->trace_low)) return MC_OK;
  char *start = w->at;
  mc_write(w, MC_LITERAL("Root=1-"));
  mc_hex8_write((uint32_t)(c->trace_high >> 32), w->at);
  w->at[8] = '-';
  mc_hex8_write((uint32_t)c->trace_high, w->at + 9);
  w->at += 17;
  mc_write_id(w, c->trace_low);
  if (c->span_id) {
    mc_write(w, MC_LITERAL(";Parent="));
    mc_write_id(w, c->span_id);
  }
  if (c->sampling != MC_SAMPLING_DEFER) {
    mc_write(w, mc_trace_accepted(c) ? MC_LITERAL(";Sampled=1") : MC_LITERAL(";Sampled=0"));
  }
  mc_write_line(w, MC_NAME_XRAY, start);
  return c->xray.size ? xray_fields(w, &w->lines[w->count - 1]) : MC_OK;
}
