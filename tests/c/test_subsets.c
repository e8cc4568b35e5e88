/* Routes that mean subsets, decided. */
#include "engine_support.h"
#include "label_support.h"

static const mc_label V1 = LABEL("version", "v1"), V2 = LABEL("version", "v2");
static const mc_endpoint_spec ENDPOINTS[] = {{.address = NAME("one:1"), .labels = &V1, .label_count = 1},
                                             {.address = NAME("two:1"), .labels = &V2, .label_count = 1}};
static const mc_slice KEY = NAME("version");
static const mc_subset_selector SELECTOR = {.keys = {&KEY, 1}};
static const mc_subsets_spec SUBSETS = {.selectors = &SELECTOR, .selector_count = 1, .fallback = MC_FALLBACK_NONE};
static const mc_criteria_spec WANTS_V1 = {.labels = {&V1, 1}}, WANTS_V2 = {.labels = {&V2, 1}}, WANTS_V9 = {.labels = LABELS(LABEL("version", "v9"))};

/* The snapshot of routes "/0" and so on with these actions, over the clusters "split" and "whole". */
static mc_snapshot *snapshot_for(const mc_action_spec *actions, uint32_t count, mc_runtime *runtime, mc_error *error) {
  static const char *const paths[] = {"/0", "/1", "/2", "/3", "/4"};
  mc_route_spec routes[5];
  for (uint32_t i = 0; i < count; i++) routes[i] = prefix_route(text_of(paths[i]));
  const mc_balance_spec balance = {.policy = MC_POLICY_ROUND_ROBIN, .panic_percent = 50, .overprovisioning_percent = 140};
  const mc_cluster_spec clusters[] = {
      {.name = MC_LITERAL("split"), .balance = balance, .endpoints = ENDPOINTS, .endpoint_count = 2, .subsets = &SUBSETS, .keep = -1},
      {.name = MC_LITERAL("whole"), .balance = balance, .endpoints = ENDPOINTS, .endpoint_count = 2, .keep = -1}};
  small_config config;
  small_init(&config, routes, actions, count, clusters, 2);
  return mc_snapshot_build(&config.spec, runtime, error);
}

static void check_endpoint(const mc_snapshot *s, const char *target, const char *const *rows, int32_t expected, mc_subset_reason reason) {
  mc_header headers[16];
  mc_request request = request_of("a.com", target, headers, rows);
  mc_decision d;
  CHECK_INT(mc_decide(s, &request, &d), MC_OK);
  CHECK_INT(d.endpoint, expected);
  CHECK_INT(d.subset_reason, reason);
  CHECK_INT(d.details, expected < 0 ? MC_DETAILS_NO_HEALTHY_UPSTREAM : MC_DETAILS_NONE);
  if (reason != MC_SUBSET_NONE) CHECK_INT(mc_cluster_subset(d.upstream, d.subset).count, 1);
  mc_decision_release(&d);
}

static void test_routes_and_splits(void) {
  const mc_weighted_cluster_spec weighted = {.cluster = 0, .weight = 1, .criteria = &WANTS_V2};
  mc_action_spec actions[5];
  for (int i = 0; i < 5; i++) actions[i] = forward_to(0);
  actions[0].criteria = &WANTS_V1;
  actions[1].criteria = &WANTS_V9;
  actions[3].clusters = &weighted;
  actions[3].cluster_count = 1;
  actions[4].cluster = -1;
  actions[4].cluster_header = MC_LITERAL("x-cluster");
  actions[4].criteria = &WANTS_V2;
  mc_runtime *runtime = mc_runtime_new();
  mc_error error;
  mc_snapshot *s = snapshot_for(actions, 5, runtime, &error);
  const char *const none[] = {NULL}, *const named[] = {"x-cluster: split", NULL}, *const whole[] = {"x-cluster: whole", NULL};
  for (int i = 0; i < 3; i++) {
    check_endpoint(s, "/0", none, 0, MC_SUBSET_MATCHED);
    check_endpoint(s, "/1", none, -1, MC_SUBSET_NONE);
    check_endpoint(s, "/2", none, -1, MC_SUBSET_NONE);
    check_endpoint(s, "/3", none, 1, MC_SUBSET_MATCHED);
    check_endpoint(s, "/4", named, 1, MC_SUBSET_MATCHED);
  }
  mc_header headers[16];
  mc_request request = request_of("a.com", "/4", headers, whole);
  mc_decision d;
  CHECK_INT(mc_decide(s, &request, &d), MC_OK);
  CHECK(d.endpoint >= 0 && d.subset == -1); /* a cluster without subsets does not ask */
  mc_decision_release(&d);
  mc_snapshot_free(s);
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

static void test_memory_runs_out(void) {
  const mc_weighted_cluster_spec weighted = {.cluster = 0, .weight = 1, .criteria = &WANTS_V2};
  mc_action_spec actions[2] = {forward_to(0), forward_to(-1)};
  actions[0].criteria = &WANTS_V1;
  actions[1].clusters = &weighted;
  actions[1].cluster_count = 1;
  for (int n = 0;; n++) {
    mc_runtime *runtime = mc_runtime_new();
    mc_error error;
    check_memory(n);
    mc_snapshot *s = snapshot_for(actions, 2, runtime, &error);
    check_memory(-1);
    mc_snapshot_free(s);
    mc_runtime_free(runtime);
    CHECK_INT(check_blocks(), 0);
    if (s) break;
    CHECK_INT(error.code, MC_NO_MEMORY);
  }
}

int main(void) {
  test_routes_and_splits();
  test_memory_runs_out();
  return check_finish();
}
