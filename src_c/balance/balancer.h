/* A cluster's balancer: priority first, then locality, then the policy's choice of a host. The steps are those
 * of Envoy (source/extensions/load_balancing_policies/common/load_balancer_impl.cc, thread_aware_lb_impl.cc).
 * Immutable but for what policies count. */
#ifndef MC_BALANCE_BALANCER_H
#define MC_BALANCE_BALANCER_H

#include "balance/zone_aware.h"

/* The groups of one priority that a request can end in. */
typedef struct mc_tier {
  mc_group healthy; /* all hosts in panic; for policies that hash, weighted by locality */
  mc_group degraded;
  mc_group *healthy_in, *degraded_in; /* by locality of the priority; NULL where it does not count */
  double healthy_weight, degraded_weight; /* sums over the localities; 0 where they are not weighted */
  atomic_uint_fast64_t turn;              /* of the localities */
} mc_tier;

typedef struct mc_balancer {
  mc_host_set set;
  const mc_policy *policy;
  mc_tier *tiers; /* by priority */
  mc_zone zone;   /* of the first */
  bool locality_weighted, fail_traffic_on_panic;
  bool reads_clock; /* picks hang on now_ns */
  mc_load_options load;
} mc_balancer;

/* For the members of a cluster (NULL: all its hosts). Clear it even after a failed build. */
mc_code mc_balancer_build(mc_balancer *balancer, const mc_balance_spec *spec, const mc_host *hosts,
                          const uint32_t *members, uint32_t count, const mc_locality *localities,
                          uint32_t locality_count, uint64_t turn, mc_arena *arena, mc_error *error);
void mc_balancer_clear(mc_balancer *balancer);

/* Tells the policy how an attempt at a host went. By many threads at once. */
void mc_balancer_report(const mc_balancer *balancer, mc_host_state *state, const mc_report *report);

/* The number of a host in the cluster, or -1 where none can be used. */
int32_t mc_balancer_pick(const mc_balancer *balancer, mc_pick *pick);

#endif
