#include "concurrency/aimd.h"

static const double ONE = 4294967296.0;

static uint64_t exact_of(double limit) { return (uint64_t)(limit * ONE); }

/* Readers see the whole part. A thread that comes late may set what was the limit a moment ago: the next sample makes
 * good for it. */
static void tell(const mc_aimd *aimd, atomic_uint *limit) {
  const uint64_t exact = atomic_load_explicit(&aimd->exact, memory_order_relaxed);
  atomic_store_explicit(limit, (uint32_t)(exact >> 32), memory_order_relaxed);
}

void mc_aimd_start(mc_aimd *aimd, const mc_aimd_spec *spec, atomic_uint *limit) {
  atomic_store(&aimd->exact, exact_of(spec->initial_limit));
  atomic_store(&aimd->lowered_ns, 0);
  tell(aimd, limit);
}

static uint64_t raised(uint64_t exact, const mc_aimd_spec *spec) {
  const double limit = (double)exact / ONE, to = limit + spec->increase / limit;
  return exact_of(to < spec->max_limit ? to : spec->max_limit);
}

static uint64_t lowered(uint64_t exact, const mc_aimd_spec *spec) {
  const uint32_t limit = (uint32_t)(exact >> 32), share = (uint32_t)(limit * spec->backoff_ratio);
  const uint32_t to = share < limit ? share : limit - 1;
  return exact_of(to > spec->min_limit ? to : spec->min_limit);
}

/* Whether this request is the first one of its round that asks for less. */
static bool first_of_round(mc_aimd *aimd, uint64_t start_ns, uint64_t now_ns) {
  uint_fast64_t last = atomic_load_explicit(&aimd->lowered_ns, memory_order_relaxed);
  do {
    if (start_ns < last) return false;
  } while (!atomic_compare_exchange_weak_explicit(&aimd->lowered_ns, &last, now_ns, memory_order_relaxed,
                                                  memory_order_relaxed));
  return true;
}

void mc_aimd_sample(mc_aimd *aimd, const mc_aimd_spec *spec, atomic_uint *limit, uint32_t in_flight, uint64_t start_ns,
                    uint64_t now_ns, bool failed) {
  const bool late = spec->latency_threshold_ns && now_ns > start_ns && now_ns - start_ns > spec->latency_threshold_ns;
  const bool lower = failed || late;
  if (lower && !first_of_round(aimd, start_ns, now_ns)) return;
  if (!lower && (uint64_t)in_flight * 2 < atomic_load_explicit(limit, memory_order_relaxed)) return;
  uint_fast64_t exact = atomic_load_explicit(&aimd->exact, memory_order_relaxed), to;
  do {
    to = lower ? lowered(exact, spec) : raised(exact, spec);
  } while (!atomic_compare_exchange_weak_explicit(&aimd->exact, &exact, to, memory_order_relaxed,
                                                  memory_order_relaxed));
  if (to != exact) tell(aimd, limit);
}
