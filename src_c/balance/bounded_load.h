/* Consistent hashing with bounded loads: no host gets more than its part of a factor times the average load. */
#ifndef MC_BALANCE_BOUNDED_LOAD_H
#define MC_BALANCE_BOUNDED_LOAD_H

#include "balance/policy.h"

/* The member that the hash gave, or another one where that has too much to do. factor is in percent of the
 * average, not 0. */
uint32_t mc_bounded_load_pick(const mc_group *group, uint32_t factor, uint64_t hash, uint32_t member);

#endif
