#include "one_route.h"

static mc_picked pick(int32_t cluster, uint64_t seed) {
  const mc_pick_terms terms = {.seed = seed};
  mc_picked picked;
  CHECK_INT(mc_snapshot_pick(snapshot, cluster, &terms, &picked), MC_OK);
  return picked;
}

static void test_a_pick_is_active_until_it_is_done(void) {
  const mc_action_spec action = forward_to(0);
  start(&action, NULL);
  const mc_picked first = pick(1, 1), second = pick(1, 2);
  CHECK(first.endpoint == 0 && second.endpoint == 0 && !first.flag);
  CHECK_INT(mc_snapshot_active(snapshot, 1, 0), 2);
  mc_snapshot_done(snapshot, 1, &first);
  mc_snapshot_done(snapshot, 1, &second);
  CHECK_INT(mc_snapshot_active(snapshot, 1, 0), 0);
  stop();
}

static void test_nobody_is_there(void) {
  const mc_action_spec action = forward_to(0);
  start(&action, NULL);
  const mc_picked picked = pick(2, 1);
  CHECK_INT(picked.endpoint, -1);
  CHECK_INT(picked.flag, MC_FLAG_UH);
  stop();
}

static mc_cluster_spec limited;
static void limit_one(small_config *config) { config->spec.clusters = &limited, config->spec.cluster_count = 1; }

static void test_the_clusters_limit_counts(void) {
  const mc_endpoint_spec endpoint = {.address = MC_LITERAL("a:1")};
  const mc_action_spec action = forward_to(0);
  limited = (mc_cluster_spec){.name = MC_LITERAL("one"), .endpoints = &endpoint, .endpoint_count = 1};
  mc_thresholds thresholds[] = {mc_thresholds_default(), mc_thresholds_default()};
  thresholds[MC_ROUTING_DEFAULT].max[MC_RESOURCE_REQUESTS] = 1;
  limited.thresholds = thresholds;
  start(&action, limit_one);
  ask(MC_LITERAL("GET"), NULL);
  CHECK_INT(pick(0, 1).flag, MC_FLAG_UO);
  CHECK_INT(mc_snapshot_active(snapshot, 0, 0), 1);
  mc_decision_release(&decision);
  const mc_picked picked = pick(0, 1);
  CHECK_INT(picked.endpoint, 0);
  ask(MC_LITERAL("GET"), NULL);
  CHECK_INT(decision.flags, MC_FLAG_UO);
  mc_decision_release(&decision);
  mc_snapshot_done(snapshot, 0, &picked);
  stop();
}

static void test_a_stale_cluster_says_so(void) {
  const mc_action_spec action = forward_to(0);
  start(&action, NULL);
  mc_snapshot_set_health(snapshot, 1, 0, false);
  mc_pick_terms terms = {.seed = 1};
  mc_picked picked;
  CHECK_INT(mc_snapshot_pick(snapshot, 1, &terms, &picked), MC_STALE);
  CHECK_INT(mc_snapshot_active(snapshot, 1, 0), 0);
  terms.stale = true;
  CHECK_INT(mc_snapshot_pick(snapshot, 1, &terms, &picked), MC_OK);
  CHECK_INT(picked.endpoint, 0);
  mc_snapshot_done(snapshot, 1, &picked);
  stop();
}

int main(void) {
  test_a_pick_is_active_until_it_is_done();
  test_nobody_is_there();
  test_the_clusters_limit_counts();
  test_a_stale_cluster_says_so();
  return check_finish();
}
