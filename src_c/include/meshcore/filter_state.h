/* What the filters of a snapshot's listeners have done so far: faults, limits, adaptive concurrency. */
#ifndef MESHCORE_FILTER_STATE_H
#define MESHCORE_FILTER_STATE_H

#include "meshcore/snapshot.h"

/* What the fault filter of a listener did so far, and requests under way on which it acts. */
typedef struct mc_fault_counts {
  uint64_t active, aborts, delays, rate_limits, overflows;
} mc_fault_counts;

/* False where no fault can meet the listener's requests. */
bool mc_snapshot_faults(const mc_snapshot *snapshot, int32_t listener, mc_fault_counts *counts);

/* What a local limit made of the requests so far; under Envoy's names. */
typedef struct mc_limit_counts {
  uint64_t enabled, ok, rate_limited, enforced;
} mc_limit_counts;

/* The next of a snapshot's local limits, in any order; NULL: the first, there is none left. */
const struct mc_local_limit *mc_snapshot_limit(const mc_snapshot *snapshot, const struct mc_local_limit *after);
mc_slice mc_local_limit_scope(const struct mc_local_limit *limit);
mc_limit_counts mc_local_limit_counts(const struct mc_local_limit *limit);

/* Of a limit and a rule: what the spec says. */
mc_slice mc_local_limit_name(const struct mc_local_limit *limit);
mc_slice mc_local_limit_label(const struct mc_local_limit *limit, int32_t rule);

/* Adaptive concurrency of a listener. False: it has no limiter. */
bool mc_snapshot_listener_concurrency(const mc_snapshot *snapshot, int32_t listener, uint64_t now_ns,
                                      mc_concurrency_status *status);

#endif
