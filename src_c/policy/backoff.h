/* How long to wait before the next attempt, as Envoy does it (source/common/common/backoff_strategy.cc): exponential
 * with full jitter (M. Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015), or what the
 * upstream asks for and up to half of that more. */
#ifndef MC_POLICY_BACKOFF_H
#define MC_POLICY_BACKOFF_H

#include <stdint.h>

typedef struct mc_backoff {
  uint64_t next_ns; /* below which the next wait is drawn; above 0 */
  uint64_t max_ns;
  uint64_t draws; /* the state of its random numbers */
} mc_backoff;

/* From 0 to next_ns, which then doubles up to max_ns. */
uint64_t mc_backoff_next(mc_backoff *backoff);
/* From ns to 1.5 times that. */
uint64_t mc_backoff_at_least(mc_backoff *backoff, uint64_t ns);

#endif
