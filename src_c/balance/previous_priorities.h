/* Retries that leave out the priorities which were tried already, as Envoy's previous_priorities does it
 * (source/extensions/retry/priority/previous_priorities). */
#ifndef MC_BALANCE_PREVIOUS_PRIORITIES_H
#define MC_BALANCE_PREVIOUS_PRIORITIES_H

#include "upstream/host_set.h"

typedef struct mc_previous_priorities {
  uint32_t frequency; /* attempts after which what was tried is left out; 0: never */
  uint32_t attempts;  /* since all priorities were last left out */
  mc_priority_bits tried, excluded;
} mc_previous_priorities;

/* An attempt goes to a host of that priority. */
void mc_previous_priorities_note(mc_previous_priorities *previous, uint32_t priority);

/* As mc_host_set_choose, for the next attempt. */
const mc_priority *mc_previous_priorities_choose(mc_previous_priorities *previous, const mc_host_set *set,
                                                 uint64_t number, bool *degraded);

#endif
