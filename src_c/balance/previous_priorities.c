#include "balance/previous_priorities.h"

void mc_previous_priorities_note(mc_previous_priorities *previous, uint32_t priority) {
  previous->attempts++;
  mc_priority_bits_add(&previous->tried, priority);
}

const mc_priority *mc_previous_priorities_choose(mc_previous_priorities *previous, const mc_host_set *set,
                                                 uint64_t number, bool *degraded) {
  static const mc_priority_bits none = {{0}};
  if (!previous->frequency || previous->attempts < previous->frequency) return mc_host_set_choose(set, number, degraded);
  if (previous->attempts % previous->frequency == 0) {
    previous->excluded = previous->tried;
    if (!mc_host_set_available(set, &previous->excluded)) { /* all of them: begin again */
      previous->excluded = previous->tried = none;
      previous->attempts = 0;
    }
  }
  if (!mc_host_set_available(set, &previous->excluded)) return mc_host_set_choose(set, number, degraded);
  return mc_host_set_choose_without(set, &previous->excluded, number, degraded);
}
