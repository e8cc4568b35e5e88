/* The rounds of AIMD, in numbers worked out by hand. */
#include "check.h"
#include "concurrency/aimd.h"

enum { MS = 1000000 };

static mc_aimd aimd;
static atomic_uint limit;

static const mc_aimd_spec spec = {.initial_limit = 10, .min_limit = 2, .max_limit = 12, .increase = 1, .backoff_ratio = 0.75,
                                  .latency_threshold_ns = 100 * MS};

static void sample(uint32_t in_flight, uint64_t start_ms, uint64_t now_ms, bool failed) {
  mc_aimd_sample(&aimd, &spec, &limit, in_flight, start_ms * MS, now_ms * MS, failed);
}

static void start(void) { mc_aimd_start(&aimd, &spec, &limit); }

static void test_a_round_of_answers_raises_it_by_one(void) {
  start();
  CHECK_INT(limit, 10);
  for (int i = 0; i < 10; i++) sample(10, 0, 1, false);
  CHECK_INT(limit, 10); /* each of them a tenth, and a little less as it grows */
  sample(10, 0, 1, false);
  CHECK_INT(limit, 11);
  for (int i = 0; i < 100; i++) sample(12, 0, 1, false);
  CHECK_INT(limit, 12); /* the most */
}

static void test_a_limit_that_is_not_in_use_stays(void) {
  start();
  for (int i = 0; i < 100; i++) sample(4, 0, 1, false);
  CHECK_INT(limit, 10);
  for (int i = 0; i < 11; i++) sample(5, 0, 1, false);
  CHECK_INT(limit, 11);
}

static void test_failures_and_late_answers_lower_it(void) {
  start();
  sample(10, 1, 2, true);
  CHECK_INT(limit, 7);
  sample(1, 3, 103, false); /* just in time, and not in use */
  CHECK_INT(limit, 7);
  sample(1, 3, 104, false);
  CHECK_INT(limit, 5);
}

static void test_a_round_lowers_it_once(void) {
  start();
  sample(10, 1, 20, true);
  CHECK_INT(limit, 7);
  for (uint64_t began = 1; began < 20; began++) sample(10, began, 21, true);
  CHECK_INT(limit, 7);
  sample(7, 20, 22, true);
  CHECK_INT(limit, 5);
}

static void test_it_is_lowered_by_one_at_least_and_not_below_the_least(void) {
  const mc_aimd_spec slow = {.initial_limit = 3, .min_limit = 1, .max_limit = 5, .increase = 1, .backoff_ratio = 0.9};
  mc_aimd_start(&aimd, &slow, &limit);
  mc_aimd_sample(&aimd, &slow, &limit, 3, 1, 1, true); /* 2.7 is 2 */
  CHECK_INT(limit, 2);
  mc_aimd_sample(&aimd, &slow, &limit, 3, 2, 2, true);
  CHECK_INT(limit, 1);
  mc_aimd_sample(&aimd, &slow, &limit, 3, 3, 3, true);
  CHECK_INT(limit, 1);
  mc_aimd_sample(&aimd, &slow, &limit, 1, 3, UINT64_MAX, false); /* without a threshold nothing is late */
  CHECK_INT(limit, 2);
}

static void test_the_widest_bounds(void) {
  const mc_aimd_spec wide = {.initial_limit = UINT32_MAX, .min_limit = 1, .max_limit = UINT32_MAX, .increase = 1e9, .backoff_ratio = 0.5};
  mc_aimd_start(&aimd, &wide, &limit);
  CHECK_INT(limit, UINT32_MAX);
  mc_aimd_sample(&aimd, &wide, &limit, UINT32_MAX, 0, 1, false);
  CHECK_INT(limit, UINT32_MAX);
  mc_aimd_sample(&aimd, &wide, &limit, 1, 1, 1, true);
  CHECK_INT(limit, UINT32_MAX / 2);
}

int main(void) {
  test_a_round_of_answers_raises_it_by_one();
  test_a_limit_that_is_not_in_use_stays();
  test_failures_and_late_answers_lower_it();
  test_a_round_lowers_it_once();
  test_it_is_lowered_by_one_at_least_and_not_below_the_least();
  test_the_widest_bounds();
  return check_finish();
}
