#include "balance/slow_start.h"

#include "balance_support.h"

static double factor(const mc_load_options *options, uint64_t since_ns, double now) {
  mc_host_state state = {.healthy_since_ns = since_ns, .live = &state.own};
  mc_host host = {.weight = 1, .state = &state};
  return mc_slow_start_factor(options, &host, seconds(now));
}

static void test_the_factor(void) {
  mc_load_options options = {.slow_start_ns = seconds(100), .slow_start_aggression = 1, .slow_start_least = 0.1};
  CHECK(factor(&options, seconds(10), 9) == 0.1);  /* the clock of another thread is behind */
  CHECK(factor(&options, seconds(10), 10) == 0.1);
  CHECK(factor(&options, seconds(10), 30) == 0.2);
  CHECK(factor(&options, seconds(10), 109) == 0.99);
  CHECK(factor(&options, seconds(10), 110) == 1);
  CHECK(factor(&options, 0, 30) == 1); /* it never began */
  options.slow_start_aggression = 2;
  CHECK(factor(&options, seconds(10), 35) == 0.5);
  options.slow_start_aggression = 0.5;
  CHECK(factor(&options, seconds(10), 60) == 0.25);
  options.slow_start_aggression = 1e-3;
  options.slow_start_least = 0;
  CHECK(factor(&options, seconds(10), 11) > 0);
  options.slow_start_ns = 0;
  CHECK(factor(&options, seconds(10), 10) == 1);
}

static void test_hosts_that_are_not_healthy(void) {
  mc_load_options options = {.slow_start_ns = seconds(100), .slow_start_aggression = 1, .slow_start_least = 0.1};
  mc_host_state state = {.healthy_since_ns = seconds(10), .failing = 1, .live = &state.own};
  mc_host host = {.weight = 1, .state = &state};
  CHECK(mc_slow_start_factor(&options, &host, seconds(11)) == 1);
  host.health = MC_DEGRADED;
  atomic_store(&state.failing, 0);
  CHECK(mc_slow_start_factor(&options, &host, seconds(11)) == 1);
}

/* A host starts when the cluster is first built with it healthy, and goes on through other builds. */
static void test_when_hosts_begin(void) {
  hosts_fixture f, later;
  start(&f, MC_POLICY_ROUND_ROBIN);
  add_locality(&f, 0, 0, 2, 1, 0);
  f.spec.balance.now_ns = seconds(5);
  CHECK_INT(build(&f, 0), MC_OK);
  later = f;
  later.cluster = (mc_cluster){.host_count = 0};
  later.spec.balance.now_ns = seconds(8);
  later.endpoints[0].health = MC_HEALTHY;
  later.spec.endpoints = later.endpoints;
  CHECK(atomic_load(&f.cluster.hosts[0].state->healthy_since_ns) == 0);
  CHECK_INT(build(&later, 0), MC_OK);
  CHECK(atomic_load(&f.cluster.hosts[0].state->healthy_since_ns) == seconds(8));
  CHECK(atomic_load(&f.cluster.hosts[1].state->healthy_since_ns) == seconds(5));
  unbuild(&later);
  finish(&f);
}

int main(void) {
  test_the_factor();
  test_hosts_that_are_not_healthy();
  test_when_hosts_begin();
  return check_finish();
}
