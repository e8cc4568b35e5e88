/* A clock for one thread at a time that reads it often: mc_platform_now_ns() by the processor's counter.
 *
 * The system's clock takes longer to read than most of what we do by it. It is the processor's counter as well, which the
 * system reads only after all that was begun before has ended, and turns into nanoseconds by a rate that it corrects now
 * and then. So we learn the rate from readings of both, and go by the counter alone for a millisecond after each of them
 * (as Abseil does it, absl/time/clock.cc). What is told is at most a microsecond behind the system's clock, and never goes
 * back. The rate must have come out the same twice; where it changes, as when a virtual machine moves, or where the system
 * does not trust the counter, all is as if there were none.
 */
#ifndef MC_PLATFORM_CLOCK_H
#define MC_PLATFORM_CLOCK_H

#include "platform.h"

#if defined(__linux__) && defined(__x86_64__) && defined(__GNUC__)
#define MC_CLOCK_TICKS() ((uint64_t)__builtin_ia32_rdtsc())
#endif

/* For so many nanoseconds we go by the counter alone. */
#define MC_CLOCK_TRUST UINT64_C(1000000)

/* Begins as all zero. */
typedef struct mc_clock {
  uint64_t ticks, ns;  /* as of the last reading of the system's clock */
  uint64_t rate;       /* nanoseconds of a tick, times 2^32 */
  uint64_t most;       /* ticks for which it holds; 0: there is none to go by */
  uint64_t learnt;     /* what the last two readings make of the rate */
  bool asked, ticking; /* whether the system was asked about the counter, and trusts it */
} mc_clock;

/* By the system's clock. */
uint64_t mc_clock_read(mc_clock *clock);
/* Both were read at one time. */
void mc_clock_learn(mc_clock *clock, uint64_t ticks, uint64_t ns);

/* The time after so many ticks, fewer than `most`. */
static inline uint64_t mc_clock_after(const mc_clock *clock, uint64_t passed) {
  return clock->ns + (passed * clock->rate >> 32);
}

static inline uint64_t mc_clock_now_ns(mc_clock *clock) {
#ifdef MC_CLOCK_TICKS
  const uint64_t passed = MC_CLOCK_TICKS() - clock->ticks;
  if (passed < clock->most) return mc_clock_after(clock, passed);
#endif
  return mc_clock_read(clock);
}

#endif
