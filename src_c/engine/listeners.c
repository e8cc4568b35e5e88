/* A snapshot's listeners: built, found for a request, given back. */
#include "engine/listeners.h"

#include "base/refuse.h"
#include "base/rng.h"
#include "edit/request_id.h"

static mc_code copy_options(mc_http_options *to, const mc_http_options *from, mc_arena *arena) {
  bool ok = true;
  *to = *from;
  to->scheme_to_overwrite = mc_arena_copy(arena, from->scheme_to_overwrite, &ok);
  to->via = mc_arena_copy(arena, from->via, &ok);
  mc_cidr *cidrs = mc_arena_alloc(arena, from->internal_cidr_count, sizeof *cidrs);
  mc_slice *names = mc_arena_alloc(arena, from->internal_only_count, sizeof *names);
  if (!ok || !cidrs || !names) return MC_NO_MEMORY;
  for (uint32_t i = 0; i < from->internal_only_count; i++) names[i] = mc_arena_copy(arena, from->internal_only[i], &ok);
  if (!ok) return MC_NO_MEMORY;
  to->internal_only = names;
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
  return to->faults ? MC_OK : mc_no_memory(error);
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
  return to->limiter ? MC_OK : mc_no_memory(error);
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
  if (!to->filters) return mc_no_memory(error);
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

mc_code mc_listeners_build(mc_snapshot *s, const mc_snapshot_spec *spec, mc_error *error) {
  s->any_listener = -1;
  s->listeners = mc_arena_alloc(s->arena, spec->listener_count, sizeof *s->listeners);
  if (!s->listeners) return mc_no_memory(error);
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
      return mc_no_memory(error);
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

void mc_listener_clear(mc_snapshot *s, mc_listener *listener) {
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
