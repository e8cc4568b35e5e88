/* Circuit breakers of a snapshot's clusters: limits from the configuration, counts from the runtime. */
#include "engine/snapshot.h"

uint8_t mc_snapshot_take(const mc_snapshot *s, int32_t number, mc_routing_priority priority, mc_resource resource) {
  const mc_cluster *cluster = s->clusters[number];
  return mc_cluster_state_take(cluster->state, priority, resource, &cluster->members->thresholds[priority]);
}

void mc_snapshot_give(const mc_snapshot *s, int32_t number, mc_routing_priority priority, mc_resource resource,
                      uint8_t holder) {
  mc_cluster_state_give(s->clusters[number]->state, priority, resource, holder);
}

/* The cluster's limit is asked first, and given back where the host's own refuses; neither where the process has no
 * connection to the host yet. */
uint8_t mc_snapshot_take_connection(const mc_snapshot *s, int32_t number, int32_t endpoint,
                                    mc_routing_priority priority) {
  static const mc_thresholds none = {.max = {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX},
                                     .max_host_connections = UINT32_MAX};
  const mc_cluster *cluster = s->clusters[number];
  mc_cluster_state *state = cluster->state;
  mc_host_state *host = cluster->hosts[endpoint].state;
  mc_count *pooled = &host->pooled[priority];
  const bool first = mc_count_take(pooled, 1);
  const mc_thresholds *thresholds = first ? &none : &cluster->members->thresholds[priority];
  const mc_holder holder = mc_cluster_state_take(state, priority, MC_RESOURCE_CONNECTIONS, thresholds);
  if (holder && mc_host_state_take(host, &host->live->connections, thresholds->max_host_connections)) {
    if (!first) mc_count_take(pooled, UINT32_MAX);
    return holder;
  }
  if (first) atomic_fetch_sub_explicit(pooled, 1, memory_order_relaxed); /* of a process that may hold nothing */
  if (!holder) return 0;
  mc_cluster_state_give(state, priority, MC_RESOURCE_CONNECTIONS, holder);
  mc_counts_refuse(&cluster->live->counts[priority], MC_RESOURCE_CONNECTIONS);
  return 0;
}

void mc_snapshot_give_connection(const mc_snapshot *s, int32_t number, int32_t endpoint,
                                 mc_routing_priority priority, uint8_t holder) {
  const mc_cluster *cluster = s->clusters[number];
  mc_host_state *host = cluster->hosts[endpoint].state;
  if (mc_host_state_give(host, &host->live->connections, holder))
    atomic_fetch_sub_explicit(&host->pooled[priority], 1, memory_order_relaxed);
  mc_cluster_state_give(cluster->state, priority, MC_RESOURCE_CONNECTIONS, holder);
}

mc_usage mc_snapshot_usage(const mc_snapshot *s, int32_t number, mc_routing_priority priority, mc_resource resource) {
  const mc_cluster *cluster = s->clusters[number];
  return mc_counts_usage(&cluster->live->counts[priority], &cluster->members->thresholds[priority], resource);
}

uint32_t mc_snapshot_connections(const mc_snapshot *s, int32_t cluster, int32_t endpoint) {
  const mc_host_live *live = s->clusters[cluster]->hosts[endpoint].state->live;
  return (uint32_t)atomic_load_explicit(&live->connections, memory_order_relaxed);
}
