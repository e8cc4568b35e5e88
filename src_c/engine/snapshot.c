#include "engine/sessions.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/rng.h"
#include "edit/request_id.h"
#include "outlier/detector.h"

static mc_code no_memory(mc_error *error) {
  *error = (mc_error){.code = MC_NO_MEMORY, .message = "out of memory"};
  return MC_NO_MEMORY;
}

/* ------------------------------------------------------------------ clusters */

static mc_code index_clusters(mc_snapshot *s, mc_error *error) {
  uint32_t size = 4;
  while (size < 2 * (uint64_t)s->cluster_count) size *= 2;
  s->by_name_mask = size - 1;
  s->by_name = mc_arena_alloc(s->arena, size, sizeof *s->by_name);
  if (!s->by_name) return no_memory(error);
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
  if (!s->hash_policies) return no_memory(error);
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
  if (!s->clusters) return no_memory(error);
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

/* ------------------------------------------------------------------ virtual hosts and listeners */

static mc_code build_hosts(mc_snapshot *s, const mc_snapshot_spec *spec, mc_error *error) {
  uint32_t total = 0;
  for (uint32_t i = 0; i < spec->virtual_host_count; i++) total += spec->virtual_hosts[i].route_count;
  s->hosts = mc_arena_alloc(s->arena, spec->virtual_host_count, sizeof *s->hosts);
  s->actions = mc_arena_alloc(s->arena, total, sizeof *s->actions);
  if (!s->hosts || !s->actions) return no_memory(error);
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
      return no_memory(error);
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
      s->has_faults |= action->faulted;
      if (!action->mirrors.count) action->mirrors = mirrors;
      if (!action->session) action->session = session;
      action->has_session |= session != NULL;
    }
  }
  return MC_OK;
}

static mc_code copy_options(mc_http_options *to, const mc_http_options *from, mc_arena *arena) {
  bool ok = true;
  *to = *from;
  to->scheme_to_overwrite = mc_arena_copy(arena, from->scheme_to_overwrite, &ok);
  to->via = mc_arena_copy(arena, from->via, &ok);
  mc_cidr *cidrs = mc_arena_alloc(arena, from->internal_cidr_count, sizeof *cidrs);
  if (!ok || !cidrs) return MC_NO_MEMORY;
  if (from->internal_cidr_count) memcpy(cidrs, from->internal_cidrs, from->internal_cidr_count * sizeof *cidrs);
  to->internal_cidrs = cidrs;
  if (from->tracing) {
    mc_tracing_spec *tracing = mc_arena_alloc(arena, 1, sizeof *tracing);
    if (!tracing) return MC_NO_MEMORY;
    *tracing = *from->tracing;
    to->tracing = tracing;
  }
  to->upgrades = mc_upgrades_copy(from->upgrades, from->upgrade_count, arena);
  return to->upgrades ? MC_OK : MC_NO_MEMORY;
}

/* The gauge is there wherever some request may find a policy. */
static mc_code build_faults(mc_snapshot *s, mc_listener *to, const mc_listener_spec *from, mc_error *error) {
  mc_slots *slots = mc_route_table_slots(s->routes);
  mc_code code = mc_fault_build(&to->fault, from->fault, slots, s->arena, error);
  if (!code) code = mc_fault_build(&to->table_fault, from->table_fault, slots, s->arena, error);
  if (code || !(s->has_faults || to->fault || to->table_fault)) return code;
  mc_runtime_lock(s->runtime);
  to->faults = mc_fault_gauge_of(s->runtime, from->name);
  mc_runtime_unlock(s->runtime);
  return to->faults ? MC_OK : no_memory(error);
}

/* Where nothing else is said. */
static const mc_filter_spec USUAL_FILTERS[] = {{.kind = MC_FILTER_FAULT, .name = UINT32_MAX},
                                               {.kind = MC_FILTER_CORS, .name = UINT32_MAX}}; /* to which nobody speaks */

static mc_code build_limiter(mc_snapshot *s, const mc_snapshot_spec *spec, mc_filter *to, mc_slice name,
                             const mc_concurrency_filter_spec *from, mc_error *error) {
  if (!from) return MC_OK;
  to->status = from->status;
  mc_runtime_lock(s->runtime);
  to->limiter = mc_runtime_limiter(s->runtime, MC_SCOPE_LISTENER, name, &from->limit, spec->now_ns, mc_mix64(~spec->seed));
  mc_runtime_unlock(s->runtime);
  return to->limiter ? MC_OK : no_memory(error);
}

