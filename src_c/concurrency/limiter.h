/* How many requests may be under way at once, as what comes of them tells. */
#ifndef MC_CONCURRENCY_LIMITER_H
#define MC_CONCURRENCY_LIMITER_H

#include "concurrency/aimd.h"
#include "concurrency/gradient.h"

struct mc_concurrency {
  mc_concurrency_spec spec;
  atomic_uint in_flight, limit;
  atomic_uint_fast64_t refused;
  union {
    mc_gradient gradient;
    mc_aimd aimd;
  } of;
};

/* Whether they would limit alike. */
bool mc_concurrency_spec_equal(const mc_concurrency_spec *a, const mc_concurrency_spec *b);

/* A request less, of those that were let in. */
static inline void mc_concurrency_leave(mc_concurrency *limiter) {
  atomic_fetch_sub_explicit(&limiter->in_flight, 1, memory_order_relaxed);
}

/* Whether a request would be let in now. */
static inline bool mc_concurrency_has_room(const mc_concurrency *limiter) {
  return atomic_load_explicit(&limiter->in_flight, memory_order_relaxed) <
         atomic_load_explicit(&limiter->limit, memory_order_relaxed);
}

#endif
