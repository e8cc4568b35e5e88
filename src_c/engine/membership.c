/* Changes of one cluster's hosts: a snapshot beside the one in force, which shares all that has not changed. */
#include <stdlib.h>
#include <string.h>

#include "engine/snapshot.h"

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

mc_snapshot *mc_snapshot_with_cluster(const mc_snapshot *old, int32_t number, const mc_cluster_spec *spec,
                                      uint64_t seed, mc_error *error) {
  if (number < 0 || (uint32_t)number >= old->cluster_count ||
      !mc_slice_equal(old->clusters[number]->name, spec->name)) {
    *error = (mc_error){.code = MC_INVALID, .message = "no cluster of that number and name"};
    return NULL;
  }
  mc_cluster *cluster = mc_cluster_new(spec, old->runtime, seed, error);
  if (!cluster) return NULL;
  mc_snapshot *s = copy(old);
  if (!s) {
    *error = (mc_error){.code = MC_NO_MEMORY, .message = "out of memory"};
    mc_cluster_release(cluster, old->runtime);
    return NULL;
  }
  mc_cluster_release(s->clusters[number], s->runtime);
  s->clusters[number] = cluster;
  return s;
}

bool mc_snapshot_is_shared(const mc_snapshot *s) {
  return atomic_load_explicit(s->sharers, memory_order_relaxed) > 1;
}

void mc_snapshot_set_health(const mc_snapshot *s, int32_t cluster, int32_t endpoint, bool healthy) {
  atomic_uint_fast32_t *failing = &s->clusters[cluster]->hosts[endpoint].state->failing;
  if (healthy) {
    atomic_fetch_and_explicit(failing, ~(uint_fast32_t)MC_FAILING_USER, memory_order_relaxed);
  } else {
    atomic_fetch_or_explicit(failing, MC_FAILING_USER, memory_order_relaxed);
  }
}
