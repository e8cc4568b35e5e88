#include "circuit/breaker.h"

#include <stdlib.h>

#include "circuit/retry_budget.h"

mc_thresholds mc_thresholds_default(void) {
  return (mc_thresholds){.max = {1024, 1024, 1024, 3}, .max_host_connections = UINT32_MAX};
}

uint32_t mc_counts_limit(const mc_breaker_counts *counts, const mc_thresholds *thresholds, mc_resource resource) {
  if (resource != MC_RESOURCE_RETRIES || !thresholds->retry_budget) return thresholds->max[resource];
  return mc_retry_budget_limit(thresholds, mc_counts_used(counts, MC_RESOURCE_REQUESTS));
}

mc_usage mc_counts_usage(const mc_breaker_counts *counts, const mc_thresholds *thresholds, mc_resource resource) {
  return (mc_usage){
      .limit = mc_counts_limit(counts, thresholds, resource),
      .used = mc_counts_used(counts, resource),
      .overflows = atomic_load_explicit(&counts->overflows[resource], memory_order_relaxed),
  };
}

mc_breaker *mc_breaker_new(const mc_thresholds *thresholds) {
  mc_breaker *breaker = calloc(1, sizeof *breaker);
  if (breaker) breaker->thresholds = *thresholds;
  return breaker;
}

void mc_breaker_free(mc_breaker *breaker) { free(breaker); }

bool mc_breaker_take(mc_breaker *breaker, mc_resource resource) {
  return mc_counts_take(&breaker->counts, &breaker->thresholds, resource);
}

/* Counts down to 0 and no further, since callers of a component make mistakes. */
bool mc_breaker_give(mc_breaker *breaker, mc_resource resource) {
  mc_count *used = &breaker->counts.used[resource];
  uint64_t now = atomic_load_explicit(used, memory_order_relaxed);
  do {
    if (!now) return false;
  } while (!atomic_compare_exchange_weak_explicit(used, &now, now - 1, memory_order_relaxed, memory_order_relaxed));
  return true;
}

mc_usage mc_breaker_usage(const mc_breaker *breaker, mc_resource resource) {
  return mc_counts_usage(&breaker->counts, &breaker->thresholds, resource);
}
