/* Sticky splits: what of a request keeps it at its weighted destination. */
#ifndef MC_POLICY_STICKY_H
#define MC_POLICY_STICKY_H

#include "match/predicates.h"
#include "policy/cookie.h"
#include "policy/rendezvous.h"

typedef struct mc_sticky {
  mc_hash_kind kind;
  mc_header_source source; /* MC_HASH_HEADER */
  uint16_t slot;           /* MC_HASH_HEADER, MC_HASH_COOKIE */
  mc_slice name;
  mc_cookie *cookie; /* given where the request has none; NULL: none is given */
  mc_share *shares;
  uint32_t count;
} mc_sticky;

/* Compiles into the arena; NULL in *out where there is no spec. MC_LIMIT: too many header names. */
mc_code mc_sticky_build(mc_sticky **out, const mc_sticky_spec *spec, const mc_weighted_cluster_spec *clusters,
                        uint32_t count, mc_slots *slots, mc_arena *arena);

/* What the request says; absent or empty: nothing. */
mc_slice mc_sticky_value(const mc_sticky *sticky, mc_input *input);

/* The number of the cookie that a request without one gets. */
uint64_t mc_sticky_cookie_number(uint64_t seed);

#endif
