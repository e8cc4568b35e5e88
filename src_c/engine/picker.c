/* One balancer without a snapshot: a cluster with a runtime of its own. */
#include <stdlib.h>

#include "base/hash.h"
#include "engine/snapshot.h"

struct mc_picker {
  mc_runtime *runtime;
  mc_cluster *cluster;
};

mc_picker *mc_picker_new(const mc_cluster_spec *spec, uint64_t seed, mc_error *error) {
  mc_picker *picker = calloc(1, sizeof *picker);
  *error = (mc_error){.code = MC_NO_MEMORY, .message = "out of memory"};
  if (!picker) return NULL;
  picker->runtime = mc_runtime_new();
  if (picker->runtime) picker->cluster = mc_cluster_new(spec, picker->runtime, seed, error);
  if (picker->cluster) return picker;
  mc_picker_free(picker);
  return NULL;
}

void mc_picker_free(mc_picker *picker) {
  if (!picker) return;
  if (picker->cluster) mc_cluster_release(picker->cluster, picker->runtime);
  mc_runtime_free(picker->runtime);
  free(picker);
}

int32_t mc_picker_pick(const mc_picker *picker, uint64_t seed, uint64_t now_ns) {
  mc_pick pick = {.draws = seed, .now_ns = now_ns};
  pick.hash = mc_pick_draw(&pick);
  return mc_balancer_pick(picker->cluster->balancer, &pick);
}

int32_t mc_picker_pick_key(const mc_picker *picker, mc_slice key) {
  mc_pick pick = {.hash = mc_xxh64(key.data, key.size, 0)};
  return mc_balancer_pick(picker->cluster->balancer, &pick);
}

void mc_picker_pick_keys(const mc_picker *picker, const mc_slice *keys, uint32_t count, int32_t *hosts) {
  for (uint32_t i = 0; i < count; i++) hosts[i] = mc_picker_pick_key(picker, keys[i]);
}

void mc_picker_begin(mc_picker *picker, int32_t host) {
  mc_cluster_begin(picker->cluster, host, MC_ROUTING_DEFAULT, UINT32_MAX);
}

/* Counts down to 0 and no further, since callers of a component make mistakes. */
bool mc_picker_done(mc_picker *picker, int32_t host) {
  const mc_cluster *cluster = picker->cluster;
  mc_counter *counter = mc_counter_at(&cluster->active, (uint32_t)host);
  unsigned active = atomic_load_explicit(counter, memory_order_relaxed);
  while (active) {
    if (atomic_compare_exchange_weak_explicit(counter, &active, active - 1, memory_order_relaxed,
                                              memory_order_relaxed)) {
      mc_counts_give(&cluster->live->counts[MC_ROUTING_DEFAULT], MC_RESOURCE_REQUESTS);
      return true;
    }
  }
  return false;
}

uint32_t mc_picker_active(const mc_picker *picker, int32_t host) {
  return mc_counter_value(&picker->cluster->active, (uint32_t)host);
}

void mc_picker_report(mc_picker *picker, int32_t host, const mc_report *report) {
  mc_balancer_report(picker->cluster->balancer, picker->cluster->hosts[host].state, report);
}
