/* POSIX and a few names beyond it. */
#define _DEFAULT_SOURCE

#include "platform_clock.h"

#include <stdio.h>
#include <string.h>

/* Longer than two readings of the processor's counter take, with one of the system's clock between them. Where they took
 * longer, the thread was held up, and nobody knows when the system's clock was read. */
enum { LONGEST_READING = 500 };

#ifdef MC_CLOCK_TICKS
/* The system tests the counter: it takes it for its own clock where it runs evenly and is the same on all processors. */
static bool is_trusted_by_the_system(void) {
  char name[16] = "";
  FILE *file = fopen("/sys/devices/system/clocksource/clocksource0/current_clocksource", "r");
  if (file) {
    if (!fgets(name, sizeof name, file)) name[0] = '\0';
    fclose(file);
  }
  return !strcmp(name, "tsc\n");
}
#endif

void mc_clock_learn(mc_clock *clock, uint64_t ticks, uint64_t ns) {
  const uint64_t passed = ticks - clock->ticks, took = ns - clock->ns;
  if (clock->ns && took < MC_CLOCK_TRUST - MC_CLOCK_TRUST / 8) return; /* too soon to tell */
  const uint64_t before = clock->learnt;
  const double rate = clock->ns && passed ? (double)took / (double)passed * 4294967296.0 : 0;
  clock->learnt = rate < 1 || rate > 1e15 ? 0 : (uint64_t)rate; /* no counter is so fast or so slow */
  clock->ticks = ticks;
  clock->ns = ns;
  clock->most = 0;
  const uint64_t apart = before > clock->learnt ? before - clock->learnt : clock->learnt - before;
  if (!clock->learnt || apart > before / 512) return;
  /* A thousandth slower than it is, so that the next reading of the system's clock is never before what was told. */
  clock->rate = clock->learnt - clock->learnt / 1024;
  clock->most = (MC_CLOCK_TRUST << 32) / clock->learnt;
}

uint64_t mc_clock_read(mc_clock *clock) {
#ifdef MC_CLOCK_TICKS
  if (!clock->asked) {
    clock->asked = true;
    clock->ticking = is_trusted_by_the_system();
  }
  if (clock->ticking) {
    const uint64_t before = MC_CLOCK_TICKS(), now = mc_platform_now_ns(), reading = MC_CLOCK_TICKS() - before;
    if (reading < LONGEST_READING) mc_clock_learn(clock, before + reading / 2, now);
    return now;
  }
#endif
  return mc_platform_now_ns();
}
