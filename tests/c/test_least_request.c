#include "balance_support.h"

static void make_busy(hosts_fixture *f, int host, uint32_t active) {
  atomic_store(f->cluster.hosts[host].state->active, active);
}

static void start_least(hosts_fixture *f, const uint32_t *weights, uint32_t count) {
  start_weighted(f, MC_POLICY_LEAST_REQUEST, weights, count);
}

static const uint32_t ONES[SUPPORT_HOSTS] = {1, 1, 1, 1, 1, 1, 1, 1};

static void test_idle_hosts_by_chance(void) {
  for (int full = 0; full < 2; full++) {
    hosts_fixture f;
    start_least(&f, ONES, 4);
    f.spec.balance.load.full_scan = full;
    CHECK_INT(build(&f, 0), MC_OK);
    int counts[SUPPORT_HOSTS];
    CHECK_INT(count_picks(&f, 40000, counts), 0);
    for (int i = 0; i < 4; i++) CHECK(counts[i] > 9600 && counts[i] < 10400);
    finish(&f);
  }
}

/* The busy one of four is picked only where all choices fall on it. */
static void test_choices(void) {
  static const struct {
    uint32_t choices;
    double share;
  } rows[] = {{0, 1.0 / 16}, {2, 1.0 / 16}, {3, 1.0 / 64}, {100, 0}};
  for (int row = 0; row < 4; row++) {
    hosts_fixture f;
    start_least(&f, ONES, 4);
    f.spec.balance.load.choice_count = rows[row].choices;
    CHECK_INT(build(&f, 0), MC_OK);
    make_busy(&f, 2, 1);
    int counts[SUPPORT_HOSTS];
    CHECK_INT(count_picks(&f, 40000, counts), 0);
    double expected = 40000 * rows[row].share;
    CHECK(counts[2] >= expected * 0.85 && counts[2] <= expected * 1.15);
    finish(&f);
  }
}

static void test_full_scan(void) {
  hosts_fixture f;
  start_least(&f, ONES, 4);
  f.spec.balance.load.full_scan = true;
  CHECK_INT(build(&f, 0), MC_OK);
  make_busy(&f, 0, 5);
  make_busy(&f, 1, 3);
  make_busy(&f, 2, 3);
  make_busy(&f, 3, 4);
  int counts[SUPPORT_HOSTS];
  CHECK_INT(count_picks(&f, 20000, counts), 0);
  CHECK_INT(counts[0] + counts[3], 0);
  CHECK(counts[1] > 9600 && counts[1] < 10400);
  finish(&f);
}

/* Weights of 1 and 3; the second has what makes its weight 3 / 2^bias, or 3 / 3^bias. */
static void test_weights_and_the_bias(void) {
  static const struct {
    double bias;
    uint32_t active;
    int first, second; /* of as many picks as both together */
  } rows[] = {{1, 0, 1000, 3000}, {1, 2, 1000, 1000}, {1, 5, 1000, 500}, {0, 5, 1000, 3000}, {2, 1, 1000, 750},
              {0.5, 3, 1000, 1500}};
  for (int i = 0; i < 6; i++) {
    hosts_fixture f;
    start_least(&f, (uint32_t[]){1, 3}, 2);
    f.spec.balance.load.active_request_bias = rows[i].bias;
    CHECK_INT(build(&f, 99), MC_OK);
    make_busy(&f, 1, rows[i].active);
    pick_at(&f, 0, 0), pick_at(&f, 0, 0), pick_at(&f, 0, 0), pick_at(&f, 0, 0); /* due by the weights before */
    int counts[SUPPORT_HOSTS];
    count_at(&f, 0, rows[i].first + rows[i].second, counts);
    CHECK(counts[0] >= rows[i].first - 2 && counts[0] <= rows[i].first + 2);
    finish(&f);
  }
}

static void test_a_huge_bias_starves_nobody(void) {
  hosts_fixture f;
  start_least(&f, (uint32_t[]){1, 2}, 2);
  f.spec.balance.load.active_request_bias = 1e300;
  CHECK_INT(build(&f, 0), MC_OK);
  make_busy(&f, 0, 1000);
  make_busy(&f, 1, 1000);
  int counts[SUPPORT_HOSTS];
  CHECK_INT(count_picks(&f, 100, counts), 0);
  CHECK(counts[0] > 40 && counts[1] > 40);
  finish(&f);
}

static void test_one_host(void) {
  hosts_fixture f;
  start_least(&f, ONES, 1);
  CHECK_INT(build(&f, 9), MC_OK);
  CHECK_INT(pick_at(&f, 0, 1), 0);
  finish(&f);
}

/* Three are new and the fourth is not; after the window all are alike. */
static void test_slow_start(void) {
  hosts_fixture f;
  start_least(&f, ONES, 4);
  f.spec.balance.load.slow_start_ns = seconds(10);
  f.spec.balance.load.slow_start_least = 0.1;
  f.spec.balance.now_ns = seconds(20);
  CHECK_INT(build(&f, 9), MC_OK);
  atomic_store(&f.cluster.hosts[3].state->healthy_since_ns, seconds(20) - seconds(10)); /* it has been there long */
  for (int i = 0; i < 100; i++) pick_at(&f, seconds(20), 0);
  int counts[SUPPORT_HOSTS];
  count_at(&f, seconds(20), 1300, counts);
  CHECK(counts[3] >= 990 && counts[3] <= 1010);
  count_at(&f, seconds(30), 40000, counts); /* then by chance */
  for (int i = 0; i < 4; i++) CHECK(counts[i] > 9600 && counts[i] < 10400);
  finish(&f);
}

static void make(hosts_fixture *f) { start_least(f, (uint32_t[]){1, 2, 3}, 3); }

static void make_without_bias(hosts_fixture *f) {
  make(f);
  f->spec.balance.load.active_request_bias = 0;
}

int main(void) {
  test_idle_hosts_by_chance();
  test_choices();
  test_full_scan();
  test_weights_and_the_bias();
  test_a_huge_bias_starves_nobody();
  test_one_host();
  test_slow_start();
  check_build_memory(make);
  check_build_memory(make_without_bias);
  return check_finish();
}
