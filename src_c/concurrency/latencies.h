/* Latencies of a window, in bounded memory: a log-linear histogram. Ninety bins a decade, so that a bin is a tenth of
 * its lower end wide at most, and a quantile, interpolated within its bin, is wrong by less than that. These are the
 * bins and the interpolation of libcircllhist (double_to_hist_bucket, hist_approx_quantile), by which Envoy's
 * controller goes: equal samples have equal quantiles.
 *
 * Samples are added by many threads at once, without a lock.
 */
#ifndef MC_CONCURRENCY_LATENCIES_H
#define MC_CONCURRENCY_LATENCIES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* From 1 us on; what is longer than 10^10 us (2 h 46 min) counts as that. */
enum { MC_LATENCY_DECADES = 10, MC_LATENCY_BINS = 1 + 90 * MC_LATENCY_DECADES };

/* All zero: none yet. */
typedef struct mc_latencies {
  atomic_uint count; /* at least as many as are in the bins */
  atomic_uint bins[MC_LATENCY_BINS];
} mc_latencies;

void mc_latencies_add(mc_latencies *latencies, uint64_t us);

static inline uint32_t mc_latencies_count(const mc_latencies *latencies) {
  return atomic_load_explicit(&latencies->count, memory_order_relaxed);
}

/* Takes all samples out. False: there was none. quantile: 0 to 1. By one thread at a time. */
bool mc_latencies_take(mc_latencies *latencies, double quantile, uint64_t *us);

#endif
