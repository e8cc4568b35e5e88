/* Envoy's gradient controller (source/extensions/filters/http/adaptive_concurrency/controller/gradient_controller.cc),
 * after Netflix' "Performance Under Load": in windows of samples,
 *
 *   gradient = (min RTT + buffer) / sampled RTT, at least 0.5 and at most 2
 *   limit    = limit * gradient + sqrt(limit * gradient), within its bounds
 *
 * The min RTT is given, or measured now and then, while few requests are let through. Envoy's timers are times here:
 * what has become due is done by whoever comes next, in the order and at the times at which timers would have fired.
 */
#ifndef MC_CONCURRENCY_GRADIENT_H
#define MC_CONCURRENCY_GRADIENT_H

#include "concurrency/latencies.h"
#include "meshcore.h"

typedef struct mc_gradient {
  mc_latencies samples;
  atomic_uint measuring; /* the limit from before the min RTT began to be measured; 0: it is not being measured */
  atomic_uint_fast64_t epoch_ns; /* requests from before say nothing */
  atomic_uint_fast64_t due_ns;   /* the earlier of the next two times */
  /* For those who ask how it stands. */
  atomic_uint_fast64_t min_rtt_us, sample_rtt_us;
  _Atomic double gradient, headroom;
  atomic_flag busy; /* somebody does what is due: of what follows */
  uint64_t update_ns, measure_ns; /* when a window of samples ends, and when measuring begins; UINT64_MAX: not */
  uint32_t at_minimum;            /* windows in a row that left the limit at its minimum */
  uint64_t random;
} mc_gradient;

/* limit: of a limiter that nobody has yet. */
void mc_gradient_start(mc_gradient *gradient, const mc_gradient_spec *spec, atomic_uint *limit, uint64_t now_ns,
                       uint64_t seed);

/* Does what is due, unless somebody is at it. */
void mc_gradient_sweep(mc_gradient *gradient, const mc_gradient_spec *spec, atomic_uint *limit, uint64_t now_ns);

static inline void mc_gradient_advance(mc_gradient *gradient, const mc_gradient_spec *spec, atomic_uint *limit,
                                       uint64_t now_ns) {
  if (now_ns < atomic_load_explicit(&gradient->due_ns, memory_order_relaxed)) return;
  mc_gradient_sweep(gradient, spec, limit, now_ns);
}

/* A request that began then has been answered now. */
void mc_gradient_sample(mc_gradient *gradient, const mc_gradient_spec *spec, atomic_uint *limit, uint64_t start_ns,
                        uint64_t now_ns);

#endif
