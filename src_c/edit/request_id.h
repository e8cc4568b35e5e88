/* x-request-id, as Envoy's connection manager sees to it. */
#ifndef MC_EDIT_REQUEST_ID_H
#define MC_EDIT_REQUEST_ID_H

#include "base/rng.h"
#include "base/slice.h"

/* Where in a UUID Envoy notes why a request is traced. */
enum { MC_TRACE_REASON_AT = 14 };

/* The request's random numbers: those that it was given, or else what its seed makes. */
static inline const uint64_t *mc_request_numbers(const mc_request *request, uint64_t own[MC_REQUEST_IDS]) {
  if (request->ids) return request->ids;
  uint64_t state = request->seed ^ UINT64_C(0x9d5c1f0a7be34d61); /* no other draw begins there */
  for (int i = 0; i < MC_REQUEST_IDS; i++) own[i] = mc_splitmix64(&state);
  return own;
}

/* Whether a listener has anything to do with the ids of requests. */
static inline bool mc_request_id_minded(const mc_http_options *options) {
  return options->generate_request_id || options->tracing;
}

#endif
