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

static void test_memory_runs_out(void) {
  for (int n = 0;; n++) {
    hosts_fixture f;
    start(&f, MC_POLICY_ROUND_ROBIN);
    add_locality(&f, 0, 0, 3, 0, 0);
    check_memory(n);
    mc_code code = build(&f, 0);
    check_memory(-1);
    finish(&f);
    if (!code) break;
    CHECK_INT(code, MC_NO_MEMORY);
  }
}

int main(void) {
  test_every_host_in_turn();
  test_no_hosts();
  test_memory_runs_out();
  return check_finish();
}
