/* The clock by the processor's counter: what is learnt of its rate, and that it tells the system's time. */
#include "platform_clock.h"

#include "check.h"

enum { GHZ = 3, MS = 1000000 };

/* Readings of a counter of 3 GHz, that many milliseconds after the beginning. */
static void read_at(mc_clock *clock, uint64_t ms) { mc_clock_learn(clock, 77 + ms * MS * GHZ, 5 + ms * MS); }

static void test_a_rate_must_come_out_twice(void) {
  mc_clock clock = {0};
  read_at(&clock, 1);
  CHECK_INT(clock.most, 0);
  read_at(&clock, 2);
  CHECK_INT(clock.most, 0);
  read_at(&clock, 3);
  CHECK(clock.most >= MS * GHZ && clock.most <= MS * GHZ + 1);
  CHECK_INT(mc_clock_after(&clock, 0), 5 + 3 * MS);
  read_at(&clock, 5000000); /* long after: it is the same rate still */
  CHECK(clock.most > 0);
}

static void test_what_is_told_is_a_little_behind(void) {
  mc_clock clock = {0};
  for (uint64_t ms = 1; ms <= 3; ms++) read_at(&clock, ms);
  uint64_t last = 0;
  for (uint64_t passed = 0; passed < clock.most; passed += 997) {
    const uint64_t now = mc_clock_after(&clock, passed), is = clock.ns + passed / GHZ;
    CHECK(now >= last && now <= is && is - now <= 1000);
    last = now;
  }
}

static void test_readings_that_come_too_soon_say_nothing(void) {
  mc_clock clock = {0};
  read_at(&clock, 1);
  mc_clock_learn(&clock, 78 + MS * GHZ, 5 + MS + 100000);
  CHECK_INT(clock.ns, 5 + MS);
  read_at(&clock, 2);
  read_at(&clock, 3);
  CHECK(clock.most > 0);
}

static void test_a_rate_that_changes_is_learnt_anew(void) {
  mc_clock clock = {0};
  for (uint64_t ms = 1; ms <= 3; ms++) read_at(&clock, ms);
  uint64_t ticks = clock.ticks, ns = clock.ns;
  mc_clock_learn(&clock, ticks += 2 * MS, ns += MS); /* on another machine, or asleep meanwhile */
  CHECK_INT(clock.most, 0);
  mc_clock_learn(&clock, ticks += 2 * MS, ns += MS);
  CHECK(clock.most >= 2 * MS && clock.most <= 2 * MS + 1);
  mc_clock_learn(&clock, ticks -= 5 * MS, ns += MS); /* the counter went back */
  CHECK_INT(clock.most, 0);
  mc_clock_learn(&clock, ticks, ns += MS); /* and stands still */
  CHECK_INT(clock.most, 0);
  mc_clock_learn(&clock, ticks, ns += MS);
  CHECK_INT(clock.most, 0);
}

static void test_it_tells_the_time(void) {
  mc_clock clock = {0};
  uint64_t last = 0, end = mc_platform_now_ns() + 20 * MS, before;
  while ((before = mc_platform_now_ns()) < end) {
    const uint64_t now = mc_clock_now_ns(&clock), after = mc_platform_now_ns();
    CHECK(now >= last && now + 2000 >= before && now <= after + 2000);
    last = now;
  }
}

int main(void) {
  test_a_rate_must_come_out_twice();
  test_what_is_told_is_a_little_behind();
  test_readings_that_come_too_soon_say_nothing();
  test_a_rate_that_changes_is_learnt_anew();
  test_it_tells_the_time();
  return check_finish();
}
