/* One token bucket: exact times, reservations and refunds, bad clocks, threads. */
#include <pthread.h>
#include <stdatomic.h>

#include "limit/bucket.h"
#include "limit_support.h"

static mc_bucket *bucket;

static void check_answer(mc_limit_answer answer, bool allowed, uint64_t remaining, uint64_t retry, uint64_t reset) {
  CHECK_INT(answer.allowed, allowed);
  CHECK_INT(answer.remaining, remaining);
  CHECK_INT(answer.retry_after_ns, retry);
  CHECK_INT(answer.reset_ns, reset);
}

static int allowed_of(const mc_limit *limit, int calls, uint64_t now) {
  int allowed = 0;
  for (int i = 0; i < calls; i++) allowed += mc_bucket_allow(bucket, limit, 1, now);
  return allowed;
}

/* Each in a bucket of its own. */
static void with_bucket(void (*test)(void)) {
  bucket = mc_bucket_new();
  test();
  mc_bucket_free(bucket);
}

static void test_as_many_as_come_in_a_second(void) {
  for (uint64_t rate = 1; rate <= 64; rate++) {
    const mc_limit limit = limit_of(rate, rate, SECOND);
    bucket->full_at = 0;
    for (uint64_t now = 7; now < 7 + 3 * SECOND; now += SECOND) CHECK_INT(allowed_of(&limit, 100, now), rate);
    CHECK_INT(allowed_of(&limit, 100, 7 + 3 * SECOND - 1), rate - 1); /* the last one is not there yet */
  }
}

static void test_what_is_left(void) {
  const mc_limit limit = limit_of(5, 2, SECOND);
  check_answer(mc_bucket_peek(bucket, &limit, 5, 9), true, 5, 0, 0);
  check_answer(mc_bucket_peek(bucket, &limit, 6, 9), false, 5, MC_NEVER, 0);
  check_answer(mc_bucket_check(bucket, &limit, 4, 9), true, 1, 0, 2 * SECOND);
  check_answer(mc_bucket_peek(bucket, &limit, 1, 9), true, 1, 0, 2 * SECOND);
  check_answer(mc_bucket_check(bucket, &limit, 3, 9), false, 1, SECOND, 2 * SECOND);
  check_answer(mc_bucket_check(bucket, &limit, 3, 8 + SECOND), false, 2, 1, SECOND + 1);
  check_answer(mc_bucket_check(bucket, &limit, 6, 9 + SECOND), false, 3, MC_NEVER, SECOND);
  check_answer(mc_bucket_check(bucket, &limit, 3, 9 + SECOND), true, 0, 0, 5 * SECOND / 2);
  check_answer(mc_bucket_check(bucket, &limit, 0, 9 + SECOND), true, 0, 0, 5 * SECOND / 2);
}

static void test_never_more_than_it_holds(void) {
  const mc_limit limit = limit_of(2, 1, SECOND);
  CHECK_INT(allowed_of(&limit, 9, 0), 2);
  CHECK_INT(allowed_of(&limit, 9, 3600 * SECOND), 2);
  CHECK(!mc_bucket_allow(bucket, &limit, 3, 7200 * SECOND));
  CHECK(!mc_bucket_allow(bucket, &limit, UINT64_MAX, 7200 * SECOND));
  CHECK_INT(allowed_of(&limit, 9, 7200 * SECOND), 2); /* which took nothing */
}

static void test_refunds(void) {
  const mc_limit limit = limit_of(3, 1, SECOND);
  CHECK(mc_bucket_allow(bucket, &limit, 3, 5));
  mc_bucket_refund(bucket, &limit, 2, 5);
  check_answer(mc_bucket_peek(bucket, &limit, 1, 5), true, 2, 0, SECOND);
  mc_bucket_refund(bucket, &limit, UINT64_MAX, 6);
  check_answer(mc_bucket_peek(bucket, &limit, 1, 6), true, 3, 0, 0);
  mc_bucket_refund(bucket, &limit, 1, 6); /* never more than full */
  CHECK_INT(allowed_of(&limit, 9, 6), 3);
}

