/* Envoy's gradient controller, by its formulas: the limits below are worked out by hand. A latency of 10 ms falls into
 * the bin of 10 to 11 ms, so that a window of such has a median of 10.5 ms. */
#include "check.h"
#include "concurrency/gradient.h"

enum { MS = 1000000, FIXED_MS = 10 };

static mc_gradient gradient;
static atomic_uint limit;
static mc_gradient_spec spec;

static mc_gradient_spec usual(void) {
  return (mc_gradient_spec){.percentile = 0.5, .buffer = 0.25, .max_limit = 50, .min_concurrency = 3, .request_count = 5,
                            .update_interval_ns = 100 * (uint64_t)MS, .min_rtt_interval_ns = 1000 * (uint64_t)MS};
}

static void start(uint64_t now_ms) {
  memset(&gradient, 0, sizeof gradient);
  mc_gradient_start(&gradient, &spec, &limit, now_ms * MS, 7);
}

static void advance(uint64_t now_ms) { mc_gradient_advance(&gradient, &spec, &limit, now_ms * MS); }

static void sample(uint64_t now_ms, uint64_t latency_ms) {
  mc_gradient_sample(&gradient, &spec, &limit, (now_ms - latency_ms) * MS, now_ms * MS);
}

static void samples(uint64_t now_ms, uint64_t latency_ms, int times) {
  for (int i = 0; i < times; i++) sample(now_ms, latency_ms);
}

static uint64_t milli(_Atomic double *value) { return (uint64_t)(*value * 1000); }

static void test_a_fixed_min_rtt(void) {
  spec = usual();
  spec.fixed_min_rtt_us = FIXED_MS * 1000;
  start(0);
  CHECK_INT(limit, 3);
  CHECK_INT(gradient.min_rtt_us, 10000);
  /* 12.5 / 10.5 = 1.190: 3 * 1.190 = 3.571, and its root is 1.889 */
  static const unsigned grows[] = {5, 8, 12, 18, 26, 36, 49, 50, 50};
  uint64_t now = 50;
  for (size_t i = 0; i < sizeof grows / sizeof *grows; i++, now += 100) {
    sample(now, 10);
    advance(now + 49);
    CHECK_INT(limit, i ? grows[i - 1] : 3);
    advance(now + 50);
    CHECK_INT(limit, grows[i]);
    CHECK_INT(gradient.sample_rtt_us, 10500);
    CHECK_INT(milli(&gradient.gradient), 1190);
  }
  /* 12.5 / 50.5 is less than a half: 50 / 2 = 25, and its root is 5 */
  static const unsigned shrinks[] = {30, 18, 12, 8, 6, 4, 3, 3};
  for (size_t i = 0; i < sizeof shrinks / sizeof *shrinks; i++, now += 100) {
    sample(now, 50);
    advance(now + 50);
    CHECK_INT(limit, shrinks[i]);
    CHECK_INT(milli(&gradient.gradient), 500);
  }
  sample(now, 1); /* 12.5 / 1.05 is more than two: 6, and its root is 2.449 */
  advance(now + 50);
  CHECK_INT(limit, 8);
  CHECK_INT(milli(&gradient.gradient), 2000);
  CHECK_INT(milli(&gradient.headroom), 2449);
}

/* Of a min RTT and a sample of 0 us nobody can say how they compare. */
static void test_samples_of_nothing(void) {
  spec = usual();
  start(0);
  samples(1, 0, 5);
  CHECK_INT(gradient.min_rtt_us, 0);
  sample(2, 0);
  advance(102);
  CHECK_INT(milli(&gradient.gradient), 2000);
}

static void test_a_window_without_samples_changes_nothing(void) {
  spec = usual();
  spec.fixed_min_rtt_us = FIXED_MS * 1000;
  start(0);
  advance(1000);
  CHECK_INT(limit, 3);
  /* Windows still end at whole tenths of a second. */
  sample(1040, 10);
  advance(1099);
  CHECK_INT(limit, 3);
  advance(1100);
  CHECK_INT(limit, 5);
}

static void test_a_sample_ends_the_window_before_it(void) {
  spec = usual();
  spec.fixed_min_rtt_us = FIXED_MS * 1000;
  start(0);
  sample(50, 10);
  sample(120, 50); /* counts in the next one */
  CHECK_INT(limit, 5);
  CHECK_INT(gradient.sample_rtt_us, 10500);
  advance(200);
  CHECK_INT(gradient.sample_rtt_us, 50500);
}

static void test_the_min_rtt_is_measured_first(void) {
  spec = usual();
  start(500);
  CHECK(gradient.measuring);
  CHECK_INT(limit, 3);
  samples(550, 20, 4);
  advance(5000); /* no window ends while it is measured */
  CHECK_INT(gradient.min_rtt_us, 0);
  sample(5030, 10);
  CHECK(!gradient.measuring);
  /* The third of four and one: 2.5 of five samples, one in 10 to 11 ms and four in 20 to 21 ms. */
  CHECK_INT(gradient.min_rtt_us, 20375);
  CHECK_INT(limit, 3);
  sample(5040, 20);
  advance(5129);
  CHECK_INT(limit, 3);
  advance(5130); /* 25.46 / 20.5 = 1.242: 3.727 and 1.930 */
  CHECK_INT(limit, 5);
}

