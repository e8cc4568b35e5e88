/* Changes of one cluster's hosts: a snapshot beside the one in force, which shares all that has not changed. */
#include <stdlib.h>
#include <string.h>

#include "engine/snapshot.h"
#include "outlier/detector.h"

/* A copy that shares everything, the clusters included. NULL: no memory. */
static mc_snapshot *copy(const mc_snapshot *old) {
  mc_snapshot *s = malloc(sizeof *s);
  mc_cluster **clusters = malloc((size_t)(old->cluster_count + 1) * sizeof *clusters);
  if (!s || !clusters) {
    free(s);
    free(clusters);
    return NULL;
  }
  *s = *old;
  s->clusters = clusters;
  memcpy(clusters, old->clusters, old->cluster_count * sizeof *clusters);
  atomic_fetch_add_explicit(s->sharers, 1, memory_order_relaxed);
  for (uint32_t i = 0; i < s->cluster_count; i++) mc_cluster_share(clusters[i]);
  return s;
}

/* Puts the cluster, whose share it takes in any case, into a copy. */
static mc_snapshot *with(const mc_snapshot *old, int32_t number, mc_cluster *cluster, mc_error *error) {
  mc_snapshot *s = copy(old);
  if (!s) {
    *error = (mc_error){.code = MC_NO_MEMORY, .message = "out of memory"};
    mc_cluster_release(cluster, old->runtime);
    return NULL;
  }
  mc_cluster_release(s->clusters[number], s->runtime);
  s->clusters[number] = cluster;
  s->reads_clock |= mc_cluster_reads_clock(cluster);
  mc_outlier_enforce(cluster->members, cluster->members->balance.now_ns);
  return s;
}

mc_snapshot *mc_snapshot_with_cluster(const mc_snapshot *old, int32_t number, const mc_cluster_spec *spec,
                                      uint64_t seed, mc_error *error) {
  if (number < 0 || (uint32_t)number >= old->cluster_count ||
      !mc_slice_equal(old->clusters[number]->name, spec->name)) {
    *error = (mc_error){.code = MC_INVALID, .message = "no cluster of that number and name"};
    return NULL;
  }
  mc_cluster *cluster = mc_cluster_new(spec, old->runtime, seed, error);
  return cluster ? with(old, number, cluster, error) : NULL;
}

mc_code mc_snapshot_refresh(const mc_snapshot *old, int32_t number, uint64_t now_ns, uint64_t seed,
                            mc_snapshot **out, mc_error *error) {
  const mc_cluster *stale = old->clusters[number];
  *out = NULL;
  mc_outlier_sweep(stale->state, now_ns);
  if (atomic_load_explicit(&stale->live->epoch, memory_order_relaxed) == stale->epoch) return MC_OK;
  mc_cluster *cluster = mc_cluster_anew(stale, old->runtime, now_ns, seed, error);
  if (cluster) *out = with(old, number, cluster, error);
  return *out ? MC_OK : error->code;
}

bool mc_snapshot_is_shared(const mc_snapshot *s) {
  return atomic_load_explicit(s->sharers, memory_order_relaxed) > 1;
}

void mc_snapshot_set_health(const mc_snapshot *s, int32_t cluster, int32_t endpoint, bool healthy) {
  mc_host_state_say(s->clusters[cluster]->hosts[endpoint].state, MC_FAILING_USER, !healthy);
}

bool mc_snapshot_check(const mc_snapshot *s, int32_t cluster, int32_t endpoint, mc_health health) {
  return mc_host_state_check(s->clusters[cluster]->hosts[endpoint].state, health);
}

mc_health mc_snapshot_health(const mc_snapshot *s, int32_t cluster, int32_t endpoint) {
  return mc_host_health(&s->clusters[cluster]->hosts[endpoint]);
}

uint32_t mc_snapshot_failing(const mc_snapshot *s, int32_t cluster, int32_t endpoint) {
  return (uint32_t)mc_host_state_said(s->clusters[cluster]->hosts[endpoint].state) & MC_FAILING;
}

bool mc_snapshot_has_traffic(const mc_snapshot *s, int32_t cluster) {
  return atomic_load_explicit(&s->clusters[cluster]->live->asked, memory_order_relaxed);
}

uint32_t mc_snapshot_drain(const mc_snapshot *s, int32_t cluster, int32_t endpoint, bool draining) {
  mc_host_state_say(s->clusters[cluster]->hosts[endpoint].state, MC_EXCLUDED_USER, draining);
  return mc_snapshot_active(s, cluster, endpoint);
}