static void test_refunds_of_reservations(void) {
  const mc_limit limit = limit_of(10, 1, 60 * SECOND);
  CHECK_INT(mc_bucket_reserve(bucket, &limit, 10, MC_NEVER, 5), 0);
  CHECK_INT(mc_bucket_reserve(bucket, &limit, 5, MC_NEVER, 5), 300 * SECOND);
  mc_bucket_refund(bucket, &limit, 12, 5); /* more than it holds, less than it is owed */
  check_answer(mc_bucket_peek(bucket, &limit, 1, 5), true, 7, 0, 180 * SECOND);
  CHECK_INT(mc_bucket_reserve(bucket, &limit, 10, MC_NEVER, 5), 180 * SECOND);
  mc_bucket_refund(bucket, &limit, UINT64_MAX, 5);
  check_answer(mc_bucket_peek(bucket, &limit, 1, 5), true, 10, 0, 0);
}

static void test_reservations(void) {
  const mc_limit limit = limit_of(2, 1, SECOND);
  CHECK_INT(mc_bucket_reserve(bucket, &limit, 2, MC_NEVER, 0), 0);
  CHECK_INT(mc_bucket_reserve(bucket, &limit, 1, MC_NEVER, 0), SECOND);
  CHECK_INT(mc_bucket_reserve(bucket, &limit, 2, MC_NEVER, 0), 3 * SECOND);
  CHECK_INT(mc_bucket_reserve(bucket, &limit, 3, MC_NEVER, 0), MC_NEVER);
  CHECK_INT(mc_bucket_reserve(bucket, &limit, 1, 4 * SECOND - 1, 0), MC_NEVER);
  CHECK_INT(mc_bucket_reserve(bucket, &limit, 1, 4 * SECOND, 0), 4 * SECOND);
  check_answer(mc_bucket_peek(bucket, &limit, 1, 0), false, 0, 5 * SECOND, 6 * SECOND);
  CHECK(!mc_bucket_allow(bucket, &limit, 0, 4 * SECOND - 1)); /* until it has paid for them */
  CHECK(mc_bucket_allow(bucket, &limit, 0, 4 * SECOND));
  CHECK(!mc_bucket_allow(bucket, &limit, 1, 5 * SECOND - 1));
  CHECK(mc_bucket_allow(bucket, &limit, 1, 5 * SECOND));
}

static void test_reservations_have_an_end(void) {
  const mc_limit limit = limit_of(1, 1, MC_MOST_DEBT / 2 - 1);
  CHECK_INT(mc_bucket_reserve(bucket, &limit, 1, MC_NEVER, 0), 0);
  CHECK_INT(mc_bucket_reserve(bucket, &limit, 1, MC_NEVER, 0), MC_NEVER);
}

static void test_a_clock_that_goes_back_gives_nothing(void) {
  const mc_limit limit = limit_of(3, 3, SECOND);
  const uint64_t now = 1000 * SECOND;
  CHECK(mc_bucket_allow(bucket, &limit, 1, now));
  for (uint64_t back = 1; back < now; back *= 3) CHECK(!mc_bucket_allow(bucket, &limit, 3, now - back));
  CHECK(!mc_bucket_allow(bucket, &limit, 1, 0));
  mc_bucket_refund(bucket, &limit, 1, 0);
  CHECK_INT(allowed_of(&limit, 9, now), 3);
}

static void test_any_time_will_do(void) {
  const uint64_t times[] = {0, 1, UINT64_MAX, UINT64_MAX / 6, UINT64_MAX - 5, UINT64_C(1) << 63};
  const mc_limit limit = limit_of(3, 3, SECOND);
  for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
    bucket->full_at = 0;
    CHECK_INT(allowed_of(&limit, 9, times[i]), 3);
    CHECK_INT(allowed_of(&limit, 9, times[i] + SECOND), 3);
    CHECK_INT(allowed_of(&limit, 9, times[i] + SECOND + SECOND / 2), 1);
  }
}

