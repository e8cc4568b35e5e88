/* CORS. */
#ifndef MESHCORE_CORS_H
#define MESHCORE_CORS_H

#include "meshcore/match.h"

/* Envoy's CorsPolicy. What it leaves unsaid (texts of size 0 too), the policy of the next level says. */
typedef struct mc_cors_spec {
  const mc_string_spec *origins;
  uint32_t origin_count;
  mc_slice allow_methods, allow_headers, expose_headers, max_age; /* "*": what the request asks for */
  mc_said allow_credentials, allow_private_network_access, forward_not_matching_preflights;
  uint32_t numerator, denominator; /* filter_enabled; denominator 0: always */
} mc_cors_spec;

/* What the CORS filter made of a request. */
typedef enum mc_cors_verdict {
  MC_CORS_NONE,             /* nothing to do: no policy, no origin, or one that is not allowed */
  MC_CORS_ALLOWED,          /* the answer gets CORS headers, whoever makes it */
  MC_CORS_PREFLIGHT,        /* a preflight that we answer */
  MC_CORS_PREFLIGHT_DENIED, /* likewise, without allowing the origin */
} mc_cors_verdict;

#endif
