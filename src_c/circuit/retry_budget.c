#include "circuit/retry_budget.h"

uint32_t mc_retry_budget_limit(const mc_thresholds *thresholds, uint32_t active) {
  double share = thresholds->budget_percent / 100.0 * active; /* in this order, as Envoy rounds */
  uint32_t least = thresholds->min_retry_concurrency;
  if (share >= UINT32_MAX) return UINT32_MAX;
  return share > least ? (uint32_t)share : least;
}
