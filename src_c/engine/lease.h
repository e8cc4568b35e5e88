/* What an attempt holds while it is under way: its endpoint (-1: it has none) and its cluster count it, as does the cluster's
 * limiter. Inlined into decisions. */
#ifndef MC_ENGINE_LEASE_H
#define MC_ENGINE_LEASE_H

#include "base/inlined.h"
#include "upstream/cluster.h"

/* 0: the cluster's max_requests, or its limiter, leaves no room, and nothing is held. */
MC_INLINED mc_holder mc_lease_begin(const mc_cluster *cluster, int32_t endpoint, mc_routing_priority priority,
                                    uint64_t now_ns) {
  if (cluster->limiter && !mc_concurrency_acquire(cluster->limiter, now_ns)) return 0;
  const mc_holder holder = mc_cluster_begin(cluster, endpoint, priority, cluster->max_requests[priority]);
  if (holder) return holder;
  if (cluster->limiter) mc_concurrency_leave(cluster->limiter);
  mc_counts_refuse(&cluster->live->counts[priority], MC_RESOURCE_REQUESTS);
  return 0;
}

MC_INLINED void mc_lease_end(const mc_cluster *cluster, int32_t endpoint, mc_routing_priority priority,
                             mc_holder holder) {
  if (cluster->limiter) mc_concurrency_leave(cluster->limiter);
  mc_cluster_end(cluster, endpoint, priority, holder);
}

/* Whether an attempt might begin now. */
MC_INLINED bool mc_lease_has_room(const mc_cluster *cluster, mc_routing_priority priority) {
  return mc_counts_used(&cluster->live->counts[priority], MC_RESOURCE_REQUESTS) < cluster->max_requests[priority] &&
         (!cluster->limiter || mc_concurrency_has_room(cluster->limiter));
}

#endif