static void test_it_is_measured_again_and_the_limit_comes_back(void) {
  spec = usual();
  start(0);
  samples(10, 10, 5);
  for (uint64_t now = 20; now < 910; now += 100) {
    sample(now, 10);
    advance(now + 99);
  }
  const unsigned before = limit;
  CHECK_INT(before, 50);
  advance(1009);
  CHECK_INT(limit, before);
  sample(1009, 10);
  advance(1010);
  CHECK_INT(limit, 3);
  CHECK(gradient.measuring);
  samples(1015, 10, 20); /* they began before */
  CHECK(gradient.measuring);
  samples(1030, 20, 4);
  CHECK(gradient.measuring);
  sample(1031, 21);
  CHECK(!gradient.measuring);
  CHECK_INT(limit, before);
  CHECK_INT(gradient.min_rtt_us, 20625);
  advance(2030);
  CHECK(!gradient.measuring);
  advance(2031);
  CHECK(gradient.measuring);
}

static void test_a_least_limit_of_its_own(void) {
  spec = usual();
  spec.min_limit = 7;
  start(0);
  CHECK_INT(limit, 3); /* that of measuring */
  CHECK(gradient.measuring);
  samples(10, 10, 5);
  CHECK_INT(limit, 3); /* as it was at first */
  sample(90, 60); /* 1.5 and 1.22: less than the least */
  advance(110);
  CHECK_INT(limit, 7);
  sample(120, 10);
  advance(210); /* 13.125 / 10.5: 8.75 and 2.958 */
  CHECK_INT(limit, 11);
  advance(1010);
  CHECK(gradient.measuring);
  CHECK_INT(limit, 3);
  samples(1030, 10, 5);
  CHECK_INT(limit, 11);
  spec.fixed_min_rtt_us = FIXED_MS * 1000;
  start(0);
  CHECK_INT(limit, 7); /* nothing is measured */
}

/* Measuring lets no more in than there may be without it. Five windows at the least are five at the least limit's own. */
static void test_a_least_limit_below_that_of_measuring(void) {
  spec = usual();
  spec.min_limit = 2;
  spec.min_rtt_interval_ns = 100000 * (uint64_t)MS;
  start(0);
  CHECK_INT(limit, 3);
  samples(10, 10, 5);
  uint64_t now = 100;
  for (int i = 0; i < 6; i++, now += 100) {
    sample(now, 90); /* 1.5 and 1.22; from then on 1 and 1 */
    advance(now + 10);
    CHECK_INT(limit, 2);
    CHECK_INT(gradient.measuring, i < 5 ? 0 : 2);
  }
  samples(now + 91, 90, 5);
  CHECK(!gradient.measuring);
  CHECK_INT(limit, 2);
}

/* Too high a min RTT would let the limit grow for ever; too low a one keeps it at its least. */
static void test_five_windows_at_the_least_measure_anew(void) {
  spec = usual();
  spec.min_rtt_interval_ns = 100000 * (uint64_t)MS;
  start(0);
  samples(10, 10, 5);
  uint64_t now = 100;
  for (int i = 0; i < 4; i++, now += 100) {
    sample(now, 90);
    advance(now + 10);
    CHECK(!gradient.measuring);
  }
  sample(now, 90);
  advance(now + 9);
  CHECK(!gradient.measuring);
  advance(now + 10);
  CHECK(gradient.measuring);
  samples(now + 101, 90, 5);
  CHECK(!gradient.measuring);
  CHECK_INT(gradient.min_rtt_us, 90500);
}

static void test_a_limit_that_moves_is_not_stuck(void) {
  spec = usual();
  spec.min_rtt_interval_ns = 100000 * (uint64_t)MS;
  start(0);
  samples(10, 10, 5);
  for (uint64_t i = 0; i < 20; i++) {
    sample(100 + 100 * i, i % 4 == 3 ? 10 : 90); /* 3, 3, 3, 5 */
    advance(110 + 100 * i);
    CHECK(!gradient.measuring);
  }
}

/* A fixed value is never measured, however long the limit stays at its least. */
static void test_a_fixed_value_is_never_measured(void) {
  spec = usual();
  spec.fixed_min_rtt_us = FIXED_MS * 1000;
  start(0);
  for (uint64_t i = 0; i < 20; i++) {
    sample(90 + 100 * i, 90);
    advance(100 + 100 * i);
    CHECK(!gradient.measuring);
    CHECK_INT(limit, 3);
  }
}

static void test_jitter_only_adds_and_is_drawn(void) {
  spec = usual();
  spec.jitter = 0.15;
  uint64_t least = UINT64_MAX, most = 0;
  for (uint64_t seed = 0; seed < 400; seed++) {
    memset(&gradient, 0, sizeof gradient);
    mc_gradient_start(&gradient, &spec, &limit, 0, seed);
    samples(10, 10, 5);
    const uint64_t wait_ms = gradient.measure_ns / MS - 10;
    if (wait_ms < least) least = wait_ms;
    if (wait_ms > most) most = wait_ms;
  }
  CHECK(least >= 1000 && least < 1010);
  CHECK(most > 1140 && most < 1150);
}

/* A clock that jumps to the end of time ends windows, and nothing hangs. */
static void test_the_end_of_time(void) {
  spec = usual();
  start(0);
  mc_gradient_advance(&gradient, &spec, &limit, UINT64_MAX);
  CHECK(gradient.measuring);
  samples(20, 10, 5);
  CHECK(!gradient.measuring);
}

int main(void) {
  test_a_fixed_min_rtt();
  test_samples_of_nothing();
  test_a_window_without_samples_changes_nothing();
  test_a_sample_ends_the_window_before_it();
  test_the_min_rtt_is_measured_first();
  test_it_is_measured_again_and_the_limit_comes_back();
  test_a_least_limit_of_its_own();
  test_a_least_limit_below_that_of_measuring();
  test_five_windows_at_the_least_measure_anew();
  test_a_limit_that_moves_is_not_stuck();
  test_a_fixed_value_is_never_measured();
  test_jitter_only_adds_and_is_drawn();
  test_the_end_of_time();
  return check_finish();
}
