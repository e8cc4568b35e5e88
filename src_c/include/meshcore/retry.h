/* Retries, hedges, and the timeouts of a route. */
#ifndef MESHCORE_RETRY_H
#define MESHCORE_RETRY_H

#include "meshcore/match.h"

/* Envoy's conditions for a retry, as bits; mc_retry_on_parse() reads their names. */
typedef enum mc_retry_on {
  MC_RETRY_ON_5XX = 1 << 0,
  MC_RETRY_ON_GATEWAY_ERROR = 1 << 1,
  MC_RETRY_ON_RESET = 1 << 2,
  MC_RETRY_ON_RESET_BEFORE_REQUEST = 1 << 3,
  MC_RETRY_ON_CONNECT_FAILURE = 1 << 4,
  MC_RETRY_ON_ENVOY_RATE_LIMITED = 1 << 5,
  MC_RETRY_ON_RETRIABLE_4XX = 1 << 6,
  MC_RETRY_ON_REFUSED_STREAM = 1 << 7,
  MC_RETRY_ON_RETRIABLE_STATUS_CODES = 1 << 8,
  MC_RETRY_ON_RETRIABLE_HEADERS = 1 << 9,
  MC_RETRY_ON_HTTP3_POST_CONNECT_FAILURE = 1 << 10, /* never the case: there is no HTTP/3 */
  MC_RETRY_ON_GRPC_CANCELLED = 1 << 11,
  MC_RETRY_ON_GRPC_DEADLINE_EXCEEDED = 1 << 12,
  MC_RETRY_ON_GRPC_INTERNAL = 1 << 13,
  MC_RETRY_ON_GRPC_RESOURCE_EXHAUSTED = 1 << 14,
  MC_RETRY_ON_GRPC_UNAVAILABLE = 1 << 15,
} mc_retry_on;

/* The conditions of a list such as "5xx, gateway-error"; what is unknown counts for nothing. */
uint32_t mc_retry_on_parse(mc_slice list);

/* A header of answers that tells when to come back. */
typedef struct mc_reset_header {
  mc_slice name;  /* lower-case */
  bool timestamp; /* seconds since 1970; otherwise seconds from now */
} mc_reset_header;

/* Envoy's RetryPolicy, without its timeouts. */
typedef struct mc_retry_spec {
  uint32_t on;               /* mc_retry_on */
  uint32_t retries;          /* attempts after the first */
  uint64_t base_ns, max_ns;  /* of the backoff; base_ns is above 0 */
  const uint32_t *status_codes;
  uint32_t status_code_count;
  const mc_header_match_spec *headers; /* of answers that are to be retried */
  uint32_t header_count;
  const mc_header_match_spec *request_headers; /* none: every request may be retried; or else one has to match */
  uint32_t request_header_count;
  const mc_reset_header *reset_headers;
  uint32_t reset_header_count;
  uint64_t reset_max_ns;   /* what tells of a longer wait is not heeded */
  bool avoid_previous_hosts;
  const mc_labels *omit;   /* hosts that have one of these sets of labels are passed over */
  uint32_t omit_count;
  uint32_t host_attempts;  /* how often a host that is passed over is replaced by another pick */
  uint32_t priority_frequency; /* after so many attempts, priorities that were tried are left out; 0: never */
} mc_retry_spec;

/* Envoy's HedgePolicy. */
typedef struct mc_hedge_spec {
  uint32_t initial_requests;          /* 0 counts as 1 */
  uint32_t numerator, denominator;    /* chance of one more; denominator 0: none */
  bool on_per_try_timeout;            /* what takes too long goes on beside the next attempt */
} mc_hedge_spec;

/* What limits the time of a request. Of what may be unset, UINT64_MAX says so; 0 means no limit. */
typedef struct mc_timeout_spec {
  uint64_t request_ns;       /* Envoy's route timeout */
  uint64_t per_try_ns, per_try_idle_ns;
  uint64_t idle_ns;          /* of the stream; may be unset: the listener's */
  bool stream_limits;        /* the route has max_stream_duration: request_ns does not count */
  uint64_t stream_ns;        /* max_stream_duration of the route; may be unset: the listener's */
  uint64_t grpc_header_max_ns, grpc_header_offset_ns; /* of max_stream_duration; max may be unset */
  uint64_t grpc_max_ns, grpc_offset_ns; /* max_grpc_timeout and its offset; max may be unset */
} mc_timeout_spec;

#endif
