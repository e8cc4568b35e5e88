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
  uint32_t available, degraded_available; /* percents: a share of its hosts, overprovisioned */
  uint64_t locality_weight; /* of all that have hosts in the cluster, in this set or not */
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
  bool weighted_priority_health;     /* hosts count by their weights for what a priority can take */
} mc_host_set_options;

/* members: numbers of the cluster's hosts, NULL for all of them. localities are the cluster's; each host names
 * one of them, and that names the priority. MC_OK or MC_NO_MEMORY. */
mc_code mc_host_set_build(mc_host_set *set, const mc_host *hosts, const uint32_t *members, uint32_t count,
                          const mc_locality *localities, uint32_t locality_count,
                          const mc_host_set_options *options, mc_arena *arena);

/* The priority for a random number or a hash, and whether its degraded hosts are meant. The set has at least one
 * priority. */
const mc_priority *mc_host_set_choose_by_load(const mc_host_set *set, uint64_t number, bool *degraded);
/* The same, without a call where the first has all of the load, as almost always. */
static inline const mc_priority *mc_host_set_choose(const mc_host_set *set, uint64_t number, bool *degraded) {
  *degraded = false;
  return set->priorities->load >= 100 ? set->priorities : mc_host_set_choose_by_load(set, number, degraded);
}

/* A set of priorities; Envoy has no more than 128. Those beyond are in no set. */
typedef struct mc_priority_bits {
  uint64_t words[2];
} mc_priority_bits;

static inline void mc_priority_bits_add(mc_priority_bits *bits, uint32_t priority) {
  if (priority < 128) bits->words[priority / 64] |= UINT64_C(1) << priority % 64;
}

static inline bool mc_priority_bits_has(const mc_priority_bits *bits, uint32_t priority) {
  return priority < 128 && bits->words[priority / 64] >> priority % 64 & 1;
}

/* How available the priorities are that are not excluded, in percents, at most 100. */
uint32_t mc_host_set_available(const mc_host_set *set, const mc_priority_bits *excluded);
/* As mc_host_set_choose, of the priorities that are not excluded: among them the traffic is shared anew. Some of them
 * must be available. */
const mc_priority *mc_host_set_choose_without(const mc_host_set *set, const mc_priority_bits *excluded, uint64_t number,
                                              bool *degraded);

#endif
