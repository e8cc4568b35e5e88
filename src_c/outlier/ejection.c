#include "outlier/ejection.h"

#include "base/rng.h"

static uint64_t load(const atomic_uint_fast64_t *at) { return atomic_load_explicit(at, memory_order_relaxed); }

static void store(atomic_uint_fast64_t *at, uint64_t value) { atomic_store_explicit(at, value, memory_order_relaxed); }

/* Not much more than ejections can have made it: as long as it decays, sweeps that were missed are made up for one by one.
 * In a shared state any number may stand there. */
static uint64_t multiplier_of(const mc_outlier_spec *spec, const mc_outlier_host *host) {
  enum { ANY = 1 << 16 };
  const uint64_t base = spec->base_ejection_time_ns, most = base ? spec->max_ejection_time_ns / base + 2 : 0;
  const uint64_t multiplier = atomic_load_explicit(&host->multiplier, memory_order_relaxed);
  return multiplier <= ANY || multiplier <= most ? multiplier : ANY;
}

static bool may_eject(const mc_members *members, const mc_host_state *host) {
  const mc_outlier_spec *spec = members->outlier;
  uint32_t others = 0, here = 0;
  for (uint32_t i = 0; i < members->host_count; i++) {
    const mc_host_state *one = members->hosts[i].state;
    here += one == host; /* more than once, where the address is given twice */
    others += one != host && mc_is_ejected(one);
  }
  if (!here) return false; /* it has left the cluster */
  if (spec->always_eject_one_host && !others) return true;
  uint32_t most = spec->max_ejection_percent < 100 ? spec->max_ejection_percent : 100;
  return 100.0 * (others + here) / members->host_count <= most;
}

void mc_eject(const mc_members *members, mc_host_state *state, mc_ejection reason, uint64_t now_ns) {
  const mc_outlier_spec *spec = members->outlier;
  mc_outlier_cluster *cluster = members->state->outlier;
  mc_outlier_host *host = state->outlier;
  if (mc_is_ejected(state)) return;
  cluster->counts.detected[reason]++;
  if (!may_eject(members, state)) {
    cluster->counts.overflow++;
    return;
  }
  if (mc_splitmix64(&cluster->random) % 100 >= spec->enforcing[reason]) return;
  cluster->counts.enforced[reason]++;
  uint64_t multiplier = multiplier_of(spec, host);
  uint64_t jitter = mc_splitmix64(&cluster->random);
  store(&host->jitter_ns, spec->max_ejection_time_jitter_ns ? jitter % (spec->max_ejection_time_jitter_ns + 1) : 0);
  store(&host->ejected_at_ns, now_ns);
  /* Beyond the maximum it need not grow. */
  if (multiplier * (double)spec->base_ejection_time_ns <
      (double)spec->max_ejection_time_ns + (double)spec->base_ejection_time_ns) {
    atomic_store_explicit(&host->multiplier, multiplier + 1, memory_order_relaxed);
  }
  atomic_fetch_add_explicit(&host->ejections, 1, memory_order_relaxed);
  atomic_store_explicit(&host->reason, reason, memory_order_relaxed);
  mc_host_state_eject(state, true, now_ns);
}

void mc_uneject(mc_host_state *state, uint64_t now_ns) {
  mc_outlier_host *host = state->outlier;
  for (int row = 0; row < MC_ROWS; row++) mc_outlier_host_forget(host, row);
  store(&host->unejected_at_ns, now_ns);
  mc_host_state_eject(state, false, now_ns);
}

uint64_t mc_ejection_end(const mc_outlier_spec *spec, const mc_outlier_host *host) {
  uint64_t multiplier = multiplier_of(spec, host);
  bool most = (double)multiplier * (double)spec->base_ejection_time_ns >= (double)spec->max_ejection_time_ns;
  uint64_t lasts = most ? spec->max_ejection_time_ns : multiplier * spec->base_ejection_time_ns;
  return load(&host->ejected_at_ns) + lasts + load(&host->jitter_ns);
}

bool mc_ejection_decay(const mc_outlier_spec *spec, mc_outlier_host *host, uint64_t now_ns) {
  uint64_t multiplier = multiplier_of(spec, host);
  if (!multiplier) return false;
  if (load(&host->unejected_at_ns) + spec->interval_ns <= now_ns) multiplier--;
  atomic_store_explicit(&host->multiplier, multiplier, memory_order_relaxed);
  return multiplier;
}
