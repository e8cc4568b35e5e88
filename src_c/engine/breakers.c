/* Circuit breakers of a snapshot's clusters: limits from the configuration, counts from the runtime. */
#include "engine/snapshot.h"

static mc_breaker_counts *counts_of(const mc_cluster *cluster, mc_routing_priority priority) {
  return &cluster->state->counts[priority];
}

bool mc_snapshot_take(const mc_snapshot *s, int32_t number, mc_routing_priority priority, mc_resource resource) {
  const mc_cluster *cluster = s->clusters[number];
  return mc_counts_take(counts_of(cluster, priority), &cluster->members->thresholds[priority], resource);
}

void mc_snapshot_give(const mc_snapshot *s, int32_t number, mc_routing_priority priority, mc_resource resource) {
  mc_counts_give(counts_of(s->clusters[number], priority), resource);
}

static void add(atomic_uint_fast32_t *count) { atomic_fetch_add_explicit(count, 1, memory_order_relaxed); }

static void subtract(atomic_uint_fast32_t *count) { atomic_fetch_sub_explicit(count, 1, memory_order_relaxed); }

/* The cluster's limit is asked first, and given back where the host's own refuses. */
bool mc_snapshot_take_connection(const mc_snapshot *s, int32_t number, int32_t endpoint,
                                 mc_routing_priority priority) {
  const mc_cluster *cluster = s->clusters[number];
  const mc_thresholds *thresholds = &cluster->members->thresholds[priority];
  mc_host_state *host = cluster->hosts[endpoint].state;
  mc_breaker_counts *counts = counts_of(cluster, priority);
  uint_fast32_t none = 0;
  if (atomic_compare_exchange_strong_explicit(&host->pooled[priority], &none, 1, memory_order_relaxed,
                                              memory_order_relaxed)) {
    add(&host->connections);
    add(&counts->used[MC_RESOURCE_CONNECTIONS]);
    return true;
  }
  if (!mc_counts_take(counts, thresholds, MC_RESOURCE_CONNECTIONS)) return false;
  if (mc_count_take(&host->connections, thresholds->max_host_connections)) {
    add(&host->pooled[priority]);
    return true;
  }
  mc_counts_give(counts, MC_RESOURCE_CONNECTIONS);
  return mc_counts_refuse(counts, MC_RESOURCE_CONNECTIONS);
}

void mc_snapshot_give_connection(const mc_snapshot *s, int32_t number, int32_t endpoint,
                                 mc_routing_priority priority) {
  const mc_cluster *cluster = s->clusters[number];
  mc_host_state *host = cluster->hosts[endpoint].state;
  subtract(&host->pooled[priority]);
  subtract(&host->connections);
  mc_counts_give(counts_of(cluster, priority), MC_RESOURCE_CONNECTIONS);
}

mc_usage mc_snapshot_usage(const mc_snapshot *s, int32_t number, mc_routing_priority priority, mc_resource resource) {
  const mc_cluster *cluster = s->clusters[number];
  return mc_counts_usage(counts_of(cluster, priority), &cluster->members->thresholds[priority], resource);
}

uint32_t mc_snapshot_connections(const mc_snapshot *s, int32_t cluster, int32_t endpoint) {
  const mc_host_state *state = s->clusters[cluster]->hosts[endpoint].state;
  return (uint32_t)atomic_load_explicit(&state->connections, memory_order_relaxed);
}
