/* Many threads report, sweep and look at once: hosts are ejected once, and never too many of them. */
#include <pthread.h>
#include <stdatomic.h>

#include "outlier_support.h"

enum { THREADS = 4, HOSTS = 10, ROUNDS = 4000, ALLOWED = 3 };

static mc_detector *detector;
static atomic_int wrong;
static atomic_uint_fast64_t clock_ns = START;

static uint32_t count_ejected(uint64_t now_ns) {
  uint32_t count = 0;
  for (uint32_t host = 0; host < HOSTS; host++) count += mc_detector_status(detector, host, now_ns).ejected;
  return count;
}

/* Each thread fails at all hosts, with now and then a success in between. */
static void *report_many(void *given) {
  uint32_t which = (uint32_t)(uintptr_t)given;
  for (uint32_t round = 0; round < ROUNDS; round++) {
    uint64_t now = atomic_fetch_add(&clock_ns, SECOND / 100) + SECOND / 100;
    const mc_result result = result_of(round % 11 ? 503 : 200, MC_FAILURE_NONE, now);
    mc_detector_report(detector, (which * 3 + round) % HOSTS, &result);
    if (which == 0 && round % 50 == 0) mc_detector_sweep(detector, now);
  }
  return NULL;
}

static void *watch(void *done) {
  while (!atomic_load((atomic_int *)done)) {
    /* Each state is read at a moment of its own: a host may come back, and another go, between two of them. */
    mc_outlier_counts counts = mc_detector_counts(detector);
    if (counts.enforced[MC_EJECTION_CONSECUTIVE_5XX] > counts.detected[MC_EJECTION_CONSECUTIVE_5XX]) {
      atomic_fetch_add(&wrong, 1);
    }
  }
  return NULL;
}

static void test_threads(void) {
  mc_outlier_spec spec = outlier_spec();
  spec.interval_ns = SECOND / 4;
  spec.base_ejection_time_ns = SECOND;
  spec.max_ejection_percent = 10 * ALLOWED;
  spec.success_rate_request_volume = spec.failure_percentage_request_volume = 1;
  detector = detector_of(&spec, HOSTS);
  pthread_t threads[THREADS], watcher;
  atomic_int done = 0;
  CHECK(pthread_create(&watcher, NULL, watch, &done) == 0);
  for (uintptr_t i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, report_many, (void *)i) == 0);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  atomic_store(&done, 1);
  pthread_join(watcher, NULL);
  CHECK_INT(atomic_load(&wrong), 0);
  uint64_t now = atomic_load(&clock_ns), ejections = 0, enforced = 0;
  CHECK(count_ejected(now) <= ALLOWED);
  mc_outlier_counts counts = mc_detector_counts(detector);
  for (uint32_t host = 0; host < HOSTS; host++) ejections += mc_detector_status(detector, host, now).ejections;
  for (int i = 0; i < MC_EJECTIONS; i++) enforced += counts.enforced[i];
  CHECK(enforced > 0);
  CHECK_INT(ejections, enforced);
  mc_detector_free(detector);
}

static void *fail_once(void *unused) {
  answer(detector, 0, 500, ROUNDS, START);
  return unused;
}

/* A row is complete once, whoever adds to it. */
static void test_one_row(void) {
  mc_outlier_spec spec = outlier_spec();
  spec.consecutive_5xx = THREADS * ROUNDS;
  detector = detector_of(&spec, 1);
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, fail_once, NULL) == 0);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  CHECK_INT(mc_detector_status(detector, 0, START).ejections, 1);
  mc_detector_free(detector);
}

int main(void) {
  test_threads();
  test_one_row();
  return check_finish();
}
