#include <math.h>
#include <pthread.h>

#include "balance_support.h"

enum { THREADS = 4, PICKS = 4000 };

static void start_reported(hosts_fixture *f, uint32_t count) {
  start(f, MC_POLICY_CLIENT_SIDE_WEIGHTED_ROUND_ROBIN);
  f->spec.balance.load.blackout_ns = seconds(10);
  f->spec.balance.load.expiration_ns = seconds(180);
  f->spec.balance.load.update_ns = seconds(1);
  f->spec.balance.load.error_penalty = 1;
  f->spec.balance.now_ns = seconds(1);
  add_locality(f, 0, 0, count, 0, 0);
}

static void tell(hosts_fixture *f, int host, double now, double rate, double errors, double utilization) {
  mc_report report = {.now_ns = seconds(now),
                      .requests_per_second = rate,
                      .errors_per_second = errors,
                      .utilization = utilization};
  mc_balancer_report(&f->balancer, f->cluster.hosts[host].state, &report);
}

static void expect(const hosts_fixture *f, double now, int first, int second, int third) {
  int counts[SUPPORT_HOSTS], expected[] = {first, second, third};
  count_at(f, seconds(now), first + second + third, counts);
  for (int i = 0; i < 3; i++) CHECK(counts[i] >= expected[i] - 2 && counts[i] <= expected[i] + 2);
}

static void test_from_blackout_to_expiration(void) {
  hosts_fixture f;
  start_reported(&f, 3);
  CHECK_INT(build(&f, 5), MC_OK);
  expect(&f, 1, 100, 100, 100);
  tell(&f, 0, 2, 100, 0, 0.5); /* weight 200 */
  tell(&f, 1, 2, 100, 0, 0.25); /* 400 */
  expect(&f, 11, 100, 100, 100); /* too soon to be believed */
  expect(&f, 12, 200, 400, 400); /* the third has the median */
  tell(&f, 0, 100, 100, 50, 0.5); /* half of the requests fail: 100 */
  expect(&f, 100.5, 100, 400, 400);
  expect(&f, 182.5, 100, 100, 100); /* the second has been silent too long, and the median is that of one */
  tell(&f, 1, 183, 100, 0, 0.25);
  expect(&f, 190, 100, 100, 100); /* its blackout begins anew */
  expect(&f, 193.5, 100, 400, 400);
  finish(&f);
}

static void test_weights_are_reckoned_once_a_period(void) {
  hosts_fixture f;
  start_reported(&f, 3);
  f.spec.balance.load.blackout_ns = 0;
  CHECK_INT(build(&f, 5), MC_OK);
  expect(&f, 10, 100, 100, 100);
  for (int i = 0; i < 3; i++) tell(&f, i, 10.1, 100, 0, 1.0 / (i + 1)); /* 100, 200, 300 */
  expect(&f, 10.9, 100, 100, 100);
  mc_pick peek = {.now_ns = seconds(11.1), .peek = true};
  CHECK(mc_balancer_pick(&f.balancer, &peek) >= 0); /* that reckons nothing */
  expect(&f, 10.9, 100, 100, 100);
  expect(&f, 11.1, 100, 200, 300);
  finish(&f);
}

static void test_what_is_no_report(void) {
  hosts_fixture f;
  start_reported(&f, 3);
  f.spec.balance.load.blackout_ns = 0;
  CHECK_INT(build(&f, 5), MC_OK);
  tell(&f, 0, 2, 0, 0, 0.5);
  tell(&f, 0, 2, -5, 0, 0.5);
  tell(&f, 0, 2, 5, 0, 0);
  tell(&f, 0, 2, 5, -50, 1);
  tell(&f, 0, 2, (double)NAN, 0, 0.5);
  CHECK(atomic_load(&f.cluster.hosts[0].state->load_weight) == 0);
  tell(&f, 0, 2, 1e300, 0, 1e-300);
  CHECK(atomic_load(&f.cluster.hosts[0].state->load_weight) == UINT32_MAX);
  tell(&f, 0, 2, 0.01, 0, 1);
  CHECK(atomic_load(&f.cluster.hosts[0].state->load_weight) == 1);
  finish(&f);
}

static hosts_fixture shared;
static atomic_int picked;

/* Time goes on, so that weights are reckoned and reports come while others pick. */
static void *pick_many(void *number) {
  for (int i = 0; i < PICKS; i++) {
    double now = 1 + i * 0.01;
    if (i % 50 == 0) tell(&shared, *(int *)number % 3, now, 100 + i, 0, 0.5);
    if (pick_at(&shared, seconds(now), (uint64_t)i) >= 0) atomic_fetch_add(&picked, 1);
  }
  return NULL;
}

/* make check SAN=thread looks for races here. */
static void test_many_threads(void) {
  start_reported(&shared, 3);
  shared.spec.balance.load.blackout_ns = 0;
  CHECK_INT(build(&shared, 5), MC_OK);
  pthread_t threads[THREADS];
  int numbers[THREADS] = {0, 1, 2, 3};
  for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, pick_many, &numbers[i]) == 0);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  CHECK_INT(atomic_load(&picked), THREADS * PICKS);
  finish(&shared);
}

static void make(hosts_fixture *f) { start_reported(f, 3); }

int main(void) {
  test_from_blackout_to_expiration();
  test_weights_are_reckoned_once_a_period();
  test_what_is_no_report();
  test_many_threads();
  check_build_memory(make);
  return check_finish();
}
