#include <math.h>

#include "balance_support.h"

static void start_peak(hosts_fixture *f, uint32_t count) {
  start(f, MC_POLICY_PEAK_EWMA);
  f->spec.balance.load.decay_ns = seconds(10);
  f->spec.balance.load.default_latency_ns = seconds(0.01);
  f->spec.balance.load.penalty = 1e6;
  add_locality(f, 0, 0, count, 0, 0);
}

static void tell(hosts_fixture *f, int host, double now, double latency) {
  mc_report report = {.now_ns = seconds(now), .latency_ns = seconds(latency)};
  mc_balancer_report(&f->balancer, f->cluster.hosts[host].state, &report);
}

static double latency(const hosts_fixture *f, int host) {
  uint64_t bits = atomic_load(&f->cluster.hosts[host].state->latency);
  double value;
  memcpy(&value, &bits, sizeof value);
  return value / 1e9;
}

static bool near(double a, double b) { return fabs(a - b) < 1e-9; }

static void test_up_at_once_and_down_slowly(void) {
  hosts_fixture f;
  start_peak(&f, 1);
  CHECK_INT(build(&f, 0), MC_OK);
  tell(&f, 0, 1, 0.1);
  CHECK(near(latency(&f, 0), 0.1));
  tell(&f, 0, 1, 0.5);
  CHECK(near(latency(&f, 0), 0.5));
  tell(&f, 0, 11, 0.1); /* one time constant later */
  CHECK(near(latency(&f, 0), 0.5 * exp(-1) + 0.1 * (1 - exp(-1))));
  double before = latency(&f, 0);
  tell(&f, 0, 11, 0); /* not measured */
  tell(&f, 0, 9, 0.001); /* a clock that is behind */
  CHECK(near(latency(&f, 0), before));
  finish(&f);
}

/* Of two hosts both are always drawn, so that the cost alone decides. */
static int32_t better(double first, double second, uint32_t first_active, uint32_t second_active, double now) {
  hosts_fixture f;
  start_peak(&f, 2);
  CHECK_INT(build(&f, 0), MC_OK);
  if (first > 0) tell(&f, 0, 1, first);
  if (second > 0) tell(&f, 1, 1, second);
  atomic_store(f.cluster.hosts[0].state->active, first_active);
  atomic_store(f.cluster.hosts[1].state->active, second_active);
  int32_t found = pick_at(&f, seconds(now), 0);
  for (uint64_t i = 0; i < 20; i++) CHECK_INT(pick_at(&f, seconds(now), i), found);
  finish(&f);
  return found;
}

static void test_the_cheaper_one(void) {
  CHECK_INT(better(0.1, 0.2, 0, 0, 1), 0);
  CHECK_INT(better(0.1, 0.2, 2, 0, 1), 1);  /* 0.1 x 3 against 0.2 */
  CHECK_INT(better(0, 0.02, 0, 0, 1), 0);   /* never asked: 10 ms */
  CHECK_INT(better(0, 0.005, 0, 0, 1), 1);
  CHECK_INT(better(0, 100, 1, 50, 1), 0 + 1 * (100e3 * 51 < 1e6 + 1)); /* asked and silent: the penalty */
  CHECK_INT(better(0, 1, 1, 50, 1), 1);
  CHECK_INT(better(0, 0.05, 0, 0, 30), 1);  /* what was slow long ago is tried again */
}

static void test_pairs_are_by_chance(void) {
  hosts_fixture f;
  start_peak(&f, 4);
  CHECK_INT(build(&f, 0), MC_OK);
  CHECK(f.balancer.reads_clock);
  int counts[SUPPORT_HOSTS];
  CHECK_INT(count_picks(&f, 40000, counts), 0);
  for (int i = 0; i < 4; i++) CHECK(counts[i] > 9600 && counts[i] < 10400);
  tell(&f, 3, 0, 5);
  CHECK_INT(count_picks(&f, 1000, counts), 0);
  CHECK_INT(counts[3], 0); /* its other half is always cheaper */
  finish(&f);
}

static void make(hosts_fixture *f) { start_peak(f, 3); }

int main(void) {
  test_up_at_once_and_down_slowly();
  test_the_cheaper_one();
  test_pairs_are_by_chance();
  check_build_memory(make);
  return check_finish();
}
