/* Clusters as snapshots share them. */
#include <stdlib.h>

#include "base/rng.h"
#include "engine/snapshot.h"

static mc_code fill(mc_cluster *cluster, const mc_cluster_spec *spec, mc_runtime *runtime) {
  mc_runtime_lock(runtime);
  mc_code code = mc_cluster_fill(cluster, spec, runtime);
  mc_runtime_unlock(runtime);
  return code;
}

static mc_code build(mc_cluster *cluster, const mc_cluster_spec *spec, mc_runtime *runtime, uint64_t seed,
                     mc_error *error) {
  *error = (mc_error){.code = MC_NO_MEMORY, .message = "out of memory"};
  cluster->arena = mc_arena_new();
  if (!cluster->arena) return MC_NO_MEMORY;
  cluster->balancer = mc_arena_alloc(cluster->arena, 1, sizeof *cluster->balancer);
  if (!cluster->balancer || fill(cluster, spec, runtime)) return MC_NO_MEMORY;
  mc_balance_spec balance = spec->balance;
  if (spec->subsets) balance.locality_weighted &= spec->subsets->locality_weight_aware; /* of any subset */
  mc_code code = mc_balancer_build(cluster->balancer, &balance, cluster->hosts, NULL, cluster->host_count,
                                   cluster->localities, cluster->locality_count, seed, cluster->arena, error);
  if (code || !spec->subsets) return code;
  cluster->subsets = mc_arena_alloc(cluster->arena, 1, sizeof *cluster->subsets);
  if (!cluster->subsets) return MC_NO_MEMORY;
  return mc_subsets_build(cluster->subsets, spec->subsets, &balance, cluster, mc_mix64(seed), error);
}

mc_cluster *mc_cluster_new(const mc_cluster_spec *spec, mc_runtime *runtime, uint64_t seed, mc_error *error) {
  mc_cluster *cluster = calloc(1, sizeof *cluster);
  if (!cluster) {
    *error = (mc_error){.code = MC_NO_MEMORY, .message = "out of memory"};
    return NULL;
  }
  atomic_init(&cluster->references, 1);
  if (!build(cluster, spec, runtime, seed, error)) return cluster;
  mc_cluster_release(cluster, runtime);
  return NULL;
}

void mc_cluster_share(mc_cluster *cluster) {
  atomic_fetch_add_explicit(&cluster->references, 1, memory_order_relaxed);
}

void mc_cluster_release(mc_cluster *cluster, mc_runtime *runtime) {
  if (atomic_fetch_sub_explicit(&cluster->references, 1, memory_order_acq_rel) > 1) return;
  if (cluster->subsets) mc_subsets_clear(cluster->subsets);
  if (cluster->balancer) mc_balancer_clear(cluster->balancer);
  mc_runtime_lock(runtime);
  mc_cluster_clear(cluster, runtime);
  mc_runtime_unlock(runtime);
  mc_arena_free(cluster->arena);
  free(cluster);
}
