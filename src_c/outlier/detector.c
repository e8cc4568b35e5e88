#include "outlier/detector.h"

#include <stdlib.h>
#include <string.h>

#include "outlier/outcome.h"
#include "outlier/success_rate.h"
#include "outlier/sweep.h"

/* Two of them and a time of day must add up. */
static uint64_t bounded(uint64_t duration_ns) {
  const uint64_t most = UINT64_C(1) << 62;
  return duration_ns < most ? duration_ns : most;
}

static mc_outlier_spec *copy(const mc_outlier_spec *from, mc_arena *arena) {
  mc_outlier_spec *spec = mc_arena_alloc(arena, 1, sizeof *spec);
  mc_code_range *codes = mc_arena_alloc(arena, from->error_code_count, sizeof *codes);
  if (!spec || !codes) return NULL;
  if (from->error_code_count) memcpy(codes, from->error_codes, from->error_code_count * sizeof *codes);
  *spec = *from;
  spec->error_codes = codes;
  spec->interval_ns = bounded(from->interval_ns ? from->interval_ns : 1);
  spec->base_ejection_time_ns = bounded(from->base_ejection_time_ns);
  spec->max_ejection_time_ns = bounded(from->max_ejection_time_ns);
  spec->max_ejection_time_jitter_ns = bounded(from->max_ejection_time_jitter_ns);
  return spec;
}

_Static_assert(sizeof(mc_outlier_cluster) <= MC_OUTLIER_CLUSTER_BYTES, "upstream/live.h has room for it");
_Static_assert(sizeof(mc_outlier_host) <= MC_OUTLIER_HOST_BYTES, "and for it");

/* What is shared may have been begun by another process, or by one that died meanwhile. */
static void begin_host(mc_outlier_host *host) {
  if (host->begun) return;
  for (int origin = 0; origin < MC_ORIGINS; origin++) mc_success_rate_show(host, origin, -1);
  host->begun = true;
}

static void begin_cluster(mc_outlier_cluster *cluster, uint64_t seed) {
  if (cluster->begun) return;
  cluster->random = seed;
  for (int origin = 0; origin < MC_ORIGINS; origin++) {
    cluster->counts.average[origin] = cluster->counts.threshold[origin] = -1;
  }
  cluster->begun = true;
}

static mc_code prepare_hosts(mc_members *members) {
  const bool shared = members->state->shared;
  for (uint32_t i = 0; i < members->host_count; i++) {
    mc_host_state *state = members->hosts[i].state;
    if (state->outlier) continue; /* others use it already */
    mc_outlier_host *host = shared ? mc_host_live_outlier(state->live) : calloc(1, sizeof *host);
    if (!host) return MC_NO_MEMORY;
    begin_host(host);
    state->outlier = host;
  }
  return MC_OK;
}

static mc_code prepare_state(mc_members *members, uint64_t seed) {
  mc_cluster_state *state = members->state;
  if (!atomic_load_explicit(&state->outlier, memory_order_relaxed)) {
    mc_outlier_cluster *cluster =
        state->shared ? mc_cluster_live_outlier(state->live) : calloc(1, sizeof *cluster);
    if (!cluster) return MC_NO_MEMORY;
    begin_cluster(cluster, seed);
    atomic_store_explicit(&state->outlier, cluster, memory_order_release);
  }
  return prepare_hosts(members);
}

mc_code mc_outlier_prepare(mc_members *members, const mc_outlier_spec *spec, uint64_t seed) {
  mc_cluster_state_lock(members->state);
  mc_code code = prepare_state(members, seed);
  mc_cluster_state_unlock(members->state);
  if (code) return code;
  members->outlier = copy(spec, members->arena);
  return members->outlier ? MC_OK : MC_NO_MEMORY;
}

