/* Limiters of either kind: what is let in, and what threads do to the counts. */
#include <pthread.h>

#include "check.h"
#include "concurrency/limiter.h"

enum { MS = 1000000, THREADS = 4, ROUNDS = 4000 };

static mc_concurrency_spec gradient_spec(uint32_t min, uint32_t max) {
  return (mc_concurrency_spec){
      .kind = MC_CONCURRENCY_GRADIENT,
      .gradient = {.percentile = 0.5, .buffer = 0.25, .jitter = 0.15, .max_limit = max, .min_concurrency = min,
                   .request_count = 5, .update_interval_ns = MS, .min_rtt_interval_ns = 20 * MS}};
}

static mc_concurrency_spec aimd_spec(uint32_t min, uint32_t max) {
  return (mc_concurrency_spec){.kind = MC_CONCURRENCY_AIMD,
                               .aimd = {.initial_limit = min, .min_limit = min, .max_limit = max, .increase = 1, .backoff_ratio = 0.9,
                                        .latency_threshold_ns = 50 * MS}};
}

static void test_a_limit(mc_concurrency_spec spec) {
  mc_concurrency *limiter = mc_concurrency_new(&spec, 0, 1);
  CHECK(mc_concurrency_acquire(limiter, 1));
  CHECK(mc_concurrency_acquire(limiter, 1));
  CHECK(!mc_concurrency_has_room(limiter));
  CHECK(!mc_concurrency_acquire(limiter, 1));
  mc_concurrency_status status = mc_concurrency_read(limiter);
  CHECK_INT(status.limit, 2);
  CHECK_INT(status.in_flight, 2);
  CHECK_INT(status.refused, 1);
  CHECK(mc_concurrency_release(limiter, MC_SAMPLE_NONE, 1, 2));
  CHECK(mc_concurrency_acquire(limiter, 2));
  CHECK(mc_concurrency_release(limiter, MC_SAMPLE_ANSWERED, 1, 2));
  CHECK(mc_concurrency_release(limiter, MC_SAMPLE_FAILED, 1, 2));
  CHECK(!mc_concurrency_release(limiter, MC_SAMPLE_ANSWERED, 1, 2)); /* there is none left */
  CHECK_INT(mc_concurrency_read(limiter).in_flight, 0);
  mc_concurrency_free(limiter);
}

static void sampled(mc_concurrency *limiter, mc_sample sample, int times) {
  for (int i = 0; i < times; i++) {
    CHECK(mc_concurrency_acquire(limiter, 20 * MS));
    CHECK(mc_concurrency_release(limiter, sample, 20 * MS, 30 * MS));
  }
}

static void test_what_the_gradient_learns_from(void) {
  const mc_concurrency_spec spec = gradient_spec(3, 100);
  mc_concurrency *limiter = mc_concurrency_new(&spec, 0, 1);
  sampled(limiter, MC_SAMPLE_FAILED, 20);
  sampled(limiter, MC_SAMPLE_NONE, 20);
  CHECK(mc_concurrency_read(limiter).measuring);
  sampled(limiter, MC_SAMPLE_ANSWERED, 2);
  sampled(limiter, MC_SAMPLE_TIMED_OUT, 3);
  const mc_concurrency_status status = mc_concurrency_read(limiter);
  CHECK(!status.measuring);
  CHECK_INT(status.min_rtt_us, 10500);
  mc_concurrency_free(limiter);
}

static void test_what_aimd_learns_from(void) {
  const mc_concurrency_spec spec = {.kind = MC_CONCURRENCY_AIMD,
                                    .aimd = {.initial_limit = 1, .min_limit = 1, .max_limit = 9, .increase = 1, .backoff_ratio = 0.5}};
  mc_concurrency *limiter = mc_concurrency_new(&spec, 0, 1);
  sampled(limiter, MC_SAMPLE_ANSWERED, 1); /* it alone is all that there may be */
  CHECK_INT(mc_concurrency_read(limiter).limit, 2);
  sampled(limiter, MC_SAMPLE_NONE, 5);
  CHECK_INT(mc_concurrency_read(limiter).limit, 2);
  sampled(limiter, MC_SAMPLE_TIMED_OUT, 1);
  CHECK_INT(mc_concurrency_read(limiter).limit, 1);
  mc_concurrency_free(limiter);
}

static void test_specs_that_are_equal(void) {
  mc_concurrency_spec a = gradient_spec(3, 100), b = gradient_spec(3, 100), c = aimd_spec(3, 100), d = aimd_spec(3, 100);
  CHECK(mc_concurrency_spec_equal(&a, &b));
  CHECK(mc_concurrency_spec_equal(&c, &d));
  CHECK(!mc_concurrency_spec_equal(&a, &c));
  b.gradient.buffer = 0.5;
  d.aimd.increase = 2;
  CHECK(!mc_concurrency_spec_equal(&a, &b));
  CHECK(!mc_concurrency_spec_equal(&c, &d));
}

static void test_memory(void) {
  const mc_concurrency_spec spec = aimd_spec(1, 2);
  check_memory(0);
  CHECK(!mc_concurrency_new(&spec, 0, 1));
  check_memory(-1);
}

typedef struct crowd {
  mc_concurrency *limiter;
  uint32_t min, max;
  atomic_uint inside, admitted, wrong;
  atomic_uint_fast64_t clock;
} crowd;

/* A request's latency hangs on how many there are; the clock is one that all of them push on. */
static void *run(void *given) {
  crowd *all = given;
  for (int i = 0; i < ROUNDS; i++) {
    const uint64_t start = atomic_fetch_add(&all->clock, MS / 7);
    if (!mc_concurrency_acquire(all->limiter, start)) continue;
    atomic_fetch_add(&all->admitted, 1);
    if (atomic_fetch_add(&all->inside, 1) >= all->max) atomic_fetch_add(&all->wrong, 1);
    const mc_concurrency_status status = mc_concurrency_read(all->limiter);
    if (status.limit < all->min || status.limit > all->max) atomic_fetch_add(&all->wrong, 1);
    const uint64_t end = atomic_fetch_add(&all->clock, (uint64_t)(i % 11) * MS / 5);
    atomic_fetch_sub(&all->inside, 1);
    const mc_sample sample = i % 13 ? MC_SAMPLE_ANSWERED : MC_SAMPLE_FAILED;
    if (!mc_concurrency_release(all->limiter, sample, start, end)) atomic_fetch_add(&all->wrong, 1);
  }
  return NULL;
}

static void test_threads(mc_concurrency_spec spec, uint32_t min, uint32_t max) {
  crowd all = {.limiter = mc_concurrency_new(&spec, 0, 3), .min = min, .max = max};
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, run, &all);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  const mc_concurrency_status status = mc_concurrency_read(all.limiter);
  CHECK_INT(all.wrong, 0);
  CHECK_INT(status.in_flight, 0);
  CHECK_INT(all.admitted + status.refused, THREADS * ROUNDS);
  mc_concurrency_free(all.limiter);
}

int main(void) {
  test_a_limit(gradient_spec(2, 100));
  test_a_limit(aimd_spec(2, 100));
  test_what_the_gradient_learns_from();
  test_what_aimd_learns_from();
  test_specs_that_are_equal();
  test_memory();
  test_threads(gradient_spec(1, 3), 1, 3);
  test_threads(aimd_spec(1, 3), 1, 3);
  return check_finish();
}
