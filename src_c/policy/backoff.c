#include "policy/backoff.h"

#include "base/rng.h"

uint64_t mc_backoff_next(mc_backoff *backoff) {
  const uint64_t below = backoff->next_ns;
  backoff->next_ns = below < backoff->max_ns / 2 ? 2 * below : backoff->max_ns;
  uint64_t wait = mc_splitmix64(&backoff->draws) % below;
  return wait < backoff->max_ns ? wait : backoff->max_ns;
}

uint64_t mc_backoff_at_least(mc_backoff *backoff, uint64_t ns) {
  return ns < 2 ? ns : ns + mc_splitmix64(&backoff->draws) % (ns / 2);
}
