#include "upstream/holding.h"

#include "shared/held.h"
#include "shared/reclaim.h"

enum { HOST_COUNTS = 2, CLUSTER_COUNTS = MC_ROUTING_PRIORITIES * MC_RESOURCES };

static mc_held held_of_cluster(const mc_cluster_state *cluster, mc_routing_priority priority, mc_resource resource) {
  return (mc_held){.word = &cluster->live->counts[priority].used[resource],
                   .columns = cluster->columns + (uint32_t)priority * MC_RESOURCES + (uint32_t)resource,
                   .stride = CLUSTER_COUNTS,
                   .owners = cluster->shared->workers};
}

static mc_held held_of_host(const mc_host_state *host, mc_count *count) {
  return (mc_held){.word = count,
                   .columns = host->columns + (count - &host->live->active),
                   .stride = HOST_COUNTS,
                   .owners = host->cluster->shared->workers};
}

/* What is refused is asked for once more where one of those who hold it has died. */
static mc_holder take(mc_shared *shared, const mc_held *held, uint32_t limit) {
  const uint32_t slot = atomic_load_explicit(&shared->slot, memory_order_relaxed);
  bool taken = mc_held_take(held, slot, limit);
  if (!taken ? mc_shared_look_for_dead(shared) : mc_shared_now_and_then(shared) && mc_shared_look_for_dead(shared))
    taken = taken || mc_held_take(held, slot, limit);
  return taken ? (mc_holder)slot : 0;
}

/* What a parent of this process took stays the parent's. */
static bool give(mc_shared *shared, const mc_held *held, mc_holder holder) {
  const uint32_t slot = atomic_load_explicit(&shared->slot, memory_order_relaxed);
  return holder == slot && mc_held_give(held, slot);
}

mc_holder mc_cluster_state_take(mc_cluster_state *cluster, mc_routing_priority priority, mc_resource resource,
                                const mc_thresholds *thresholds) {
  mc_breaker_counts *counts = &cluster->live->counts[priority];
  const uint32_t limit = mc_counts_limit(counts, thresholds, resource);
  mc_holder holder;
  if (cluster->shared) {
    const mc_held held = held_of_cluster(cluster, priority, resource);
    holder = take(cluster->shared, &held, limit);
  } else {
    holder = mc_count_take(&counts->used[resource], limit) ? MC_HELD_HERE : 0;
  }
  if (!holder) mc_counts_refuse(counts, resource);
  return holder;
}

void mc_cluster_state_give(mc_cluster_state *cluster, mc_routing_priority priority, mc_resource resource,
                           mc_holder holder) {
  if (!cluster->shared) {
    mc_counts_give(&cluster->live->counts[priority], resource);
    return;
  }
  const mc_held held = held_of_cluster(cluster, priority, resource);
  give(cluster->shared, &held, holder);
}

mc_holder mc_host_state_take(mc_host_state *host, mc_count *count, uint32_t limit) {
  if (!host->cluster->shared) return mc_count_take(count, limit) ? MC_HELD_HERE : 0;
  const mc_held held = held_of_host(host, count);
  return take(host->cluster->shared, &held, limit);
}

bool mc_host_state_give(mc_host_state *host, mc_count *count, mc_holder holder) {
  if (!host->cluster->shared) {
    atomic_fetch_sub_explicit(count, 1, memory_order_relaxed);
    return true;
  }
  const mc_held held = held_of_host(host, count);
  return give(host->cluster->shared, &held, holder);
}

mc_holder mc_shared_request_begin(mc_cluster_state *cluster, mc_host_state *host, mc_routing_priority priority,
                                  uint32_t limit) {
  const mc_held requests = held_of_cluster(cluster, priority, MC_RESOURCE_REQUESTS);
  const mc_holder holder = take(cluster->shared, &requests, limit);
  if (!holder || !host) return holder;
  const mc_held active = held_of_host(host, &host->live->active);
  mc_held_take(&active, holder, UINT32_MAX);
  if (!atomic_load_explicit(&cluster->live->asked, memory_order_relaxed)) {
    atomic_store_explicit(&cluster->live->asked, true, memory_order_relaxed);
  }
  return holder;
}

void mc_shared_request_end(mc_cluster_state *cluster, mc_host_state *host, mc_routing_priority priority,
                           mc_holder holder) {
  const mc_held requests = held_of_cluster(cluster, priority, MC_RESOURCE_REQUESTS);
  if (host) {
    const mc_held active = held_of_host(host, &host->live->active);
    give(cluster->shared, &active, holder);
  }
  give(cluster->shared, &requests, holder);
}
