/* As Envoy's DetectorImpl::onIntervalTimer (source/common/upstream/outlier_detection_impl.cc). */
#include "outlier/sweep.h"

#include "outlier/success_rate.h"

/* What was counted is in the turn that it was counted in; the other one is taken for the interval that begins. True
 * where anything was. */
static bool turn_over(const mc_members *members, unsigned ended) {
  mc_outlier_cluster *cluster = members->state->outlier;
  bool busy = false;
  for (uint32_t i = 0; i < members->host_count; i++) {
    mc_outlier_host *host = members->hosts[i].state->outlier;
    for (int origin = 0; origin < MC_ORIGINS; origin++) {
      atomic_store_explicit(&host->requests[origin][!ended], 0, memory_order_relaxed);
      busy |= atomic_load_explicit(&host->requests[origin][ended], memory_order_relaxed) != 0;
      mc_success_rate_show(host, origin, -1);
    }
  }
  for (int origin = 0; origin < MC_ORIGINS; origin++) {
    cluster->counts.average[origin] = cluster->counts.threshold[origin] = -1;
  }
  atomic_store_explicit(&cluster->turn, !ended, memory_order_relaxed);
  return busy;
}

/* One sweep. From what time on another one can change anything, unless there are reports before. */
static uint64_t sweep(const mc_members *members, uint64_t now_ns) {
  const mc_outlier_spec *spec = members->outlier;
  unsigned ended = mc_outlier_turn(members->state->outlier);
  for (uint32_t i = 0; i < members->host_count; i++) {
    mc_host_state *host = members->hosts[i].state;
    if (mc_is_ejected(host) && mc_ejection_end(spec, host->outlier) <= now_ns) mc_uneject(host, now_ns);
  }
  bool busy = turn_over(members, ended);
  for (int origin = 0; busy && origin < MC_ORIGINS; origin++) mc_success_rate_detect(members, origin, ended, now_ns);
  uint64_t next = busy ? now_ns : UINT64_MAX;
  for (uint32_t i = 0; i < members->host_count; i++) {
    mc_host_state *host = members->hosts[i].state;
    uint64_t then = UINT64_MAX;
    if (mc_is_ejected(host)) {
      then = mc_ejection_end(spec, host->outlier);
    } else if (mc_ejection_decay(spec, host->outlier, now_ns)) {
      then = now_ns;
    }
    if (then < next) next = then;
  }
  return next;
}

/* The tick to sweep at after one: the first behind now, or one before it that is not before next. */
static uint64_t tick_after(uint64_t tick, uint64_t interval, uint64_t next, uint64_t now_ns) {
  uint64_t least = next <= now_ns ? next : now_ns + 1;
  tick += interval;
  return tick >= least ? tick : tick + (least - tick + interval - 1) / interval * interval;
}

/* A time to which intervals can be added: ticks that start over at 0 would be due for ever. */
static uint64_t bounded(uint64_t now_ns) {
  const uint64_t most = UINT64_C(1) << 63;
  return now_ns < most ? now_ns : most;
}

void mc_outlier_sweep_due(const mc_members *members, uint64_t now_ns) {
  now_ns = bounded(now_ns);
  mc_outlier_arm(members, now_ns); /* the clock may have gone back */
  uint64_t due = members->state->live->sweep_ns;
  while (due <= now_ns) {
    mc_cluster_state_merge(members->state, due);
    due = tick_after(due, members->outlier->interval_ns, sweep(members, due), now_ns);
  }
  mc_cluster_state_sweep_at(members->state, due);
}

/* Times that have not been yet are those of a clock that has gone back since: nobody waits for them. */
static void not_after(atomic_uint_fast64_t *at, uint64_t now_ns) {
  if (atomic_load_explicit(at, memory_order_relaxed) > now_ns) atomic_store_explicit(at, now_ns, memory_order_relaxed);
}

void mc_outlier_arm(const mc_members *members, uint64_t now_ns) {
  uint64_t latest = now_ns + members->outlier->interval_ns;
  if (members->state->live->sweep_ns <= latest) return;
  mc_cluster_state_sweep_at(members->state, latest);
  for (uint32_t i = 0; i < members->host_count; i++) {
    not_after(&members->hosts[i].state->outlier->ejected_at_ns, now_ns);
    not_after(&members->hosts[i].state->outlier->unejected_at_ns, now_ns);
  }
}
