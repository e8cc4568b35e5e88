#include "engine/sessions.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/refuse.h"
#include "base/rng.h"
#include "edit/header_names.h"
#include "engine/listeners.h"
#include "outlier/detector.h"

/* ------------------------------------------------------------------ clusters */

static mc_code index_clusters(mc_snapshot *s, mc_error *error) {
  uint32_t size = 4;
  while (size < 2 * (uint64_t)s->cluster_count) size *= 2;
  s->by_name_mask = size - 1;
  s->by_name = mc_arena_alloc(s->arena, size, sizeof *s->by_name);
  if (!s->by_name) return mc_no_memory(error);
  for (uint32_t i = 0; i < size; i++) s->by_name[i] = -1;
  for (uint32_t i = 0; i < s->cluster_count; i++) {
    mc_slice name = s->clusters[i]->name;
    uint32_t at = (uint32_t)mc_xxh64(name.data, name.size, 0) & s->by_name_mask;
    while (s->by_name[at] >= 0) at = (at + 1) & s->by_name_mask;
    s->by_name[at] = (int32_t)i;
  }
  return MC_OK;
}

int32_t mc_snapshot_cluster(const mc_snapshot *s, mc_slice name) {
  uint32_t at = (uint32_t)mc_xxh64(name.data, name.size, 0) & s->by_name_mask;
  for (; s->by_name[at] >= 0; at = (at + 1) & s->by_name_mask) {
    if (mc_slice_equal(s->clusters[s->by_name[at]]->name, name)) break;
  }
  return s->by_name[at];
}

/* What the policies of clusters hash, compiled beside the clusters: those are shared with other snapshots. */
static mc_code build_hash_policies(mc_snapshot *s, const mc_snapshot_spec *spec, mc_error *error) {
  mc_code code = MC_OK;
  if (!spec->hash_policies) return code;
  s->hash_policies = mc_arena_alloc(s->arena, s->cluster_count, sizeof *s->hash_policies);
  if (!s->hash_policies) return mc_no_memory(error);
  for (uint32_t i = 0; i < s->cluster_count && !code; i++) {
    const mc_hash_policies_spec *from = &spec->hash_policies[i];
    if (!from->at) continue;
    code = mc_hash_policies_build(&s->hash_policies[i], from->at, from->count, mc_route_table_slots(s->routes),
                                  s->arena, error);
  }
  return code;
}

static mc_code build_clusters(mc_snapshot *s, const mc_snapshot_spec *spec, mc_error *error) {
  uint64_t seed = spec->seed;
  s->clusters = malloc((size_t)(spec->cluster_count + 1) * sizeof *s->clusters);
  if (!s->clusters) return mc_no_memory(error);
  for (uint32_t i = 0; i < spec->cluster_count; i++) {
    const mc_cluster_spec *from = &spec->clusters[i];
    if (spec->previous && from->keep >= 0) {
      s->clusters[i] = spec->previous->clusters[from->keep];
      mc_cluster_share(s->clusters[i]);
    } else {
      s->clusters[i] = mc_cluster_new(from, s->runtime, mc_splitmix64(&seed), error);
    }
    if (!s->clusters[i]) return error->code;
    s->cluster_count = i + 1;
    s->reads_clock |= mc_cluster_reads_clock(s->clusters[i]);
  }
  return index_clusters(s, error);
}

/* ------------------------------------------------------------------ virtual hosts */

static mc_code build_hosts(mc_snapshot *s, const mc_snapshot_spec *spec, mc_error *error) {
  uint32_t total = 0;
  for (uint32_t i = 0; i < spec->virtual_host_count; i++) total += spec->virtual_hosts[i].route_count;
  s->hosts = mc_arena_alloc(s->arena, spec->virtual_host_count, sizeof *s->hosts);
  s->actions = mc_arena_alloc(s->arena, total, sizeof *s->actions);
  if (!s->hosts || !s->actions) return mc_no_memory(error);
  for (uint32_t i = 0; i < spec->virtual_host_count; i++) {
    const mc_virtual_host_spec *from = &spec->virtual_hosts[i];
    int32_t number;
    mc_code code = mc_route_table_add_virtual_host(s->routes, from->routes, from->route_count, &number, error);
    if (code) return code;
    s->hosts[i].require_tls = from->require_tls;
    s->host_count = i + 1;
    mc_mirrors mirrors;
    if (mc_edit_pair_compile(s->arena, &from->edits, &s->hosts[i].edits) ||
        mc_mirrors_build(&mirrors, from->mirrors, from->mirror_count, s->arena)) {
      return mc_no_memory(error);
    }
    code = mc_cors_build(&s->hosts[i].cors, from->cors, s->arena, error);
    if (!code) code = mc_cors_build(&s->hosts[i].cors_field, from->cors_field, s->arena, error);
    mc_slots *slots = mc_route_table_slots(s->routes);
    if (!code) code = mc_fault_build(&s->hosts[i].fault, from->fault, slots, s->arena, error);
    if (!code) code = mc_level_limits_build(&s->hosts[i].limits, &from->limits, &s->limits, error);
    if (!code) code = mc_descriptors_build(&s->hosts[i].descriptors, &from->descriptors, slots, s->arena, error);
    if (code) return code;
    mc_session *session;
    code = mc_session_build(&session, from->session, slots, s->arena, error);
    if (code) return code;
    s->has_faults |= s->hosts[i].fault != NULL;
    for (uint32_t r = 0; r < from->route_count; r++) {
      mc_action *action = &s->actions[s->action_count++];
      code = mc_action_build(action, &from->actions[r], &from->routes[r], &s->limits, error);
      if (code) return code;
      action->filtered |= s->hosts[i].cors || s->hosts[i].cors_field || s->hosts[i].fault;
      action->may_edit |= !mc_edits_empty(&s->hosts[i].edits.request);
      s->has_faults |= action->faulted;
      if (!action->mirrors.count) action->mirrors = mirrors;
      if (!action->session) action->session = session;
      action->has_session |= session != NULL;
    }
  }
  return MC_OK;
}

