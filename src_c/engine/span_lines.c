/* The span that goes upstream, as the listener's tracer writes it. */
#include "base/rng.h"
#include "edit/request_id.h"
#include "edit/view.h"
#include "engine/tracing.h"
#include "trace/envoy.h"
#include "trace/hex.h"

/* Numbers that an attempt's own span has. */
static uint64_t id_of_attempt(const uint64_t *ids, uint32_t attempt) {
  return mc_mix64(ids[4] + attempt * MC_SPLITMIX64_STEP);
}

static mc_slice text_of(mc_scratch *scratch, size_t size, char **out) {
  *out = mc_scratch_alloc(scratch, size);
  return mc_slice_of(*out, size);
}

static char *put_id(char *at, uint64_t id) {
  mc_hex16_write(id, at);
  return at + 16;
}

static char *put(char *at, mc_slice text) {
  memcpy(at, text.data, text.size);
  return at + text.size;
}

/* The values that tracers look at, as they came: of the tracestate all lines. */
static void gather(const mc_view *view, mc_tracer_values *out, mc_slice *state, size_t *state_size) {
  const mc_header *line;
  *out = (mc_tracer_values){MC_ABSENT, MC_ABSENT, MC_ABSENT, MC_ABSENT, MC_ABSENT, MC_ABSENT};
  *state = MC_ABSENT;
  *state_size = 0;
  for (size_t at = 0; mc_view_next(view, &at, &line);) {
    mc_slice *value = NULL;
    switch (mc_trace_name_of(line->name)) {
      case MC_NAME_B3:
        value = &out->b3;
        break;
      case MC_NAME_B3_TRACE_ID:
        value = &out->trace_id;
        break;
      case MC_NAME_B3_SPAN_ID:
        value = &out->span_id;
        break;
      case MC_NAME_B3_PARENT_ID:
        value = &out->parent_id;
        break;
      case MC_NAME_B3_SAMPLED:
        value = &out->sampled;
        break;
      case MC_NAME_TRACEPARENT:
        value = &out->traceparent;
        break;
      case MC_NAME_TRACESTATE:
        *state_size += line->value.size + 1;
        value = state;
        break;
      default:
        break;
    }
    if (value && !value->data) *value = line->value.data ? line->value : MC_LITERAL("");
  }
}

static mc_code set_id(mc_header_list *lines, mc_slice name, uint64_t high, uint64_t low) {
  char *at;
  const mc_slice text = text_of(lines->scratch, high ? 32 : 16, &at);
  if (!at) return MC_NO_MEMORY;
  if (high) at = put_id(at, high);
  put_id(at, low);
  return mc_header_list_set(lines, name, text);
}

static mc_code set_b3_single(mc_header_list *lines, const mc_span_context *span, bool has_parent, mc_slice sampled) {
  char *at;
  const size_t size = (span->trace_high ? 32 : 16) + 1 + 16 + 2 + (has_parent ? 17 : 0);
  const mc_slice text = text_of(lines->scratch, size, &at);
  if (!at) return MC_NO_MEMORY;
  if (span->trace_high) at = put_id(at, span->trace_high);
  at = put_id(at, span->trace_low);
  *at++ = '-';
  at = put_id(at, span->span_id);
  *at++ = '-';
  *at++ = sampled.data[0];
  if (has_parent) {
    *at++ = '-';
    put_id(at, span->parent_id);
  }
  return mc_header_list_set(lines, MC_LITERAL("b3"), text);
}

static mc_code set_traceparent(mc_header_list *lines, mc_slice trace_id, uint64_t span_id, bool sampled) {
  char *at;
  const mc_slice text = text_of(lines->scratch, 55, &at);
  if (!at) return MC_NO_MEMORY;
  at = put(at, MC_LITERAL("00-"));
  at = put(at, trace_id);
  *at++ = '-';
  at = put_id(at, span_id);
  put(at, sampled ? MC_LITERAL("-01") : MC_LITERAL("-00"));
  return mc_header_list_set(lines, MC_LITERAL("traceparent"), text);
}

/* A span below. It has a parent even where that says of itself to be 0. */
static void descend(mc_span_context *span, uint64_t id, bool *has_parent) {
  span->parent_id = span->span_id;
  span->span_id = id;
  *has_parent = true;
}

/* The span that Zipkin's tracer makes of a request. False: it makes none. */
static bool zipkin_span(const mc_decision *d, const mc_tracing_spec *tracing, const mc_tracer_values *values,
                        const uint64_t *ids, uint32_t attempt, mc_span_context *span, bool *has_parent) {
  const mc_trace_read read = mc_zipkin_read(values, tracing->w3c, span);
  if (read == MC_READ_MALFORMED) return false;
  if (span->sampling == MC_SAMPLING_DEFER) span->sampling = d->traced ? MC_SAMPLING_ACCEPT : MC_SAMPLING_DENY;
  if (read != MC_READ_IDS) {
    span->trace_low = span->span_id = ids[2];
    span->trace_high = tracing->long_ids ? ids[3] : 0;
    span->parent_id = 0;
  }
  *has_parent = span->parent_id != 0;
  /* The span of an upstream is the client's where there is one; the request's is then a server's, whatever the direction. */
  const bool client = tracing->outbound && !tracing->spawn_upstream_span;
  if (read == MC_READ_IDS && (client || !tracing->shared_span_context)) descend(span, ids[4], has_parent);
  if (tracing->spawn_upstream_span) descend(span, id_of_attempt(ids, attempt), has_parent);
  return true;
}

