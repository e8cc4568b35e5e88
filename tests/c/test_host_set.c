#include "balance_support.h"

/* Loads of the priorities, healthy and degraded, for [total, unhealthy, degraded] of each. */
static void check_loads(uint32_t panic, uint32_t overprovisioning, uint32_t levels, const uint32_t hosts[][3],
                        const uint32_t loads[][3]) {
  hosts_fixture f;
  start(&f, MC_POLICY_ROUND_ROBIN);
  f.spec.balance.panic_percent = panic;
  f.spec.balance.overprovisioning_percent = overprovisioning;
  for (uint32_t i = 0; i < levels; i++) add_locality(&f, i, 0, hosts[i][0], hosts[i][1], hosts[i][2]);
  CHECK_INT(build(&f, 0), MC_OK);
  CHECK_INT(f.balancer.set.count, levels);
  for (uint32_t i = 0; i < levels; i++) {
    CHECK_INT(f.balancer.set.priorities[i].load, loads[i][0]);
    CHECK_INT(f.balancer.set.priorities[i].degraded_load, loads[i][1]);
    CHECK_INT(f.balancer.set.priorities[i].panic, loads[i][2]);
  }
  finish(&f);
}

#define LOADS(panic, factor, hosts, loads) \
  check_loads(panic, factor, sizeof(hosts) / sizeof *(hosts), hosts, loads)

/* After the table of Envoy's documentation, "Priority levels": a priority is full from 72 % of healthy hosts on. */
static void test_two_priorities(void) {
  static const uint32_t half[2][3] = {{20, 10, 0}, {20, 0, 0}}, half_loads[2][3] = {{70, 0, 0}, {30, 0, 0}};
  LOADS(50, 140, half, half_loads);
  static const uint32_t just[2][3] = {{25, 7, 0}, {25, 0, 0}}, just_loads[2][3] = {{100, 0, 0}, {0, 0, 0}};
  LOADS(50, 140, just, just_loads);
  static const uint32_t less[2][3] = {{25, 8, 0}, {25, 0, 0}}, less_loads[2][3] = {{95, 0, 0}, {5, 0, 0}};
  LOADS(50, 140, less, less_loads);
  static const uint32_t few[2][3] = {{4, 3, 0}, {4, 3, 0}}, few_loads[2][3] = {{50, 0, 1}, {50, 0, 1}};
  LOADS(50, 140, few, few_loads);
  static const uint32_t none[2][3] = {{4, 4, 0}, {4, 0, 0}}, none_loads[2][3] = {{0, 0, 0}, {100, 0, 0}};
  LOADS(50, 140, none, none_loads);
  static const uint32_t plain[2][3] = {{4, 1, 0}, {4, 0, 0}}, plain_loads[2][3] = {{75, 0, 0}, {25, 0, 0}};
  LOADS(50, 100, plain, plain_loads);
}

static void test_three_priorities(void) {
  static const uint32_t hosts[3][3] = {{5, 4, 0}, {5, 4, 0}, {5, 4, 0}};
  static const uint32_t loads[3][3] = {{34, 0, 1}, {33, 0, 1}, {33, 0, 1}};
  LOADS(50, 140, hosts, loads);
  static const uint32_t calm[3][3] = {{34, 0, 0}, {33, 0, 0}, {33, 0, 0}};
  LOADS(10, 140, hosts, calm);
}

static void test_degraded_hosts_come_last(void) {
  static const uint32_t some[1][3] = {{4, 0, 1}}, some_loads[1][3] = {{100, 0, 0}};
  LOADS(50, 140, some, some_loads);
  static const uint32_t half[1][3] = {{4, 0, 2}}, half_loads[1][3] = {{70, 30, 0}};
  LOADS(50, 140, half, half_loads);
  static const uint32_t all[1][3] = {{4, 0, 4}}, all_loads[1][3] = {{0, 100, 0}};
  LOADS(50, 140, all, all_loads);
  static const uint32_t spill[2][3] = {{4, 2, 1}, {4, 0, 0}}, spill_loads[2][3] = {{35, 0, 0}, {65, 0, 0}};
  LOADS(50, 140, spill, spill_loads);
}