/* ------------------------------------------------------------------ the whole */

mc_snapshot *mc_snapshot_build(const mc_snapshot_spec *spec, mc_runtime *runtime, mc_error *error) {
  mc_snapshot *s = calloc(1, sizeof *s);
  if (!s) {
    mc_no_memory(error);
    return NULL;
  }
  s->runtime = runtime;
  s->arena = mc_arena_new();
  s->routes = mc_route_table_new();
  s->sharers = s->arena ? mc_arena_alloc(s->arena, 1, sizeof *s->sharers) : NULL;
  if (s->sharers) atomic_init(s->sharers, 1);
  mc_code code = s->sharers && s->routes ? MC_OK : mc_no_memory(error);
  if (!code) s->names = mc_route_table_slots(s->routes);
  if (!code && mc_header_names_mark(mc_route_table_slots(s->routes))) code = mc_no_memory(error);
  if (!code) s->limits = (mc_limit_builder){.slots = mc_route_table_slots(s->routes), .runtime = runtime, .arena = s->arena};
  if (!code) code = build_hosts(s, spec, error);
  if (!code) code = mc_listeners_build(s, spec, error);
  if (!code) code = build_clusters(s, spec, error);
  if (!code) code = build_hash_policies(s, spec, error);
  if (!code) s->reads_unix_time = mc_sessions_read_time(s);
  for (uint32_t i = 0; i < s->action_count && !code; i++) {
    if (mc_action_find_subsets(&s->actions[i], s)) code = mc_no_memory(error);
  }
  if (!code) {
    for (uint32_t i = 0; i < s->cluster_count; i++) {
      mc_outlier_enforce(s->clusters[i]->members, s->clusters[i]->members->balance.now_ns);
    }
    return s;
  }
  mc_snapshot_free(s);
  return NULL;
}

static void free_shared(mc_snapshot *s) {
  for (uint32_t i = 0; s->hash_policies && i < s->cluster_count; i++) mc_hash_policies_clear(&s->hash_policies[i]);
  for (uint32_t i = 0; i < s->action_count; i++) mc_action_clear(&s->actions[i], s->runtime);
  for (uint32_t i = 0; i < s->listener_count; i++) mc_listener_clear(s, &s->listeners[i]);
  for (uint32_t i = 0; i < s->host_count; i++) {
    mc_cors_clear(s->hosts[i].cors);
    mc_cors_clear(s->hosts[i].cors_field);
    mc_fault_clear(s->hosts[i].fault);
    mc_level_limits_clear(&s->hosts[i].limits, s->runtime);
    mc_descriptors_clear(&s->hosts[i].descriptors);
  }
  mc_route_table_free(s->routes);
  mc_arena_free(s->arena);
}

void mc_snapshot_free(mc_snapshot *s) {
  if (!s) return;
  for (uint32_t i = 0; i < s->cluster_count; i++) mc_cluster_release(s->clusters[i], s->runtime);
  free(s->clusters);
  if (!s->sharers || atomic_fetch_sub_explicit(s->sharers, 1, memory_order_acq_rel) == 1) free_shared(s);
  free(s);
}

uint32_t mc_snapshot_active(const mc_snapshot *s, int32_t cluster, int32_t endpoint) {
  return mc_counter_value(&s->clusters[cluster]->active, (uint32_t)endpoint);
}

const char *mc_snapshot_policy(const mc_snapshot *s, int32_t cluster) { return s->clusters[cluster]->balancer->policy->name; }

const mc_local_limit *mc_snapshot_limit(const mc_snapshot *s, const mc_local_limit *after) {
  return after ? after->next : s->limits.first;
}

bool mc_snapshot_reads_clock(const mc_snapshot *s) { return s->reads_clock; }

uint32_t mc_snapshot_makes_ids(const mc_snapshot *s) { return s->makes_ids; }
bool mc_snapshot_reads_unix_time(const mc_snapshot *s) { return s->reads_unix_time; }

bool mc_snapshot_learns(const mc_snapshot *s, int32_t cluster) { return s->clusters[cluster]->balancer->policy->report; }

void mc_snapshot_report(const mc_snapshot *s, int32_t cluster, int32_t endpoint, const mc_report *report) {
  const mc_cluster *at = s->clusters[cluster];
  mc_balancer_report(at->balancer, at->hosts[endpoint].state, report);
}