static mc_code build_filters(mc_snapshot *s, const mc_snapshot_spec *spec, mc_listener *to, const mc_listener_spec *from,
                             mc_error *error) {
  const bool usual = !from->filter_count;
  const mc_filter_spec *specs = usual ? USUAL_FILTERS : from->filters;
  const uint32_t count = usual ? 2 : from->filter_count;
  mc_slots *slots = mc_route_table_slots(s->routes);
  mc_code code = mc_level_limits_build(&to->limits, &from->limits, &s->limits, error);
  if (code) return code;
  to->session_filter = from->session_filter;
  to->session_off = from->session_off;
  s->limits.switches |= from->session_off;
  to->filters = mc_arena_alloc(s->arena, count, sizeof *to->filters);
  if (!to->filters) return no_memory(error);
  to->filtered = to->cors || to->fault || to->table_fault;
  for (uint32_t i = 0; i < count && !code; i++) {
    mc_filter *filter = &to->filters[i];
    to->filter_count = i + 1;
    filter->kind = specs[i].kind;
    filter->name = specs[i].name;
    filter->off = specs[i].off;
    s->limits.switches |= filter->off;
    to->filtered |= filter->kind == MC_FILTER_LOCAL_LIMIT || filter->kind == MC_FILTER_GLOBAL_LIMIT ||
                    filter->kind == MC_FILTER_CONCURRENCY;
    s->reads_clock |= filter->kind == MC_FILTER_LOCAL_LIMIT || filter->kind == MC_FILTER_CONCURRENCY;
    code = mc_local_limit_build(&filter->local, specs[i].local, &s->limits, error);
    if (!code) code = mc_global_limit_build(&filter->global, specs[i].global, slots, s->arena, error);
    if (!code) code = build_limiter(s, spec, filter, from->name, specs[i].concurrency, error);
  }
  return code;
}

static mc_code build_listeners(mc_snapshot *s, const mc_snapshot_spec *spec, mc_error *error) {
  s->any_listener = -1;
  s->listeners = mc_arena_alloc(s->arena, spec->listener_count, sizeof *s->listeners);
  if (!s->listeners) return no_memory(error);
  for (uint32_t i = 0; i < spec->listener_count; i++) {
    const mc_listener_spec *from = &spec->listeners[i];
    mc_listener *to = &s->listeners[i];
    s->listener_count = i + 1;
    to->port = from->port;
    to->most_specific_wins = from->most_specific_header_mutations_wins;
    if (from->port == 0 && s->any_listener < 0) s->any_listener = (int32_t)i;
    if (copy_options(&to->options, &from->options, s->arena) ||
        mc_edit_pair_compile(s->arena, &from->edits, &to->edits) ||
        mc_mirrors_build(&to->mirrors, from->mirrors, from->mirror_count, s->arena)) {
      return no_memory(error);
    }
    const mc_tracing_spec *tracing = to->options.tracing;
    const uint8_t ids = tracing && tracing->tracer ? MC_REQUEST_IDS : mc_request_id_minded(&to->options) ? 2 : 0;
    if (ids > s->makes_ids) s->makes_ids = ids;
    mc_code code = mc_cors_build(&to->cors, from->cors, s->arena, error);
    if (!code) code = build_faults(s, to, from, error);
    if (!code) code = build_filters(s, spec, to, from, error);
    if (!code) code = mc_route_table_add_domains(s->routes, &from->domains, &to->domains, error);
    if (code) return code;
    code = mc_session_build(&to->session, from->session, mc_route_table_slots(s->routes), s->arena, error);
    if (code) return code;
  }
  return MC_OK;
}

static int32_t listener_of_port(const mc_snapshot *s, uint32_t port) {
  for (uint32_t i = 0; i < s->listener_count; i++) {
    if (s->listeners[i].port == port) return (int32_t)i;
  }
  return -1;
}

/* The port that a request names; 0: none. */
static uint32_t port_of_authority(const mc_request *request) {
  uint32_t port = 0;
  mc_slice authority = request->authority;
  for (uint32_t i = 0; !authority.data && i < request->header_count; i++) {
    if (mc_slice_equal_fold(request->headers[i].name, MC_LITERAL("host"))) authority = request->headers[i].value;
  }
  size_t at = authority.size;
  while (at > 0 && authority.data[at - 1] >= '0' && authority.data[at - 1] <= '9' && authority.size - at < 6) at--;
  if (at == 0 || at == authority.size || authority.data[at - 1] != ':') return 0;
  for (; at < authority.size; at++) port = port * 10 + (uint32_t)(authority.data[at] - '0');
  return port;
}

