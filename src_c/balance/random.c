/* Random: any host, whatever its weight (Envoy documentation, "Supported load balancers > Random"). */
#include "balance/policy.h"

extern const mc_policy mc_random;

static uint32_t pick(const mc_group *group, mc_pick *pick) { return mc_pick_below(pick, group->members.count); }

const mc_policy mc_random = {.name = "random", .pick = pick};
