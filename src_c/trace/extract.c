/* The context that a request carries, of any of the formats that are asked for. */
#include "trace/counts.h"
#include "trace/lists.h"
#include "trace/names.h"

typedef mc_trace_read (*reader)(const mc_trace_lines *, mc_span_context *);

static const reader readers[MC_TRACE_FORMATS] = {
    [MC_TRACE_B3_SINGLE] = mc_b3_single_read, [MC_TRACE_B3_MULTI] = mc_b3_multi_read,
    [MC_TRACE_W3C] = mc_traceparent_read,     [MC_TRACE_JAEGER] = mc_jaeger_read,
    [MC_TRACE_DATADOG] = mc_datadog_read,     [MC_TRACE_XRAY] = mc_xray_read,
    [MC_TRACE_CLOUD] = mc_cloud_read,         [MC_TRACE_OT] = mc_ot_read,
};

static const mc_span_context nothing = {.format = -1};

/* Ids and sampling, of the first format that has ids; without any, the first decision that is there. */
static void read_ids(const mc_trace_lines *lines, const mc_trace_formats *formats, mc_trace_counts *counts,
                     mc_span_context *out) {
  mc_sampling sampling = MC_SAMPLING_DEFER;
  int8_t decider = -1;
  for (uint8_t i = 0; i < formats->count; i++) {
    const mc_trace_format format = formats->order[i];
    if (!(lines->seen & mc_trace_format_names[format]) || !readers[format]) continue;
    const mc_trace_read read = readers[format](lines, out);
    if (read == MC_READ_IDS) {
      out->format = (int8_t)format;
      return;
    }
    if (read == MC_READ_MALFORMED) mc_trace_counts_add(counts, format, 1, false);
    if (read == MC_READ_SAMPLING && decider < 0) {
      decider = (int8_t)format;
      sampling = out->sampling;
    }
    *out = nothing;
  }
  out->format = decider;
  out->sampling = sampling;
}

/* A tracestate belongs to its traceparent: it is passed on with ids of another format only where they are the same. */
static bool same_trace(const mc_trace_lines *lines, const mc_span_context *context) {
  if (context->format == MC_TRACE_W3C) return true;
  mc_span_context other = nothing;
  return context->trace_low && mc_traceparent_read(lines, &other) == MC_READ_IDS &&
         other.trace_low == context->trace_low && other.trace_high == context->trace_high;
}

static bool request_id_ok(mc_slice id) {
  for (size_t i = 0; i < id.size; i++) {
    const unsigned char c = (unsigned char)id.data[i];
    if (c < 0x20 || c == 0x7f) return false;
  }
  return id.size > 0 && id.size <= MC_REQUEST_ID_BYTES;
}

static void read_request_id(const mc_trace_lines *lines, mc_trace_counts *counts, mc_span_context *out) {
  if (!mc_trace_has(lines, MC_NAME_REQUEST_ID)) return;
  const mc_slice id = lines->values[MC_NAME_REQUEST_ID];
  const bool ok = request_id_ok(id);
  if (ok) out->request_id = id; /* the first one, where there are several */
  if (!ok || lines->disputed & MC_NAME_BIT(MC_NAME_REQUEST_ID)) {
    mc_trace_counts_add(counts, MC_TRACE_REQUEST_ID, 1, false);
  }
}

static mc_code read_lists(const mc_trace_lines *lines, mc_scratch *scratch, mc_trace_counts *counts,
                          mc_span_context *out) {
  mc_list_faults faults;
  if (mc_trace_has(lines, MC_NAME_TRACESTATE) && same_trace(lines, out)) {
    if (mc_tracestate_read(lines, scratch, &out->tracestate, &faults)) return MC_NO_MEMORY;
    mc_trace_counts_add(counts, MC_TRACE_W3C, faults.malformed, faults.truncated);
  }
  if (mc_trace_has(lines, MC_NAME_BAGGAGE) || mc_trace_has(lines, MC_NAME_JAEGER_BAGGAGE)) {
    if (mc_baggage_read(lines, scratch, &out->baggage, &faults)) return MC_NO_MEMORY;
    mc_trace_counts_add(counts, MC_TRACE_BAGGAGE, faults.malformed, faults.truncated);
  }
  return MC_OK;
}

mc_code mc_trace_read_lines(const mc_trace_lines *lines, const mc_trace_formats *formats, mc_scratch *scratch,
                            mc_trace_counts *counts, mc_span_context *out) {
  out->format = -1;
  if (!lines->seen) return MC_INVALID;
  read_ids(lines, formats, counts, out);
  read_request_id(lines, counts, out);
  if (lines->seen & MC_LIST_NAMES) {
    const mc_code code = read_lists(lines, scratch, counts, out);
    if (code) return code;
  }
  return out->format >= 0 || out->baggage.data || out->request_id.data ? MC_OK : MC_INVALID;
}

mc_code mc_trace_extract(const mc_header *headers, uint32_t count, const mc_trace_formats *formats,
                         mc_scratch *scratch, mc_trace_counts *counts, mc_span_context *out) {
  mc_trace_lines lines;
  lines.headers = headers;
  lines.count = count;
  lines.seen = lines.disputed = 0;
  const uint32_t names = mc_trace_names(formats);
  for (uint32_t i = 0; i < count; i++) {
    const mc_trace_name name = mc_trace_name_at(headers[i].name.data, headers[i].name.size);
    if (names & MC_NAME_BIT(name)) mc_trace_lines_add(&lines, name, headers[i].value); /* MC_NAME_OTHER is in none */
  }
  *out = nothing;
  const mc_code code = mc_trace_read_lines(&lines, formats, scratch, counts, out);
  out->trace_digits = out->span_digits = NULL; /* headers may go before the context does */
  return code;
}
