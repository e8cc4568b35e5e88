/* Descriptors of a request, which rate limits go by: Envoy's config.route.v3.RateLimit and its actions
 * (source/common/router/router_ratelimit.cc and extensions/filters/common/ratelimit_config).
 *
 * Values are what the request says, where they can be; what has to be written (a masked address, a decoded parameter)
 * lies in the scratch. Time is linear in the request, for each descriptor. */
#ifndef MC_POLICY_DESCRIPTORS_H
#define MC_POLICY_DESCRIPTORS_H

#include "edit/format.h"
#include "match/predicates.h"

typedef struct mc_entry_maker {
  mc_entry_source source;
  bool optional, empty, expect_match;
  uint8_t v4_bits, v6_bits;
  mc_slice key, value, name;
  mc_header_source header; /* MC_ENTRY_HEADER, */
  uint16_t slot;           /* and the cookie lines of MC_ENTRY_COOKIE */
  mc_predicates *matchers; /* of headers or query parameters */
  mc_predicate_slots fixed;
} mc_entry_maker;

typedef struct mc_descriptor_maker {
  mc_entry_maker *entries;
  uint32_t count, stage;
  bool gives_back, global_only, excess_counts;
  mc_fraction share;
  mc_said tells;
  mc_number hits;
  mc_format hits_format; /* count 0: none */
} mc_descriptor_maker;

typedef struct mc_descriptor_makers {
  mc_descriptor_maker *at;
  uint32_t count;
} mc_descriptor_makers;

/* What the request's bytes do not say. */
typedef struct mc_routed {
  bool forwarded; /* its route forwards: otherwise there is no cluster */
  mc_slice cluster, route;
  mc_labels labels; /* the route's */
} mc_routed;

/* Compiles into the arena. Clear it even after a failed build. */
mc_code mc_descriptors_build(mc_descriptor_makers *out, const mc_descriptors_spec *spec, mc_slots *slots,
                             mc_arena *arena, mc_error *error);
void mc_descriptors_clear(mc_descriptor_makers *makers);

/* What makes the only entry of the only descriptor there is, where that is the value of a header and nothing else about the
 * descriptor hangs on the request; otherwise NULL. */
const mc_entry_maker *mc_descriptors_header(const mc_descriptor_makers *makers);

/* False: the request has no such descriptor, or memory is out (input->no_memory). */
bool mc_descriptor_make(const mc_descriptor_maker *maker, const mc_routed *routed, mc_input *input,
                        mc_descriptor *out);

#endif
