/* Clusters as snapshots share them. */
#include <stdlib.h>

#include "base/rng.h"
#include "engine/snapshot.h"
#include "outlier/detector.h"

static mc_cluster *no_memory(mc_error *error) {
  *error = (mc_error){.code = MC_NO_MEMORY, .message = "out of memory"};
  return NULL;
}

static mc_code build(mc_cluster *cluster, const mc_subsets_spec *subsets, uint64_t now_ns, uint64_t seed,
                     mc_error *error) {
  mc_balance_spec balance = cluster->members->balance;
  balance.now_ns = now_ns;
  if (subsets) balance.locality_weighted &= subsets->locality_weight_aware; /* of any subset */
  mc_code code = mc_balancer_build(cluster->balancer, &balance, cluster->hosts, NULL, cluster->host_count,
                                   cluster->localities, cluster->locality_count, seed, cluster->arena, error);
  if (code || !subsets) return code;
  cluster->subsets = mc_arena_alloc(cluster->arena, 1, sizeof *cluster->subsets);
  if (!cluster->subsets) return MC_NO_MEMORY;
  return mc_subsets_build(cluster->subsets, subsets, &balance, cluster, mc_mix64(seed), error);
}

/* A balancer over the members, whose share it takes in any case. */
static mc_cluster *over(mc_members *members, const mc_subsets_spec *subsets, mc_runtime *runtime, uint64_t now_ns,
                        uint64_t seed, mc_error *error) {
  no_memory(error);
  mc_cluster *cluster = calloc(1, sizeof *cluster);
  if (!cluster) {
    mc_runtime_lock(runtime);
    mc_members_release(members, runtime);
    mc_runtime_unlock(runtime);
    return NULL;
  }
  atomic_init(&cluster->references, 1);
  cluster->alone = mc_runtime_alone(runtime);
  mc_cluster_take(cluster, members, now_ns);
  cluster->arena = mc_arena_new();
  if (cluster->arena) cluster->balancer = mc_arena_alloc(cluster->arena, 1, sizeof *cluster->balancer);
  if (cluster->balancer && !build(cluster, subsets, now_ns, seed, error)) return cluster;
  mc_cluster_release(cluster, runtime);
  return NULL;
}

mc_cluster *mc_cluster_new(const mc_cluster_spec *spec, mc_runtime *runtime, uint64_t seed, mc_error *error) {
  mc_runtime_lock(runtime);
  mc_members *members = mc_members_new(spec, runtime);
  if (members && spec->outlier && mc_outlier_prepare(members, spec->outlier, mc_mix64(~seed))) {
    mc_members_release(members, runtime);
    members = NULL;
  }
  mc_runtime_unlock(runtime);
  if (!members) return no_memory(error);
  return over(members, spec->subsets, runtime, spec->balance.now_ns, seed, error);
}

mc_cluster *mc_cluster_anew(const mc_cluster *old, mc_runtime *runtime, uint64_t now_ns, uint64_t seed,
                            mc_error *error) {
  mc_members_share(old->members);
  return over(old->members, old->subsets ? &old->subsets->spec : NULL, runtime, now_ns, seed, error);
}

mc_labels mc_cluster_subset(const mc_cluster *cluster, int32_t subset) {
  const mc_subsets *subsets = cluster->subsets;
  return subset == MC_SUBSET_DEFAULT ? subsets->spec.default_labels : subsets->at[subset].labels;
}

mc_slice mc_cluster_address(const mc_cluster *cluster, int32_t endpoint) { return cluster->hosts[endpoint].address; }

bool mc_cluster_reads_clock(const mc_cluster *cluster) {
  return cluster->balancer->reads_clock || cluster->members->outlier || cluster->limiter;
}

void mc_cluster_share(mc_cluster *cluster) {
  atomic_fetch_add_explicit(&cluster->references, 1, memory_order_relaxed);
}

void mc_cluster_release(mc_cluster *cluster, mc_runtime *runtime) {
  if (atomic_fetch_sub_explicit(&cluster->references, 1, memory_order_acq_rel) > 1) return;
  if (cluster->subsets) mc_subsets_clear(cluster->subsets);
  if (cluster->balancer) mc_balancer_clear(cluster->balancer);
  mc_runtime_lock(runtime);
  mc_members_release(cluster->members, runtime);
  mc_runtime_unlock(runtime);
  mc_arena_free(cluster->arena);
  free(cluster);
}
