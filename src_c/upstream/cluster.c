#include "upstream/cluster.h"

#include <stdlib.h>

#include "base/labels.h"
#include "base/rng.h"

static mc_code fill_host(mc_members *members, mc_host *host, const mc_endpoint_spec *spec) {
  mc_arena *arena = members->arena;
  bool ok = true;
  host->address = mc_arena_copy(arena, spec->address, &ok);
  host->hostname = mc_arena_copy(arena, spec->hostname, &ok);
  host->hash_key = spec->hash_key.data ? mc_arena_copy(arena, spec->hash_key, &ok) : host->address;
  host->weight = spec->weight ? spec->weight : 1;
  host->locality = spec->locality;
  host->health = spec->health;
  host->status = spec->status;
  mc_labels labels = {spec->labels, spec->label_count};
  if (!ok || !mc_labels_copy(&labels, arena)) return MC_NO_MEMORY;
  host->labels = labels.at;
  host->label_count = labels.count;
  host->state = mc_runtime_host(members->state, spec->address);
  if (!host->state) return MC_NO_MEMORY;
  if (host->state->references == 1) mc_host_state_check(host->state, spec->unchecked);
  return MC_OK;
}

static void copy_locality(mc_locality_name *to, const mc_locality_name *from, mc_arena *arena, bool *ok) {
  to->region = mc_arena_copy(arena, from->region, ok);
  to->zone = mc_arena_copy(arena, from->zone, ok);
  to->sub_zone = mc_arena_copy(arena, from->sub_zone, ok);
}

/* Without localities all hosts are in one that has no name. */
static mc_code fill_localities(mc_members *members, const mc_cluster_spec *spec) {
  uint32_t count = spec->locality_count ? spec->locality_count : 1;
  bool ok = true;
  members->localities = mc_arena_alloc(members->arena, count, sizeof *members->localities);
  if (!members->localities) return MC_NO_MEMORY;
  for (uint32_t i = 0; i < spec->locality_count; i++) {
    const mc_locality_spec *from = &spec->localities[i];
    mc_locality *to = &members->localities[i];
    to->region = mc_arena_copy(members->arena, from->region, &ok);
    to->zone = mc_arena_copy(members->arena, from->zone, &ok);
    to->sub_zone = mc_arena_copy(members->arena, from->sub_zone, &ok);
    to->priority = from->priority;
    to->weight = from->weight;
  }
  members->locality_count = count;
  return ok ? MC_OK : MC_NO_MEMORY;
}

/* What the spec points to goes with the caller. */
static mc_code keep_zone(mc_members *members) {
  const mc_zone_spec *from = members->balance.zone;
  if (!from) return MC_OK;
  bool ok = true;
  mc_zone_spec *zone = mc_arena_alloc(members->arena, 1, sizeof *zone);
  mc_peers *peers = mc_arena_alloc(members->arena, from->peer_count, sizeof *peers);
  if (!zone || !peers) return MC_NO_MEMORY;
  *zone = *from;
  copy_locality(&zone->own, &from->own, members->arena, &ok);
  for (uint32_t i = 0; i < from->peer_count; i++) {
    peers[i] = from->peers[i];
    copy_locality(&peers[i].locality, &from->peers[i].locality, members->arena, &ok);
  }
  zone->peers = peers;
  members->balance.zone = zone;
  return ok ? MC_OK : MC_NO_MEMORY;
}

static mc_code copy_names(mc_names *to, const mc_names *from, mc_arena *arena) {
  bool ok = true;
  mc_slice *names = mc_arena_alloc(arena, from->count, sizeof *names);
  if (!names) return MC_NO_MEMORY;
  for (uint32_t i = 0; i < from->count; i++) names[i] = mc_arena_copy(arena, from->at[i], &ok);
  *to = (mc_names){names, from->count};
  return ok ? MC_OK : MC_NO_MEMORY;
}

