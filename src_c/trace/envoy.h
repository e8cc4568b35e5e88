/* How Envoy's tracers read a request's headers, which is not quite as the formats' specifications say. */
#ifndef MC_TRACE_ENVOY_H
#define MC_TRACE_ENVOY_H

#include "trace/lines.h"

/* The values that they look at: of each name the first, blanks around it taken off; data NULL where there is none. */
typedef struct mc_tracer_values {
  mc_slice b3, trace_id, span_id, parent_id, sampled; /* b3 and x-b3-* */
  mc_slice traceparent;
} mc_tracer_values;

/* Zipkin's. b3 goes before x-b3-*, and either before traceparent, which counts where w3c is set. Ids are what C's
 * strtoull makes of them, without a sign. out->sampling is MC_SAMPLING_DEFER where no header says. */
mc_trace_read mc_zipkin_read(const mc_tracer_values *values, bool w3c, mc_span_context *out);

/* A traceparent, as OpenTelemetry's tracer takes it. */
typedef struct mc_traceparent {
  mc_slice trace_id, span_id; /* in any case */
  bool sampled;
} mc_traceparent;

bool mc_traceparent_take(mc_slice text, mc_traceparent *out);

/* The first 8 characters of a request id as a hexadecimal number, likewise: what sampling goes by. */
bool mc_request_id_number(mc_slice id, uint64_t *out);

#endif