static mc_code zipkin_lines(const mc_decision *d, const mc_tracing_spec *tracing, const mc_tracer_values *values,
                            const uint64_t *ids, uint32_t attempt, mc_header_list *lines) {
  mc_span_context span;
  bool has_parent;
  if (!zipkin_span(d, tracing, values, ids, attempt, &span, &has_parent)) return MC_OK;
  const mc_slice sampled = span.sampling == MC_SAMPLING_ACCEPT ? MC_LITERAL("1") : MC_LITERAL("0");
  mc_code code;
  if (values->b3.data) {
    code = set_b3_single(lines, &span, has_parent, sampled);
  } else {
    code = set_id(lines, MC_LITERAL("x-b3-traceid"), span.trace_high, span.trace_low);
    if (!code) code = set_id(lines, MC_LITERAL("x-b3-spanid"), 0, span.span_id);
    if (!code && has_parent) code = set_id(lines, MC_LITERAL("x-b3-parentspanid"), 0, span.parent_id);
    if (!code) code = mc_header_list_set(lines, MC_LITERAL("x-b3-sampled"), sampled);
  }
  if (code || !tracing->w3c) return code;
  char id[32];
  mc_hex16_write(span.trace_high, id);
  mc_hex16_write(span.trace_low, id + 16);
  return set_traceparent(lines, mc_slice_of(id, sizeof id), span.span_id, span.sampling == MC_SAMPLING_ACCEPT);
}

/* All lines of the tracestate as one. */
static mc_code join_state(const mc_view *view, mc_slice first, size_t size, mc_scratch *scratch, mc_slice *out) {
  *out = first.data ? first : MC_LITERAL("");
  if (!first.data || first.size + 1 == size) return MC_OK;
  char *at;
  *out = text_of(scratch, size - 1, &at);
  if (!at) return MC_NO_MEMORY;
  const mc_header *line;
  bool more = false;
  for (size_t i = 0; mc_view_next(view, &i, &line);) {
    if (mc_trace_name_of(line->name) != MC_NAME_TRACESTATE) continue;
    if (more) *at++ = ',';
    more = true;
    if (line->value.size) at = put(at, line->value);
  }
  return MC_OK;
}

/* A span of its own for each request, and one for each attempt where they are asked for. */
static mc_code opentelemetry_lines(const mc_decision *d, const mc_tracing_spec *tracing, const mc_tracer_values *values,
                                   mc_slice state, size_t state_size, const uint64_t *ids, uint32_t attempt,
                                   mc_header_list *lines) {
  mc_traceparent parent;
  char id[32];
  if (!values->traceparent.data) {
    mc_hex16_write(ids[2], id);
    mc_hex16_write(ids[3], id + 16);
    parent = (mc_traceparent){.trace_id = mc_slice_of(id, sizeof id), .sampled = d->traced != MC_NOT_TRACED};
    state = MC_ABSENT;
    state_size = 0;
  } else if (!mc_traceparent_take(values->traceparent, &parent)) {
    return MC_OK;
  } else {
    mc_slice_lower(parent.trace_id, id);
    parent.trace_id = mc_slice_of(id, sizeof id);
    parent.sampled = parent.sampled && d->traced;
  }
  const uint64_t span = tracing->spawn_upstream_span ? id_of_attempt(ids, attempt) : ids[4];
  mc_slice joined;
  mc_code code = join_state(&d->view, state, state_size, lines->scratch, &joined);
  if (!code) code = set_traceparent(lines, parent.trace_id, span, parent.sampled);
  return code ? code : mc_header_list_set(lines, MC_LITERAL("tracestate"), joined);
}

mc_code mc_tracing_lines(const mc_decision *d, uint32_t attempt, mc_header_list *lines) {
  const mc_tracing_spec *tracing = mc_tracing_of(d);
  const mc_slice operation = mc_tracing_operation(d);
  const mc_code told = operation.size ? mc_header_list_set(lines, MC_OPERATION_HEADER, operation) : MC_OK;
  if (told || !tracing || tracing->tracer == MC_TRACER_NONE) return told;
  uint64_t own[MC_REQUEST_IDS];
  const uint64_t *ids = mc_request_numbers(&d->request, own);
  mc_tracer_values values;
  mc_slice state;
  size_t state_size;
  gather(&d->view, &values, &state, &state_size);
  if (tracing->tracer == MC_TRACER_ZIPKIN) return zipkin_lines(d, tracing, &values, ids, attempt, lines);
  return opentelemetry_lines(d, tracing, &values, state, state_size, ids, attempt, lines);
}
