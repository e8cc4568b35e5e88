#include "upstream/cluster.h"

mc_code mc_cluster_build(mc_cluster *cluster, const mc_cluster_spec *spec, mc_runtime *runtime, uint64_t seed,
                         mc_arena *arena) {
  bool ok = true;
  cluster->name = mc_arena_copy(arena, spec->name, &ok);
  cluster->hosts = mc_arena_alloc(arena, spec->endpoint_count, sizeof *cluster->hosts);
  cluster->state = mc_runtime_cluster(runtime, spec->name, seed);
  if (!ok || !cluster->hosts || !cluster->state) return MC_NO_MEMORY;
  for (uint32_t i = 0; i < spec->endpoint_count; i++) {
    mc_host *host = &cluster->hosts[i];
    host->address = mc_arena_copy(arena, spec->endpoints[i].address, &ok);
    host->hostname = mc_arena_copy(arena, spec->endpoints[i].hostname, &ok);
    host->state = mc_runtime_host(cluster->state, spec->endpoints[i].address);
    if (!ok || !host->state) return MC_NO_MEMORY;
    cluster->host_count = i + 1;
  }
  return MC_OK;
}

void mc_cluster_clear(mc_cluster *cluster, mc_runtime *runtime) {
  for (uint32_t i = 0; i < cluster->host_count; i++) {
    mc_runtime_release_host(cluster->state, cluster->hosts[i].state);
  }
  cluster->host_count = 0;
  mc_runtime_release_cluster(runtime, cluster->state);
  cluster->state = NULL;
}
