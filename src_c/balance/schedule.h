/* The turn of a group's members where their weights change from pick to pick: earliest deadline first, as Envoy's
 * EdfLoadBalancerBase does it. The heap makes this the one way of picking whose cost grows, with the logarithm of
 * the hosts, and that takes a lock. */
#ifndef MC_BALANCE_SCHEDULE_H
#define MC_BALANCE_SCHEDULE_H

#include "balance/policy.h"
#include "base/edf.h"

/* The weight of a member now, above 0; policy is what the caller handed in. */
typedef double (*mc_weigh)(const void *policy, const mc_group *group, uint32_t member, uint64_t now_ns);

typedef struct mc_schedule {
  atomic_flag lock; /* held for one step of the heap: a spin will do */
  mc_edf edf;
} mc_schedule;

/* Room for all members, in the arena; start it next. MC_OK or MC_NO_MEMORY. */
mc_code mc_schedule_build(mc_schedule *schedule, const mc_group *group, mc_arena *arena, mc_error *error);

void mc_schedule_lock(mc_schedule *schedule);
void mc_schedule_unlock(mc_schedule *schedule);

/* Puts the members in their places anew, as they would be after a random time. Under the lock, if there is more
 * than one thread. */
void mc_schedule_start(mc_schedule *schedule, const mc_group *group, uint64_t random, mc_weigh weigh,
                       const void *policy, uint64_t now_ns);

/* Whose turn it is; unless the pick peeks, its next turn is by its weight now. */
uint32_t mc_schedule_next(mc_schedule *schedule, const mc_group *group, const mc_pick *pick, mc_weigh weigh,
                          const void *policy);

#endif
