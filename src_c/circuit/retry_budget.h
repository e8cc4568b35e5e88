/* Envoy's retry budget: so many retries at once as are a share of the requests under way. */
#ifndef MC_CIRCUIT_RETRY_BUDGET_H
#define MC_CIRCUIT_RETRY_BUDGET_H

#include "meshcore.h"

/* How many retries there may be at once, with so many requests under way: their share, rounded down, and never
 * fewer than the least. */
uint32_t mc_retry_budget_limit(const mc_thresholds *thresholds, uint32_t active);

#endif
