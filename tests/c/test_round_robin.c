#include "balance/policy.h"
#include "check.h"

static int32_t turns[4];

static void pick_many(const mc_cluster *cluster, int count) {
  mc_pick pick = {0, 0};
  for (int i = 0; i < count; i++) turns[cluster->policy->pick(cluster, &pick)]++;
}

static void test_every_host_in_turn(void) {
  mc_endpoint_spec endpoints[4] = {{.address = MC_LITERAL("a")}, {.address = MC_LITERAL("b")},
                                   {.address = MC_LITERAL("c")}, {.address = MC_LITERAL("d")}};
  mc_runtime *runtime = mc_runtime_new();
  mc_arena *arena = mc_arena_new();
  mc_cluster cluster = {.host_count = 0};
  mc_cluster_spec spec = {.name = MC_LITERAL("c"), .endpoints = endpoints, .endpoint_count = 4};
  CHECK_INT(mc_cluster_build(&cluster, &spec, runtime, 7, arena), MC_OK);
  cluster.policy = mc_policy_of(MC_POLICY_ROUND_ROBIN);
  CHECK_INT(cluster.policy->build(&cluster, arena), MC_OK);
  mc_pick pick = {0, 0};
  int32_t first = cluster.policy->pick(&cluster, &pick);
  CHECK_INT(first, 7 % 4);
  CHECK_INT(cluster.policy->peek(&cluster, &pick), (first + 1) % 4); /* and again: nothing moves on */
  CHECK_INT(cluster.policy->peek(&cluster, &pick), (first + 1) % 4);
  CHECK_INT(cluster.policy->pick(&cluster, &pick), (first + 1) % 4);
  pick_many(&cluster, 400);
  for (int i = 0; i < 4; i++) CHECK_INT(turns[i], 100);
  mc_cluster_clear(&cluster, runtime);
  mc_arena_free(arena);
  mc_runtime_free(runtime);
}

static void test_no_hosts(void) {
  mc_cluster cluster = {.host_count = 0};
  mc_pick pick = {0, 0};
  CHECK_INT(mc_policy_of(MC_POLICY_ROUND_ROBIN)->pick(&cluster, &pick), -1);
  CHECK_INT(mc_policy_of(MC_POLICY_ROUND_ROBIN)->peek(&cluster, &pick), -1);
}

int main(void) {
  test_every_host_in_turn();
  test_no_hosts();
  return check_finish();
}
