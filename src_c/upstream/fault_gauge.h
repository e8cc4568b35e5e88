/* How many requests of a listener a fault is active on. Shared by the snapshots that know a listener of that name,
 * so that a swap lets nothing more in than max_active_faults says. */
#ifndef MC_UPSTREAM_FAULT_GAUGE_H
#define MC_UPSTREAM_FAULT_GAUGE_H

#include "upstream/runtime.h"

typedef struct mc_fault_gauge {
  atomic_uint_fast64_t active;
  atomic_uint_fast64_t aborts, delays, rate_limits, overflows; /* so far */
  uint32_t references;
  struct mc_fault_gauge *next;
  mc_slice name;
} mc_fault_gauge;

/* Adds a reference, making the gauge where it is new; NULL where memory is out. Both under mc_runtime_lock. */
mc_fault_gauge *mc_fault_gauge_of(mc_runtime *runtime, mc_slice name);
void mc_fault_gauge_release(mc_runtime *runtime, mc_fault_gauge *gauge);

/* Counts one more where fewer than most are active; else counts an overflow. */
bool mc_fault_gauge_enter(mc_fault_gauge *gauge, uint64_t most);
void mc_fault_gauge_leave(mc_fault_gauge *gauge);

static inline void mc_fault_gauge_count(atomic_uint_fast64_t *counter) {
  atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

#endif
