#include "upstream/cluster.h"

/* A host starts slowly from when it is first there, or first healthy if that is later. */
static void note_start(const mc_host *host, uint64_t now_ns) {
  uint_fast64_t unset = 0;
  if (mc_host_health(host) != MC_HEALTHY) return;
  atomic_compare_exchange_strong_explicit(&host->state->healthy_since_ns, &unset, now_ns, memory_order_relaxed,
                                          memory_order_relaxed);
}

static mc_code fill_host(mc_cluster *cluster, mc_host *host, const mc_endpoint_spec *spec, uint64_t now_ns) {
  mc_arena *arena = cluster->arena;
  bool ok = true;
  host->address = mc_arena_copy(arena, spec->address, &ok);
  host->hostname = mc_arena_copy(arena, spec->hostname, &ok);
  host->hash_key = spec->hash_key.data ? mc_arena_copy(arena, spec->hash_key, &ok) : host->address;
  host->weight = spec->weight ? spec->weight : 1;
  host->locality = spec->locality;
  host->health = spec->health;
  mc_labels labels = {spec->labels, spec->label_count};
  if (!ok || !mc_labels_copy(&labels, arena)) return MC_NO_MEMORY;
  host->labels = labels.at;
  host->label_count = labels.count;
  host->state = mc_runtime_host(cluster->state, spec->address);
  if (!host->state) return MC_NO_MEMORY;
  note_start(host, now_ns);
  return MC_OK;
}

/* Without localities all hosts are in one that has no name. */
static mc_code fill_localities(mc_cluster *cluster, const mc_cluster_spec *spec) {
  uint32_t count = spec->locality_count ? spec->locality_count : 1;
  bool ok = true;
  cluster->localities = mc_arena_alloc(cluster->arena, count, sizeof *cluster->localities);
  if (!cluster->localities) return MC_NO_MEMORY;
  for (uint32_t i = 0; i < spec->locality_count; i++) {
    const mc_locality_spec *from = &spec->localities[i];
    mc_locality *to = &cluster->localities[i];
    to->region = mc_arena_copy(cluster->arena, from->region, &ok);
    to->zone = mc_arena_copy(cluster->arena, from->zone, &ok);
    to->sub_zone = mc_arena_copy(cluster->arena, from->sub_zone, &ok);
    to->priority = from->priority;
    to->weight = from->weight;
  }
  cluster->locality_count = count;
  return ok ? MC_OK : MC_NO_MEMORY;
}

mc_code mc_cluster_fill(mc_cluster *cluster, const mc_cluster_spec *spec, mc_runtime *runtime) {
  bool ok = true;
  cluster->serial = mc_runtime_serial(runtime);
  cluster->name = mc_arena_copy(cluster->arena, spec->name, &ok);
  cluster->hosts = mc_arena_alloc(cluster->arena, spec->endpoint_count, sizeof *cluster->hosts);
  cluster->state = mc_runtime_cluster(runtime, spec->name);
  if (!ok || !cluster->hosts || !cluster->state) return MC_NO_MEMORY;
  mc_code code = fill_localities(cluster, spec);
  for (uint32_t i = 0; i < spec->endpoint_count && !code; i++) {
    code = fill_host(cluster, &cluster->hosts[i], &spec->endpoints[i], spec->balance.now_ns);
    if (!code) cluster->host_count = i + 1;
  }
  return code;
}

void mc_cluster_clear(mc_cluster *cluster, mc_runtime *runtime) {
  for (uint32_t i = 0; i < cluster->host_count; i++) {
    mc_runtime_release_host(cluster->state, cluster->hosts[i].state);
  }
  cluster->host_count = 0;
  mc_runtime_release_cluster(runtime, cluster->state);
  cluster->state = NULL;
}
