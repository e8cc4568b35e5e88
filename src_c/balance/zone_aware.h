/* Zone aware routing: as much of the traffic as is fair stays in the locality of whoever asks. What the others
 * of its kind send is reckoned from where they are. As Envoy does it (source/extensions/load_balancing_policies/
 * common/load_balancer_impl.cc; documentation: "Zone aware routing"). Of the first priority only. Immutable. */
#ifndef MC_BALANCE_ZONE_AWARE_H
#define MC_BALANCE_ZONE_AWARE_H

#include "balance/policy.h"

typedef struct mc_zone {
  bool on;
  bool direct;        /* all stays in the own locality */
  bool peers_panic;   /* too few of our own kind are well for the reckoning to hold */
  uint32_t percent;   /* of requests that are routed by zone */
  uint32_t kept;      /* of 10000: what stays in the own locality, the first in the order */
  uint32_t count;
  uint32_t *order;    /* places among the localities of the priority */
  uint64_t *residual; /* sums of what each can take of what does not stay */
} mc_zone;

enum { MC_ZONE_ANYWHERE = -1, MC_ZONE_NOWHERE = -2 };

/* For the first priority; spec NULL: off. MC_OK or MC_NO_MEMORY. */
mc_code mc_zone_build(mc_zone *zone, const mc_zone_spec *spec, uint32_t panic_percent, const mc_priority *priority,
                      const mc_host *hosts, const mc_locality *localities, mc_arena *arena);

/* The place of a locality in the priority; or anywhere, or nowhere where fail_on_panic says so. The zone is on. */
int32_t mc_zone_choose(const mc_zone *zone, bool fail_on_panic, mc_pick *pick);

#endif
