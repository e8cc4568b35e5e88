/* Slow start: a host that is new gets less at first (Envoy documentation, "Slow start mode"). */
#ifndef MC_BALANCE_SLOW_START_H
#define MC_BALANCE_SLOW_START_H

#include "balance/policy.h"

/* What a host's weight is multiplied by now; above 0, and 1 where it is not in slow start. */
double mc_slow_start_factor(const mc_load_options *options, const mc_host *host, uint64_t now_ns);

/* When the last of the group's hosts leaves slow start; 0: none is in it. */
uint64_t mc_slow_start_end(const mc_load_options *options, const mc_group *group);

#endif
