/* The hosts of a cluster, or of one of its subsets, sorted by priority, health and locality; and how much
 * of the traffic each priority gets. As Envoy computes it (source/extensions/load_balancing_policies/common/
 * load_balancer_impl.cc; documentation: "Priority levels", "Panic threshold", "Locality weighted load
 * balancing"). Immutable: a change of health or membership makes another one. */
#ifndef MC_UPSTREAM_HOST_SET_H
#define MC_UPSTREAM_HOST_SET_H

#include "base/arena.h"
#include "upstream/host.h"

/* Numbers of hosts in the cluster. */
typedef struct mc_hosts {
  const uint32_t *at;
  uint32_t count;
} mc_hosts;

/* The hosts of one locality within one priority. A weight is what the locality was given, scaled down by
 * what of it is available; 0: nothing goes there. */
typedef struct mc_locality_hosts {
  uint32_t locality; /* number in the cluster */
  mc_hosts all, healthy, degraded;
  uint32_t weight;
  double healthy_weight, degraded_weight;
} mc_locality_hosts;

typedef struct mc_priority {
  mc_hosts all, healthy, degraded;
  uint32_t excluded; /* hosts that count nowhere: those that are draining */
  mc_locality_hosts *localities;
  uint32_t locality_count;
  uint32_t load, degraded_load; /* percents of the traffic; all of them add up to 100 */
  bool panic;                   /* too few are available: all hosts are used */
} mc_priority;

typedef struct mc_host_set {
  mc_priority *priorities;
  uint32_t count;
} mc_host_set;

/* What of a cluster's options decides about priorities. */
typedef struct mc_host_set_options {
  uint32_t panic_percent;            /* of healthy and degraded hosts, below which a priority panics; 0: never */
  uint32_t overprovisioning_percent; /* 140: a priority is full while 72 % of it are available */
} mc_host_set_options;

/* members: numbers of the cluster's hosts, NULL for all of them. localities are the cluster's; each host names
 * one of them, and that names the priority. MC_OK or MC_NO_MEMORY. */
mc_code mc_host_set_build(mc_host_set *set, const mc_host *hosts, const uint32_t *members, uint32_t count,
                          const mc_locality *localities, uint32_t locality_count,
                          const mc_host_set_options *options, mc_arena *arena);

/* The priority for a random number or a hash, and whether its degraded hosts are meant. The set has at least one
 * priority. */
const mc_priority *mc_host_set_choose(const mc_host_set *set, uint64_t number, bool *degraded);

#endif