/* The listener of the given port; without one, that of the authority's port, the one for all ports, that
 * of the scheme's port, the first. Listeners are ports, so that there are few of them. */
int32_t mc_snapshot_listener_among(const mc_snapshot *s, const mc_request *request) {
  if (request->port) {
    int32_t found = listener_of_port(s, request->port);
    return found >= 0 ? found : s->any_listener;
  }
  uint32_t port = port_of_authority(request);
  int32_t found = port ? listener_of_port(s, port) : -1;
  if (found < 0) found = s->any_listener;
  if (found < 0) found = listener_of_port(s, mc_slice_equal(request->scheme, MC_LITERAL("https")) ? 443 : 80);
  return found < 0 && s->listener_count ? 0 : found;
}

/* ------------------------------------------------------------------ the whole */

mc_snapshot *mc_snapshot_build(const mc_snapshot_spec *spec, mc_runtime *runtime, mc_error *error) {
  mc_snapshot *s = calloc(1, sizeof *s);
  if (!s) {
    no_memory(error);
    return NULL;
  }
  s->runtime = runtime;
  s->arena = mc_arena_new();
  s->routes = mc_route_table_new();
  s->sharers = s->arena ? mc_arena_alloc(s->arena, 1, sizeof *s->sharers) : NULL;
  if (s->sharers) atomic_init(s->sharers, 1);
  mc_code code = s->sharers && s->routes ? MC_OK : no_memory(error);
  if (!code) s->asked = mc_slots_asked(mc_route_table_slots(s->routes));
  if (!code) s->limits = (mc_limit_builder){.slots = mc_route_table_slots(s->routes), .runtime = runtime, .arena = s->arena};
  if (!code) code = build_hosts(s, spec, error);
  if (!code) code = build_listeners(s, spec, error);
  if (!code) code = build_clusters(s, spec, error);
  if (!code) code = build_hash_policies(s, spec, error);
  if (!code) s->reads_unix_time = mc_sessions_read_time(s);
  for (uint32_t i = 0; i < s->action_count && !code; i++) {
    if (mc_action_find_subsets(&s->actions[i], s)) code = no_memory(error);
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

static void clear_listener(mc_snapshot *s, mc_listener *listener) {
  mc_cors_clear(listener->cors);
  mc_fault_clear(listener->table_fault);
  mc_fault_clear(listener->fault);
  mc_runtime_lock(s->runtime);
  mc_fault_gauge_release(s->runtime, listener->faults);
  mc_runtime_unlock(s->runtime);
  mc_level_limits_clear(&listener->limits, s->runtime);
  for (uint32_t i = 0; i < listener->filter_count; i++) {
    mc_local_limit_clear(listener->filters[i].local, s->runtime);
    mc_global_limit_clear(listener->filters[i].global);
    mc_runtime_lock(s->runtime);
    mc_runtime_release_limiter(s->runtime, listener->filters[i].limiter);
    mc_runtime_unlock(s->runtime);
  }
}

static void free_shared(mc_snapshot *s) {
  for (uint32_t i = 0; s->hash_policies && i < s->cluster_count; i++) mc_hash_policies_clear(&s->hash_policies[i]);
  for (uint32_t i = 0; i < s->action_count; i++) mc_action_clear(&s->actions[i], s->runtime);
  for (uint32_t i = 0; i < s->listener_count; i++) clear_listener(s, &s->listeners[i]);
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

bool mc_snapshot_faults(const mc_snapshot *s, int32_t listener, mc_fault_counts *counts) {
  const mc_fault_gauge *gauge = s->listeners[listener].faults;
  if (!gauge) return false;
  *counts = (mc_fault_counts){.active = atomic_load_explicit(&gauge->active, memory_order_relaxed),
                              .aborts = atomic_load_explicit(&gauge->aborts, memory_order_relaxed),
                              .delays = atomic_load_explicit(&gauge->delays, memory_order_relaxed),
                              .rate_limits = atomic_load_explicit(&gauge->rate_limits, memory_order_relaxed),
                              .overflows = atomic_load_explicit(&gauge->overflows, memory_order_relaxed)};
  return true;
}

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