/* Failures that were counted before must not have passed a threshold that is lower now. */
static void fit_rows(mc_outlier_host *host, const mc_outlier_spec *spec) {
  const uint32_t thresholds[MC_ROWS] = {spec->consecutive_5xx, spec->consecutive_gateway_failure,
                                        spec->consecutive_local_origin_failure};
  for (int row = 0; row < MC_ROWS; row++) {
    uint_fast32_t had = atomic_load_explicit(&host->row[row], memory_order_relaxed);
    if (!thresholds[row] || had < thresholds[row]) continue;
    atomic_store_explicit(&host->row[row], thresholds[row] - 1, memory_order_relaxed);
  }
}

static void begin(const mc_members *members, uint64_t now_ns) {
  mc_outlier_arm(members, now_ns);
  for (uint32_t i = 0; i < members->host_count; i++) fit_rows(members->hosts[i].state->outlier, members->outlier);
}

/* Nobody would take them back. */
static void end(const mc_members *members, uint64_t now_ns) {
  mc_cluster_state_sweep_at(members->state, UINT64_MAX);
  for (uint32_t i = 0; i < members->host_count; i++) {
    mc_host_state *host = members->hosts[i].state;
    if (mc_is_ejected(host)) mc_uneject(host, now_ns);
  }
}

void mc_outlier_enforce(mc_members *members, uint64_t now_ns) {
  mc_cluster_state *state = members->state;
  if (atomic_load_explicit(&members->in_force, memory_order_relaxed)) return;
  mc_cluster_state_lock(state);
  atomic_store_explicit(&members->in_force, true, memory_order_relaxed);
  if (mc_members_in_force(state) == members) {
    state->merge_window_ns = members->merge_window_ns;
    if (members->outlier) {
      begin(members, now_ns);
    } else if (atomic_load_explicit(&state->outlier, memory_order_relaxed)) {
      end(members, now_ns);
    }
  }
  mc_cluster_state_unlock(state);
}

/* The members that decide, if they want detection; NULL: nobody is ejected. */
static const mc_members *detecting(const mc_cluster_state *state) {
  const mc_members *members = mc_members_in_force(state);
  return members && members->outlier ? members : NULL;
}

/* A row of failures is complete. It begins anew, unless the host was ejected before. */
static void complete(mc_host_state *host, mc_ejections due, uint64_t now_ns) {
  static const mc_ejection order[] = {MC_EJECTION_CONSECUTIVE_GATEWAY_FAILURE, MC_EJECTION_CONSECUTIVE_5XX,
                                      MC_EJECTION_CONSECUTIVE_LOCAL_ORIGIN_FAILURE};
  mc_cluster_state_lock(host->cluster);
  const mc_members *members = detecting(host->cluster);
  for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
    if (!(due & 1u << order[i]) || mc_is_ejected(host)) continue;
    if (members) mc_eject(members, host, order[i], now_ns);
    mc_outlier_host_forget(host->outlier, mc_outlier_row_of(order[i]));
  }
  mc_cluster_state_unlock(host->cluster);
}

bool mc_outlier_report(const mc_members *members, mc_host_state *host, const mc_result *result) {
  const mc_outlier_spec *spec = members->outlier;
  mc_outlier_outcome outcome = mc_outlier_outcome_of(spec, result);
  uint64_t now_ns = result->report.now_ns;
  /* What came before belongs to the interval before. A sweep that is more than one away is to be armed anew. */
  uint64_t left = atomic_load_explicit(&members->state->live->due_ns, memory_order_relaxed) - now_ns;
  const bool late = left - 1 >= spec->interval_ns;
  if (late) mc_outlier_sweep(members->state, now_ns);
  mc_outlier_cluster *cluster = atomic_load_explicit(&members->state->outlier, memory_order_relaxed);
  unsigned turn = mc_outlier_turn(cluster);
  mc_ejections due = 0;
  if (outcome.reached) mc_outlier_host_reached(host->outlier, turn);
  if (outcome.unreachable) due |= mc_outlier_host_unreachable(host->outlier, spec, turn);
  if (outcome.status) due |= mc_outlier_host_answered(host->outlier, spec, turn, outcome.status);
  if (due) complete(host, due, now_ns);
  return late || due;
}

