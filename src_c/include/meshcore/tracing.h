/* Which requests are traced, and what of that goes upstream. */
#ifndef MESHCORE_TRACING_H
#define MESHCORE_TRACING_H

#include "meshcore/base.h"

/* What shares of the requests are traced; denominators above 0. */
typedef struct mc_sampling_shares {
  mc_fraction client;  /* of those that ask for it by x-client-trace-id */
  mc_fraction random;  /* of all others, by their id */
  mc_fraction overall; /* of both: what is beyond is not traced */
} mc_sampling_shares;

/* Whose headers go upstream. */
typedef enum mc_tracer { MC_TRACER_NONE, MC_TRACER_ZIPKIN, MC_TRACER_OPENTELEMETRY } mc_tracer;

/* The connection manager's tracing, as far as the upstream sees it. */
typedef struct mc_tracing_spec {
  mc_tracer tracer;
  bool w3c;                 /* Zipkin: traceparent beside B3 */
  bool shared_span_context; /* Zipkin: what comes in has the span of the client; not with outbound */
  bool long_ids;            /* Zipkin: new traces have ids of 128 bits */
  bool outbound;            /* the listener is for requests that go out */
  bool spawn_upstream_span; /* each attempt has a span of its own */
  bool any_id;              /* sampling does not hang on the request's id: all are traced */
  bool names_spans;         /* a format names the spans of all routes */
  mc_sampling_shares shares; /* of routes that say nothing */
} mc_tracing_spec;

/* Why a request is traced; mc_trace_reason_name() gives the text. */
typedef enum mc_trace_reason {
  MC_NOT_TRACED,
  MC_TRACED_BY_SAMPLING,
  MC_TRACED_BY_SERVICE, /* x-envoy-force-trace */
  MC_TRACED_BY_CLIENT,  /* x-client-trace-id */
} mc_trace_reason;

/* The text, NUL-terminated and static. */
const char *mc_trace_reason_name(mc_trace_reason reason);

#endif
