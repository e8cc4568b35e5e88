/* Cross-origin resource sharing, as Envoy's CORS filter does it (source/extensions/filters/http/cors).
 *
 * A request may find a policy at several levels, from the weighted cluster to the route configuration. They
 * do not replace each other: whatever a level leaves unsaid, the next one says. Whether the filter acts at
 * all is up to the innermost policy alone. */
#ifndef MC_POLICY_CORS_H
#define MC_POLICY_CORS_H

#include "match/string_match.h"

typedef struct mc_cors {
  mc_string_match *origins;
  uint32_t origin_count;
  bool any_origin; /* some matcher takes "*", and with it every origin */
  mc_slice allow_methods, allow_headers, expose_headers, max_age; /* size 0: not said */
  mc_said allow_credentials, allow_private_network_access, forward_not_matching_preflights;
  uint32_t numerator, denominator; /* denominator 0: always enabled */
} mc_cors;

/* The policies that a request finds, innermost first. */
enum { MC_CORS_LEVELS = 4 };
typedef struct mc_cors_chain {
  const mc_cors *levels[MC_CORS_LEVELS];
  uint32_t count;
} mc_cors_chain;

/* What of a request counts; absent and empty are the same. */
typedef struct mc_cors_request {
  mc_slice method, origin;
  mc_slice request_method, request_headers, request_private_network; /* access-control-request-... */
} mc_cors_request;

/* Compiles into the arena; NULL in *out where there is no spec. What lies beyond the arena is given back by
 * mc_cors_clear, also after a failed build. */
mc_code mc_cors_build(mc_cors **out, const mc_cors_spec *spec, mc_arena *arena, mc_error *error);
void mc_cors_clear(mc_cors *cors);

/* NULL is no level. */
static inline void mc_cors_chain_add(mc_cors_chain *chain, const mc_cors *cors) {
  if (cors) chain->levels[chain->count++] = cors;
}

/* What the filter does with a request. random decides whether a fraction is enabled. *no_memory becomes true,
 * and the verdict means nothing, where a regex found none. */
mc_cors_verdict mc_cors_judge(const mc_cors_chain *chain, const mc_cors_request *request, uint64_t random,
                              bool *no_memory);

/* The lines that the verdict sets in an answer, over those of the same name; their number. */
enum { MC_CORS_LINES = 7 };
uint32_t mc_cors_lines(const mc_cors_chain *chain, mc_cors_verdict verdict, const mc_cors_request *request,
                       mc_header lines[MC_CORS_LINES]);

#endif
