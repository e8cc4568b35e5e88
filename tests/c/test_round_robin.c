#include "balance_support.h"

static void test_every_host_in_turn(void) {
  hosts_fixture f;
  start(&f, MC_POLICY_ROUND_ROBIN);
  add_locality(&f, 0, 0, 4, 0, 0);
  CHECK_INT(build(&f, 7), MC_OK);
  mc_pick pick = {.peek = true};
  CHECK_INT(mc_balancer_pick(&f.balancer, &pick), 7 % 4); /* and again: nothing moves on */
  CHECK_INT(mc_balancer_pick(&f.balancer, &pick), 7 % 4);
  pick.peek = false;
  CHECK_INT(mc_balancer_pick(&f.balancer, &pick), 7 % 4);
  CHECK_INT(mc_balancer_pick(&f.balancer, &pick), 8 % 4);
  int counts[SUPPORT_HOSTS];
  CHECK_INT(count_picks(&f, 400, counts), 0);
  for (int i = 0; i < 4; i++) CHECK_INT(counts[i], 100);
  finish(&f);
}

static void test_no_hosts(void) {
  hosts_fixture f;
  start(&f, MC_POLICY_ROUND_ROBIN);
  CHECK_INT(build(&f, 7), MC_OK);
  int counts[SUPPORT_HOSTS];
  CHECK_INT(count_picks(&f, 10, counts), 10);
  finish(&f);
}

static void test_by_weight(void) {
  hosts_fixture f;
  start_weighted(&f, MC_POLICY_ROUND_ROBIN, (uint32_t[]){1, 2, 4, 8}, 4);
  CHECK_INT(build(&f, 12345), MC_OK);
  int counts[SUPPORT_HOSTS];
  CHECK_INT(count_picks(&f, 150, counts), 0);
  for (int i = 0; i < 4; i++) CHECK_INT(counts[i], 10 << i);
  finish(&f);
}

/* Too long an order to write out: the schedule keeps the shares. */
static void test_weights_of_a_long_period(void) {
  hosts_fixture f;
  start_weighted(&f, MC_POLICY_ROUND_ROBIN, (uint32_t[]){100003, 200003, UINT32_MAX - 300006}, 3);
  CHECK_INT(build(&f, 12345), MC_OK);
  int counts[SUPPORT_HOSTS];
  CHECK_INT(count_picks(&f, 100000, counts), 0);
  CHECK(counts[0] >= 1 && counts[0] <= 4 && counts[1] >= 3 && counts[1] <= 7);
  finish(&f);
}

/* A third host comes at 100 s, with a window of 100 s; all three are alike at its end. */
static void test_slow_start(void) {
  hosts_fixture f;
  start(&f, MC_POLICY_ROUND_ROBIN);
  f.spec.balance.load.slow_start_ns = seconds(100);
  f.spec.balance.load.slow_start_least = 0.1;
  add_locality(&f, 0, 0, 3, 0, 0);
  f.spec.endpoint_count = 2;
  f.spec.balance.now_ns = seconds(1);
  CHECK_INT(build(&f, 7), MC_OK);
  CHECK(f.balancer.reads_clock);
  hosts_fixture later = f;
  later.cluster = (mc_cluster){.host_count = 0};
  later.spec.endpoints = later.endpoints;
  later.spec.endpoint_count = 3;
  later.spec.balance.now_ns = seconds(200);
  CHECK_INT(build(&later, 7), MC_OK);
  int counts[SUPPORT_HOSTS];
  count_at(&later, seconds(200), 2100, counts); /* by 1 : 1 : 0.1 */
  CHECK(counts[2] >= 99 && counts[2] <= 101);
  CHECK(counts[0] >= 999 && counts[0] <= 1001);
  count_at(&later, seconds(250), 2500, counts); /* by 1 : 1 : 0.5 */
  CHECK(counts[2] >= 490 && counts[2] <= 510);
  count_at(&later, seconds(300), 3000, counts);
  for (int i = 0; i < 3; i++) CHECK_INT(counts[i], 1000);
  unbuild(&later);
  finish(&f);
}

static void make(hosts_fixture *f) {
  start_weighted(f, MC_POLICY_ROUND_ROBIN, (uint32_t[]){1, 2, 3}, 3);
  f->spec.balance.load.slow_start_ns = 1;
  f->spec.balance.now_ns = 1;
}

int main(void) {
  test_every_host_in_turn();
  test_no_hosts();
  test_by_weight();
  test_weights_of_a_long_period();
  test_slow_start();
  check_build_memory(make);
  return check_finish();
}
