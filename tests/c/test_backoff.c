#include "check.h"

#include "policy/backoff.h"

/* Below the base at first, then below twice that, and never beyond the most. */
static void test_grows_and_stays_below(void) {
  uint64_t highest[8] = {0};
  for (uint64_t seed = 0; seed < 2000; seed++) {
    mc_backoff backoff = {.next_ns = 100, .max_ns = 1000, .draws = seed * UINT64_C(0x9e3779b97f4a7c15)};
    for (int i = 0; i < 8; i++) {
      uint64_t wait = mc_backoff_next(&backoff);
      if (wait > highest[i]) highest[i] = wait;
    }
  }
  const uint64_t below[] = {100, 200, 400, 800, 1000, 1000, 1000, 1000};
  for (int i = 0; i < 8; i++) CHECK(highest[i] < below[i] && highest[i] > below[i] * 95 / 100);
}

/* Full jitter: the mean is half of the interval. */
static void test_full_jitter(void) {
  double sum = 0;
  mc_backoff backoff = {.max_ns = 1000000, .draws = 1};
  for (int i = 0; i < 20000; i++) {
    backoff.next_ns = 1000000;
    sum += (double)mc_backoff_next(&backoff);
  }
  CHECK(sum / 20000 > 490000 && sum / 20000 < 510000);
}

static void test_at_least_what_is_asked(void) {
  mc_backoff backoff = {.next_ns = 1, .max_ns = 1, .draws = 5};
  uint64_t highest = 0;
  for (int i = 0; i < 2000; i++) {
    uint64_t wait = mc_backoff_at_least(&backoff, 1000);
    CHECK(wait >= 1000 && wait < 1500);
    if (wait > highest) highest = wait;
  }
  CHECK(highest > 1450);
  CHECK_INT(mc_backoff_at_least(&backoff, 0), 0);
  CHECK_INT(mc_backoff_at_least(&backoff, 1), 1);
  CHECK_INT(mc_backoff_next(&backoff), 0);
}

int main(void) {
  test_grows_and_stays_below();
  test_full_jitter();
  test_at_least_what_is_asked();
  return check_finish();
}
