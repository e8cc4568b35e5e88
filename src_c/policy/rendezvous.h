/* Weighted rendezvous hashing: a key picks one of several weighted destinations, and goes on picking it.
 *
 * Each destination makes of a key's hash and of its own name a number u in (0, 1), and the highest
 * score w / -ln(u) wins. So each gets its weight's share of the keys; and as no score hangs on the others,
 * a weight that is raised moves keys only towards it. Source: Wang, Mosharaf, Ravishankar, "Weighted
 * Rendezvous Hashing" (the logarithmic method; also in D. G. Thaler, C. V. Ravishankar, "Using Name-Based Mappings
 * to Increase Hit Rates", IEEE/ACM Transactions on Networking 6, 1998).
 *
 * All of it is whole numbers, so that every build picks the same. */
#ifndef MC_POLICY_RENDEZVOUS_H
#define MC_POLICY_RENDEZVOUS_H

#include "meshcore.h"

typedef struct mc_share {
  uint64_t name;   /* hash */
  uint32_t weight; /* 0: is never picked */
} mc_share;

/* -log2(u) in units of 2^-57, of which u is hash / 2^64; to within 2^-47. */
uint64_t mc_rendezvous_cost(uint64_t hash);

/* The hash of a key. The endpoint's hash, of the same text, has another seed. */
uint64_t mc_rendezvous_key(mc_slice key);

/* Names may repeat: each of them is another destination. MC_OK, MC_NO_MEMORY, or MC_INVALID where no weight
 * is above 0. */
mc_code mc_rendezvous_build(const mc_slice *names, const uint32_t *weights, uint32_t count, mc_share *out);

/* What a destination makes of a key's hash; the lowest cost in proportion to the weight wins. */
uint64_t mc_rendezvous_of(const mc_share *share, uint64_t key);

/* The number of the destination that a key's hash picks. */
uint32_t mc_rendezvous_pick(const mc_share *shares, uint32_t count, uint64_t key);

/* For people: w / -ln(u). */
double mc_rendezvous_score(const mc_share *share, uint64_t key);

#endif
