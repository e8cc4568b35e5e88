/* Bins and quantiles of latencies. The numbers are what libcircllhist makes of the same samples: by hand, from its
 * bins of two decimal digits and its interpolation. */
#include "check.h"
#include "concurrency/latencies.h"

static mc_latencies samples;

static void add(uint64_t us, int times) {
  for (int i = 0; i < times; i++) mc_latencies_add(&samples, us);
}

static uint64_t take(double quantile) {
  uint64_t us = UINT64_MAX;
  CHECK(mc_latencies_take(&samples, quantile, &us));
  return us;
}

static void test_none(void) {
  uint64_t us;
  CHECK(!mc_latencies_take(&samples, 0.5, &us));
  CHECK_INT(mc_latencies_count(&samples), 0);
}

static void test_a_quantile_is_interpolated_within_its_bin(void) {
  add(1000, 1); /* 1000 to 1100 */
  CHECK_INT(take(0.5), 1050);
  add(1099, 4);
  CHECK_INT(take(0.25), 1025);
  add(1234, 1); /* 1200 to 1300: two digits count */
  CHECK_INT(take(1.0), 1300);
  add(1234, 1);
  CHECK_INT(take(0.0), 1200);
}

static void test_a_quantile_at_the_edge_of_a_bin_is_that_edge(void) {
  add(100, 2); /* 100 to 110 */
  add(500, 2); /* 500 to 510 */
  CHECK_INT(take(0.5), 110);
  add(100, 1);
  add(500, 3);
  CHECK_INT(take(0.5), 503); /* a third of the way through three */
}

static void test_small_and_large(void) {
  add(0, 3);
  CHECK_INT(take(0.5), 0);
  add(1, 1); /* 1.0 to 1.1 */
  CHECK_INT(take(0.5), 1);
  add(9, 1);
  CHECK_INT(take(1.0), 9); /* 9.1, without its fraction */
  add(10, 1);
  CHECK_INT(take(1.0), 11);
  add(99, 1);
  CHECK_INT(take(0.0), 99);
  add(UINT64_C(9999999999), 1);
  CHECK_INT(take(0.0), INT64_C(9900000000));
  add(UINT64_MAX, 1);
  CHECK_INT(take(1.0), INT64_C(10000000000)); /* the last bin */
}

/* Every value falls between the ends of its bin, which is a tenth of its lower end wide at most. */
static void test_precision(void) {
  for (uint64_t us = 1; us < UINT64_C(9900000000); us += 1 + us / 37) {
    add(us, 1);
    const uint64_t low = take(0.0);
    add(us, 1);
    const uint64_t high = take(1.0);
    CHECK(low <= us && us <= high);
    CHECK(high - low <= us / 10 + 1);
  }
}

static void test_taking_takes_all(void) {
  add(70, 5);
  add(7000, 5);
  CHECK_INT(mc_latencies_count(&samples), 10);
  take(0.9);
  CHECK_INT(mc_latencies_count(&samples), 0);
  test_none();
}

int main(void) {
  test_none();
  test_a_quantile_is_interpolated_within_its_bin();
  test_a_quantile_at_the_edge_of_a_bin_is_that_edge();
  test_small_and_large();
  test_precision();
  test_taking_takes_all();
  return check_finish();
}
