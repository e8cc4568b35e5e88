/* Circuit breakers as Envoy has them: no more than so many of a resource at a time.
 *
 * The limits belong to a configuration; what is counted against them outlives it. Counts are exact under threads:
 * a limit is never passed, and nobody is refused for what another one tried in vain.
 */
#ifndef MC_CIRCUIT_BREAKER_H
#define MC_CIRCUIT_BREAKER_H

#include <stdatomic.h>

#include "meshcore.h"

/* How much is taken: the lower half. The upper one is 0, unless processes share it: shared/held.h. */
typedef _Atomic(uint64_t) mc_count;

/* What is taken, by mc_resource. */
typedef struct mc_breaker_counts {
  mc_count used[MC_RESOURCES];
  atomic_uint_fast64_t overflows[MC_RESOURCES];
} mc_breaker_counts;

struct mc_breaker {
  mc_thresholds thresholds;
  mc_breaker_counts counts;
};

/* Envoy's limits where a configuration sets none. */
mc_thresholds mc_thresholds_default(void);

/* One more, where that stays within the limit. Nothing is ordered by it. One that is shared is never within it. alone: no
 * other thread changes it meanwhile, so that it takes no locked instruction. */
static inline bool mc_count_take_as(mc_count *count, uint32_t limit, bool alone) {
  uint64_t now = atomic_load_explicit(count, memory_order_relaxed);
  if (alone && now < limit) {
    atomic_store_explicit(count, now + 1, memory_order_relaxed);
    return true;
  }
  do {
    if (now >= limit) return false;
  } while (!atomic_compare_exchange_weak_explicit(count, &now, now + 1, memory_order_relaxed, memory_order_relaxed));
  return true;
}

static inline bool mc_count_take(mc_count *count, uint32_t limit) { return mc_count_take_as(count, limit, false); }

static inline uint32_t mc_counts_used(const mc_breaker_counts *counts, mc_resource resource) {
  return (uint32_t)atomic_load_explicit(&counts->used[resource], memory_order_relaxed);
}

static inline void mc_counts_give(mc_breaker_counts *counts, mc_resource resource) {
  atomic_fetch_sub_explicit(&counts->used[resource], 1, memory_order_relaxed);
}

/* Likewise, where no other thread changes it meanwhile. */
static inline void mc_counts_give_alone(mc_breaker_counts *counts, mc_resource resource) {
  mc_count *count = &counts->used[resource];
  atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) - 1, memory_order_relaxed);
}

/* A refusal, for the statistics. */
static inline bool mc_counts_refuse(mc_breaker_counts *counts, mc_resource resource) {
  atomic_fetch_add_explicit(&counts->overflows[resource], 1, memory_order_relaxed);
  return false;
}

/* What the limit of a resource is now. A retry budget goes by MC_RESOURCE_REQUESTS alone: whoever waits for a
 * connection has been counted there since the request was decided. (Envoy, which counts it when it gets its
 * connection, adds those that are pending.) */
uint32_t mc_counts_limit(const mc_breaker_counts *counts, const mc_thresholds *thresholds, mc_resource resource);

/* One more of a resource; false where that is refused. */
static inline bool mc_counts_take(mc_breaker_counts *counts, const mc_thresholds *thresholds, mc_resource resource) {
  if (mc_count_take(&counts->used[resource], mc_counts_limit(counts, thresholds, resource))) return true;
  return mc_counts_refuse(counts, resource);
}

mc_usage mc_counts_usage(const mc_breaker_counts *counts, const mc_thresholds *thresholds, mc_resource resource);

#endif