static void test_panic_compares_unrounded(void) {
  static const uint32_t hosts[1][3] = {{8, 5, 0}}; /* 37.5 % are healthy */
  static const uint32_t calm[1][3] = {{100, 0, 0}}, panic[1][3] = {{100, 0, 1}};
  LOADS(37, 140, hosts, calm);
  LOADS(38, 140, hosts, panic);
}

static void test_panic_can_be_off(void) {
  static const uint32_t hosts[2][3] = {{4, 4, 0}, {4, 4, 0}}, loads[2][3] = {{100, 0, 0}, {0, 0, 0}};
  LOADS(0, 140, hosts, loads);
}

static void test_draining_hosts_do_not_count(void) {
  hosts_fixture f;
  start(&f, MC_POLICY_ROUND_ROBIN);
  add_locality(&f, 0, 0, 4, 0, 0);
  f.endpoints[0].health = f.endpoints[1].health = f.endpoints[2].health = MC_DRAINING;
  CHECK_INT(build(&f, 0), MC_OK);
  CHECK(!f.balancer.set.priorities[0].panic);
  CHECK_INT(f.balancer.set.priorities[0].excluded, 3);
  CHECK_INT(f.balancer.set.priorities[0].healthy.count, 1);
  finish(&f);
}

/* 1 of 4 hosts is healthy, and 9 of 12 parts of their weight. */
static void test_weights_may_count(void) {
  hosts_fixture f;
  start(&f, MC_POLICY_ROUND_ROBIN);
  f.spec.balance.overprovisioning_percent = 100;
  f.spec.balance.weighted_priority_health = true;
  add_locality(&f, 0, 0, 5, 3, 0);
  add_locality(&f, 1, 0, 1, 0, 0);
  f.endpoints[3].health = MC_DRAINING;
  f.endpoints[3].weight = 40;
  f.endpoints[4].weight = 9;
  CHECK_INT(build(&f, 0), MC_OK);
  CHECK_INT(f.balancer.set.priorities[0].load, 75);
  CHECK_INT(f.balancer.set.priorities[1].load, 25);
  finish(&f);
}

static void test_the_runtime_knows_better(void) {
  hosts_fixture f;
  start(&f, MC_POLICY_ROUND_ROBIN);
  add_locality(&f, 0, 0, 2, 0, 0);
  CHECK_INT(build(&f, 0), MC_OK);
  CHECK_INT(mc_host_health(&f.cluster.hosts[0]), MC_HEALTHY);
  atomic_store(&f.cluster.hosts[0].state->failing, 1);
  CHECK_INT(mc_host_health(&f.cluster.hosts[0]), MC_UNHEALTHY);
  finish(&f);
}

static void test_choosing_by_number(void) {
  hosts_fixture f;
  start(&f, MC_POLICY_ROUND_ROBIN);
  add_locality(&f, 0, 0, 4, 2, 0);
  add_locality(&f, 2, 0, 4, 0, 0); /* a gap is an empty priority */
  CHECK_INT(build(&f, 0), MC_OK);
  const mc_host_set *set = &f.balancer.set;
  CHECK_INT(set->count, 3);
  bool degraded;
  CHECK(mc_host_set_choose(set, 69, &degraded) == &set->priorities[0] && !degraded);
  CHECK(mc_host_set_choose(set, 70, &degraded) == &set->priorities[2] && !degraded);
  CHECK(mc_host_set_choose(set, 100, &degraded) == &set->priorities[0] && !degraded);
  finish(&f);
}

int main(void) {
  test_two_priorities();
  test_three_priorities();
  test_degraded_hosts_come_last();
  test_panic_compares_unrounded();
  test_panic_can_be_off();
  test_draining_hosts_do_not_count();
  test_weights_may_count();
  test_the_runtime_knows_better();
  test_choosing_by_number();
  return check_finish();
}