static mc_code fill(mc_members *members, const mc_cluster_spec *spec, mc_runtime *runtime) {
  bool ok = true;
  members->arena = mc_arena_new();
  if (!members->arena) return MC_NO_MEMORY;
  members->serial = mc_runtime_serial(runtime);
  members->name = mc_arena_copy(members->arena, spec->name, &ok);
  members->hosts = mc_arena_alloc(members->arena, spec->endpoint_count, sizeof *members->hosts);
  members->state = mc_runtime_cluster(runtime, spec->name);
  members->balance = spec->balance;
  for (int i = 0; i < MC_ROUTING_PRIORITIES; i++) {
    members->thresholds[i] = spec->thresholds ? spec->thresholds[i] : mc_thresholds_default();
  }
  members->merge_window_ns = spec->merge_window_ns;
  if (!ok || !members->hosts || !members->state) return MC_NO_MEMORY;
  if (spec->concurrency) {
    members->limiter = mc_runtime_limiter(runtime, MC_SCOPE_CLUSTER, spec->name, spec->concurrency,
                                          spec->balance.now_ns, mc_mix64(members->serial));
    if (!members->limiter) return MC_NO_MEMORY;
  }
  if (!mc_runtime_expect_hosts(members->state, spec->endpoint_count)) return MC_NO_MEMORY;
  mc_code code = fill_localities(members, spec);
  if (!code) code = keep_zone(members);
  for (uint32_t i = 0; i < spec->endpoint_count && !code; i++) {
    code = fill_host(members, &members->hosts[i], &spec->endpoints[i]);
    if (code) break;
    members->host_count = i + 1;
    members->localities[members->hosts[i].locality].host_count++;
  }
  members->session_statuses = spec->session_statuses;
  members->drop_millionths = spec->drop_millionths;
  if (!code) code = copy_names(&members->override_headers, &spec->override_headers, members->arena);
  if (code) return code;
  bool counted = mc_host_counters(&members->active, members->hosts, NULL, members->host_count, members->arena);
  return !counted ? MC_NO_MEMORY
                  : mc_addresses_build(&members->addresses, members->hosts, members->host_count, members->localities,
                                       members->arena);
}

static void link(mc_members *members) {
  mc_cluster_state_lock(members->state);
  members->older = members->state->newest;
  members->state->newest = members;
  mc_cluster_state_unlock(members->state);
}

/* They may not have come to be in the list. */
static void unlink(mc_members *members) {
  if (!members->state) return;
  mc_cluster_state_lock(members->state);
  mc_members **at = &members->state->newest;
  while (*at && *at != members) at = &(*at)->older;
  if (*at) *at = members->older;
  mc_cluster_state_unlock(members->state);
}

const mc_members *mc_members_in_force(const mc_cluster_state *state) {
  const mc_members *at = state->newest;
  while (at && !atomic_load_explicit(&at->in_force, memory_order_relaxed)) at = at->older;
  return at;
}

mc_members *mc_members_new(const mc_cluster_spec *spec, mc_runtime *runtime) {
  mc_runtime_forget_refusal(runtime);
  mc_members *members = calloc(1, sizeof *members);
  if (!members) return NULL;
  atomic_init(&members->references, 1);
  if (!fill(members, spec, runtime)) {
    link(members);
    return members;
  }
  mc_members_release(members, runtime);
  return NULL;
}

void mc_members_share(mc_members *members) {
  atomic_fetch_add_explicit(&members->references, 1, memory_order_relaxed);
}

void mc_members_release(mc_members *members, mc_runtime *runtime) {
  if (atomic_fetch_sub_explicit(&members->references, 1, memory_order_acq_rel) > 1) return;
  unlink(members);
  for (uint32_t i = 0; i < members->host_count; i++) {
    mc_runtime_release_host(members->state, members->hosts[i].state);
  }
  mc_runtime_release_limiter(runtime, members->limiter);
  mc_runtime_release_cluster(runtime, members->state);
  mc_arena_free(members->arena);
  free(members);
}

/* A host starts slowly from when it is first there, or first healthy if that is later. */
static void note_start(const mc_host *host, uint64_t now_ns) {
  uint_fast64_t unset = 0;
  if (mc_host_health(host) != MC_HEALTHY) return;
  atomic_compare_exchange_strong_explicit(&host->state->healthy_since_ns, &unset, now_ns, memory_order_relaxed,
                                          memory_order_relaxed);
}

void mc_cluster_take(mc_cluster *cluster, mc_members *members, uint64_t now_ns) {
  cluster->members = members;
  cluster->name = members->name;
  cluster->serial = members->serial;
  cluster->hosts = members->hosts;
  cluster->host_count = members->host_count;
  cluster->localities = members->localities;
  cluster->locality_count = members->locality_count;
  cluster->state = members->state;
  cluster->active = members->active;
  cluster->limiter = members->limiter;
  cluster->detects = members->outlier || members->limiter;
  for (int i = 0; i < MC_ROUTING_PRIORITIES; i++) {
    cluster->max_requests[i] = members->thresholds[i].max[MC_RESOURCE_REQUESTS];
  }
  cluster->live = members->state->live;
  cluster->epoch = atomic_load_explicit(&cluster->live->epoch, memory_order_acquire);
  for (uint32_t i = 0; i < members->host_count; i++) note_start(&members->hosts[i], now_ns);
}