void mc_outlier_sweep(mc_cluster_state *state, uint64_t now_ns) {
  mc_cluster_state_lock(state);
  const mc_members *members = detecting(state);
  if (members) mc_outlier_sweep_due(members, now_ns);
  mc_cluster_state_merge(state, now_ns);
  mc_cluster_state_sweep_at(state, state->live->sweep_ns); /* due_ns may be anything, in a shared state */
  mc_cluster_state_unlock(state);
}

void mc_outlier_health_check_passed(mc_host_state *host, uint64_t now_ns) {
  mc_cluster_state_lock(host->cluster);
  const mc_members *members = detecting(host->cluster);
  bool failing = atomic_load_explicit(&host->failing, memory_order_relaxed) & MC_FAILING_HEALTH_CHECK;
  if (members && members->outlier->successful_health_check_unejects && !failing && mc_is_ejected(host)) {
    mc_uneject(host, now_ns);
  }
  mc_cluster_state_unlock(host->cluster);
}

/* ------------------------------------------------------------------ what users see */

/* Ejected hosts come back with a sweep. */
static uint64_t comes_back(const mc_members *members, const mc_outlier_host *host) {
  uint64_t end = mc_ejection_end(members->outlier, host), interval = members->outlier->interval_ns;
  uint64_t due = members->state->live->sweep_ns;
  return end <= due ? due : due + (end - due + interval - 1) / interval * interval;
}

mc_outlier_status mc_outlier_status_of(const mc_members *members, const mc_host_state *state, uint64_t now_ns) {
  const mc_outlier_host *host = state->outlier;
  mc_cluster_state_lock(members->state);
  mc_outlier_status status = {
      .ejected = mc_is_ejected(state),
      .reason = atomic_load_explicit(&host->reason, memory_order_relaxed),
      .ejections = (uint32_t)atomic_load_explicit(&host->ejections, memory_order_relaxed),
      .multiplier = (uint32_t)atomic_load_explicit(&host->multiplier, memory_order_relaxed),
      .success_rate = mc_success_rate_shown(host, MC_ORIGIN_EXTERNAL),
      .local_origin_success_rate = mc_success_rate_shown(host, MC_ORIGIN_LOCAL),
  };
  uint64_t until = status.ejected ? comes_back(members, host) : 0;
  mc_cluster_state_unlock(members->state);
  status.left_ns = until > now_ns ? until - now_ns : 0;
  return status;
}

mc_outlier_counts mc_outlier_counts_of(const mc_members *members) {
  mc_cluster_state_lock(members->state);
  mc_outlier_counts counts = atomic_load_explicit(&members->state->outlier, memory_order_relaxed)->counts;
  mc_cluster_state_unlock(members->state);
  return counts;
}

const char *mc_ejection_name(mc_ejection reason) {
  switch (reason) {
    case MC_EJECTION_CONSECUTIVE_5XX:
      return "consecutive_5xx";
    case MC_EJECTION_CONSECUTIVE_GATEWAY_FAILURE:
      return "consecutive_gateway_failure";
    case MC_EJECTION_CONSECUTIVE_LOCAL_ORIGIN_FAILURE:
      return "consecutive_local_origin_failure";
    case MC_EJECTION_SUCCESS_RATE:
      return "success_rate";
    case MC_EJECTION_SUCCESS_RATE_LOCAL_ORIGIN:
      return "local_origin_success_rate";
    case MC_EJECTION_FAILURE_PERCENTAGE:
      return "failure_percentage";
    case MC_EJECTION_FAILURE_PERCENTAGE_LOCAL_ORIGIN:
      return "local_origin_failure_percentage";
  }
  return "";
}