static void test_a_time_that_looks_like_none(void) {
  const mc_limit limit = limit_of(1, 1, SECOND);
  CHECK(mc_bucket_allow(bucket, &limit, 1, UINT64_MAX - SECOND + 1)); /* full again at 0 */
  CHECK(!mc_bucket_allow(bucket, &limit, 1, UINT64_MAX));
}

/* ------------------------------------------------------------------ threads, on a clock of their own */

enum { THREADS = 4, CALLS = 30000 };
static const mc_token_bucket shape = {7, 3, 1000};
static mc_limit shared_limit;
static _Atomic(uint64_t) clock_ns;
static admission admitted[THREADS][CALLS];
static size_t counts[THREADS];

static void *call_many(void *number) {
  size_t own = (size_t)(uintptr_t)number;
  for (uint32_t i = 0; i < CALLS; i++) {
    uint64_t now = atomic_fetch_add(&clock_ns, 13);
    uint32_t cost = 1 + i % 3;
    if (mc_bucket_allow(bucket, &shared_limit, cost, now))
      admitted[own][counts[own]++] = (admission){.at = now, .cost = cost};
  }
  return NULL;
}

static void test_no_window_has_more(void) {
  static admission all[THREADS * CALLS];
  pthread_t threads[THREADS];
  size_t count = 0;
  uint64_t tokens = 0;
  shared_limit = limit_of(shape.max_tokens, shape.tokens_per_fill, shape.fill_interval_ns);
  for (uintptr_t i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, call_many, (void *)i) == 0);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  for (int i = 0; i < THREADS; i++)
    for (size_t j = 0; j < counts[i]; j++) all[count++] = admitted[i][j], tokens += admitted[i][j].cost;
  CHECK(windows_hold(all, count, &shape));
  /* Nor is anything lost: there was always somebody who wanted more. */
  uint64_t came = atomic_load(&clock_ns) * shape.tokens_per_fill / shape.fill_interval_ns;
  CHECK(tokens >= came - 3);
  /* And the judge judges. */
  for (size_t i = 0; i + 1 < count; i++) all[i + 1].at = all[i].at + (all[i + 1].at - all[i].at) * 9 / 10;
  for (size_t i = 0; i < count; i++) all[i].at = all[i].at * 9 / 10;
  CHECK(!windows_hold(all, count, &shape));
}

static void test_out_of_memory(void) {
  check_memory(0);
  mc_bucket *none = mc_bucket_new();
  check_memory(-1);
  CHECK(none == NULL);
}

/* The same charges with and without locked instructions, and told without taking any. */
static void test_alone_it_holds_the_same(void) {
  const mc_limit limit = limit_of(5, 2, SECOND);
  mc_bucket *other = mc_bucket_new();
  bucket->full_at = 0;
  for (uint64_t i = 0; i < 40; i++) {
    const uint64_t now = 7 + i * SECOND / 4, cost = i % 7;
    uint64_t debt, told, alone;
    const bool would = mc_bucket_would(bucket, &limit, cost, now, &told);
    const bool took = mc_bucket_take(bucket, &limit, cost, now, false, &debt);
    CHECK(took == would && debt == told);
    CHECK(took == mc_bucket_take(other, &limit, cost, now, true, &alone) && debt == alone);
  }
  CHECK(bucket->full_at == other->full_at);
  mc_bucket_free(other);
}

int main(void) {
  with_bucket(test_alone_it_holds_the_same);
  with_bucket(test_as_many_as_come_in_a_second);
  with_bucket(test_what_is_left);
  with_bucket(test_never_more_than_it_holds);
  with_bucket(test_refunds);
  with_bucket(test_refunds_of_reservations);
  with_bucket(test_reservations);
  with_bucket(test_reservations_have_an_end);
  with_bucket(test_a_clock_that_goes_back_gives_nothing);
  with_bucket(test_any_time_will_do);
  with_bucket(test_a_time_that_looks_like_none);
  with_bucket(test_no_window_has_more);
  test_out_of_memory();
  CHECK_INT(check_blocks(), 0);
  return check_finish();
}
