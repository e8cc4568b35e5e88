#include "balance/schedule.h"

#include <math.h>

#include "base/refuse.h"

mc_code mc_schedule_build(mc_schedule *schedule, const mc_group *group, mc_arena *arena, mc_error *error) {
  atomic_flag_clear(&schedule->lock);
  schedule->edf.entries = mc_arena_alloc(arena, group->members.count, sizeof *schedule->edf.entries);
  return schedule->edf.entries ? MC_OK : mc_no_memory(error);
}

void mc_schedule_lock(mc_schedule *schedule) {
  while (atomic_flag_test_and_set_explicit(&schedule->lock, memory_order_acquire)) {
  }
}

void mc_schedule_unlock(mc_schedule *schedule) { atomic_flag_clear_explicit(&schedule->lock, memory_order_release); }

void mc_schedule_start(mc_schedule *schedule, const mc_group *group, uint64_t random, mc_weigh weigh,
                       const void *policy, uint64_t now_ns) {
  double begun = (double)(random >> 11) * 0x1p-53; /* by whole weights, a period is 1 */
  schedule->edf.count = 0;
  for (uint32_t i = 0; i < group->members.count; i++) {
    double weight = weigh(policy, group, i, now_ns);
    mc_edf_add(&schedule->edf, i, (floor(begun * weight) + 1) / weight);
  }
}

uint32_t mc_schedule_next(mc_schedule *schedule, const mc_group *group, const mc_pick *pick, mc_weigh weigh,
                          const void *policy) {
  mc_schedule_lock(schedule);
  mc_edf_entry first = *mc_edf_first(&schedule->edf);
  if (!pick->peek) {
    mc_edf_postpone(&schedule->edf, first.deadline + 1 / weigh(policy, group, first.member, pick->now_ns));
  }
  mc_schedule_unlock(schedule);
  return first.member;
}
