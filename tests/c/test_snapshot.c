#include "engine_support.h"

static void test_clusters_by_name(void) {
  enum { COUNT = 300 };
  static char names[COUNT][8];
  static mc_cluster_spec clusters[COUNT];
  for (int i = 0; i < COUNT; i++) {
    clusters[i].name = mc_slice_of(names[i], (size_t)snprintf(names[i], sizeof names[i], "c%d", i));
  }
  const mc_snapshot_spec spec = {.clusters = clusters, .cluster_count = COUNT};
  mc_runtime *runtime = mc_runtime_new();
  mc_snapshot *s = snapshot_of(&spec, runtime);
  for (int32_t i = 0; i < COUNT; i++) CHECK_INT(mc_snapshot_cluster(s, text_of(names[i])), i);
  CHECK_INT(mc_snapshot_cluster(s, MC_LITERAL("c300")), -1);
  CHECK_INT(mc_snapshot_cluster(s, MC_LITERAL("")), -1);
  mc_snapshot_free(s);
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

static void test_nothing_at_all(void) {
  const mc_snapshot_spec spec = {.seed = 0};
  mc_runtime *runtime = mc_runtime_new();
  mc_snapshot *s = snapshot_of(&spec, runtime);
  const mc_request request = {.authority = MC_LITERAL("a"), .target = MC_LITERAL("/")};
  CHECK_INT(mc_snapshot_listener(s, &request), -1);
  CHECK_INT(mc_snapshot_cluster(s, MC_LITERAL("a")), -1);
  mc_snapshot_free(s);
  mc_snapshot_free(NULL);
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

static void test_bad_parts_are_refused_whole(void) {
  const mc_route_spec good = prefix_route(MC_LITERAL("/"));
  const mc_route_spec bad_path = {.path_kind = MC_PATH_REGEX, .path = MC_LITERAL("(")};
  const mc_weighted_cluster_spec zero[] = {{.cluster = 0}}, large[] = {{.weight = UINT32_MAX}, {.weight = 1}};
  const mc_hash_policy_spec hash = {.kind = MC_HASH_HEADER, .name = MC_LITERAL("x"), .regex = {MC_LITERAL("["), MC_LITERAL("")}};
  mc_action_spec actions[5];
  for (int i = 0; i < 5; i++) actions[i] = forward_to(0);
  actions[1].clusters = zero;
  actions[1].cluster_count = 1;
  actions[2].clusters = large;
  actions[2].cluster_count = 2;
  actions[3].path_rewrite = (mc_path_rewrite_spec){.kind = MC_REWRITE_REGEX, .regex = {MC_LITERAL("*"), MC_LITERAL("")}};
  actions[4].hash_policies = &hash;
  actions[4].hash_policy_count = 1;
  mc_runtime *runtime = mc_runtime_new();
  for (int i = 0; i < 5; i++) {
    const mc_route_spec routes[] = {{.path_kind = MC_PATH_REGEX, .path = MC_LITERAL("/ok.*")}, i ? good : bad_path};
    const mc_action_spec both[] = {actions[0], actions[i]};
    small_config config;
    mc_error error = {.code = MC_OK};
    small_init(&config, routes, both, 2, NULL, 0);
    CHECK(mc_snapshot_build(&config.spec, runtime, &error) == NULL);
    CHECK_INT(error.code, MC_INVALID);
    CHECK(error.message[0] != '\0');
  }
  const mc_domain_spec twice[] = {{MC_LITERAL("a"), 0}, {MC_LITERAL("a"), 0}};
  small_config config;
  mc_error error = {.code = MC_OK};
  small_init(&config, &good, actions, 1, NULL, 0);
  config.listener.domains = (mc_domains_spec){.domains = twice, .domain_count = 2};
  CHECK(mc_snapshot_build(&config.spec, runtime, &error) == NULL);
  CHECK_INT(error.code, MC_INVALID);
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

/* The state of what stays is kept, the state of what went is gone. */
static void test_swap_on_one_runtime(void) {
  const mc_endpoint_spec endpoints[] = {{.address = MC_LITERAL("a:1")}, {.address = MC_LITERAL("a:2")}, {.address = MC_LITERAL("a:3")}};
  const mc_cluster_spec before = {.name = MC_LITERAL("c"), .endpoints = endpoints, .endpoint_count = 2};
  const mc_cluster_spec after[] = {{.name = MC_LITERAL("new")}, {.name = MC_LITERAL("c"), .endpoints = endpoints + 1, .endpoint_count = 2}};
  const mc_route_spec route = prefix_route(MC_LITERAL("/"));
  const mc_action_spec to_first = forward_to(0), to_second = forward_to(1);
  mc_runtime *runtime = mc_runtime_new();
  small_config one, two;
  small_init(&one, &route, &to_first, 1, &before, 1);
  small_init(&two, &route, &to_second, 1, after, 2);
  two.spec.seed = 99;
  mc_snapshot *old = snapshot_of(&one.spec, runtime);
  mc_decision first, second, third;
  const mc_request request = request_of("a", "/", NULL, NULL);
  CHECK_INT(mc_decide(old, &request, &first), MC_OK);
  CHECK_INT(mc_decide(old, &request, &second), MC_OK);
  CHECK_INT(first.endpoint + second.endpoint, 1);
  mc_snapshot *young = snapshot_of(&two.spec, runtime);
  CHECK(young->clusters[1]->state == old->clusters[0]->state);
  CHECK_INT(mc_snapshot_active(young, 1, 0), 1); /* a:2, of a request on the old snapshot */
  CHECK_INT(mc_snapshot_active(young, 1, 1), 0);
  CHECK_INT(mc_decide(young, &request, &third), MC_OK);
  mc_decision_release(&first);
  mc_decision_release(&second);
  CHECK_INT(mc_snapshot_active(old, 0, 0), 0);
  mc_snapshot_free(old);
  CHECK_INT(mc_snapshot_active(young, 1, third.endpoint), 1);
  CHECK_INT(mc_snapshot_active(young, 1, !third.endpoint), 0);
  mc_decision_release(&third);
  CHECK_INT(mc_snapshot_active(young, 1, third.endpoint), 0);
  mc_snapshot_free(young);
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

/* Everything that a configuration may have, once. */
static void test_out_of_memory(void) {
  const mc_route_spec routes[] = {
      {.path_kind = MC_PATH_REGEX, .path = MC_LITERAL("/r.*")},
      {.path_kind = MC_PATH_TEMPLATE, .path = MC_LITERAL("/{a}/{b=**}")},
      prefix_route(MC_LITERAL("/p")),
      prefix_route(MC_LITERAL("/")),
  };
  const mc_format_segment segments[] = {REQ("x-a"), TEXT("!")};
  const mc_header_value_spec add = {.name = MC_LITERAL("x-b"), .value = {segments, 2}};
  const mc_slice remove = MC_LITERAL("x-c");
  const mc_edits_spec edits = {.request_add = &add, .request_add_count = 1, .request_remove = &remove, .request_remove_count = 1,
                               .response_add = &add, .response_add_count = 1, .response_remove = &remove, .response_remove_count = 1};
  const mc_weighted_cluster_spec split[] = {{.weight = 1, .host_rewrite = MC_LITERAL("h"), .edits = edits},
                                            {.cluster = -1, .cluster_header = MC_LITERAL("x-cluster"), .weight = 2}};
  const mc_hash_policy_spec hashes[] = {{.kind = MC_HASH_HEADER, .name = MC_LITERAL("x-user"), .regex = {MC_LITERAL("a+"), MC_LITERAL("b")}},
                                        {.kind = MC_HASH_COOKIE, .name = MC_LITERAL("c")}};
  const mc_upgrade upgrade = {MC_LITERAL("websocket"), true};
  mc_action_spec actions[] = {forward_to(0), forward_to(-1), {.kind = MC_ACTION_REDIRECT}, {.kind = MC_ACTION_RESPOND}};
  actions[0].name = MC_LITERAL("first");
  actions[0].edits = edits;
  actions[0].clusters = split;
  actions[0].cluster_count = 2;
  actions[0].weight_header = MC_LITERAL("x-weight");
  actions[0].hash_policies = hashes;
  actions[0].hash_policy_count = 2;
  actions[0].path_rewrite = (mc_path_rewrite_spec){.kind = MC_REWRITE_REGEX, .regex = {MC_LITERAL("r(.)"), MC_LITERAL("\\1")}};
  actions[0].upgrades = &upgrade;
  actions[0].upgrade_count = 1;
  actions[1].path_rewrite = (mc_path_rewrite_spec){.kind = MC_REWRITE_TEMPLATE, .text = MC_LITERAL("/{b}/{a}")};
  actions[1].host_rewrite = (mc_host_rewrite_spec){.kind = MC_HOST_PATH_REGEX, .regex = {MC_LITERAL("/(.*)"), MC_LITERAL("\\1")}};
  actions[1].cluster_header = MC_LITERAL("x-cluster");
  actions[2].redirect = (mc_redirect_spec){.status = 302, .port = -1, .host = MC_LITERAL("b"),
                                           .path = {.kind = MC_REWRITE_REGEX, .regex = {MC_LITERAL("p"), MC_LITERAL("q")}}};
  actions[3].status = 200;
  actions[3].body = (mc_format_spec){segments, 2};
  actions[3].content_type = MC_LITERAL("text/x");
  const mc_endpoint_spec endpoints[] = {{.address = MC_LITERAL("a:1"), .hostname = MC_LITERAL("h")}};
  const mc_cluster_spec clusters[] = {{.name = MC_LITERAL("c"), .endpoints = endpoints, .endpoint_count = 1}, {.name = MC_LITERAL("d")}};
  const mc_cidr cidr = {.bits = 8};
  small_config config;
  small_init(&config, routes, actions, 4, clusters, 2);
  const mc_hash_policies_spec of_clusters[] = {{hashes, 2}, {.count = 0}};
  config.spec.hash_policies = of_clusters;
  config.host.edits = config.listener.edits = edits;
  config.listener.options = (mc_http_options){.via = MC_LITERAL("v"), .scheme_to_overwrite = MC_LITERAL("https"), .internal_cidrs = &cidr,
                                              .internal_cidr_count = 1, .upgrades = &upgrade, .upgrade_count = 1};
  config.listener.domains.header = MC_LITERAL("x-host");
  for (int n = 0;; n++) {
    mc_error error = {.code = MC_OK};
    mc_runtime *runtime = mc_runtime_new();
    check_memory(n);
    mc_snapshot *s = mc_snapshot_build(&config.spec, runtime, &error);
    check_memory(-1);
    mc_snapshot_free(s);
    mc_runtime_free(runtime);
    CHECK_INT(check_blocks(), 0);
    if (s) break;
    CHECK_INT(error.code, MC_NO_MEMORY);
  }
}

/* A cluster that has not changed is taken over with all that its policy counts. */
static void test_a_swap_keeps_clusters(void) {
  const mc_endpoint_spec endpoints[] = {{.address = MC_LITERAL("a:1")}, {.address = MC_LITERAL("a:2")}, {.address = MC_LITERAL("a:3")}};
  mc_cluster_spec spec = {.name = MC_LITERAL("c"), .endpoints = endpoints, .endpoint_count = 3, .keep = -1};
  const mc_route_spec route = prefix_route(MC_LITERAL("/"));
  const mc_action_spec action = forward_to(0);
  mc_runtime *runtime = mc_runtime_new();
  small_config config;
  small_init(&config, &route, &action, 1, &spec, 1);
  mc_snapshot *old = snapshot_of(&config.spec, runtime);
  spec.keep = 0;
  config.spec.previous = old;
  config.spec.seed = 99;
  mc_snapshot *young = snapshot_of(&config.spec, runtime);
  CHECK(young->clusters[0] == old->clusters[0]);
  const mc_request request = request_of("a", "/", NULL, NULL);
  mc_decision decisions[3];
  int seen = 0;
  for (int i = 0; i < 3; i++) { /* one rotation over both */
    CHECK_INT(mc_decide(i % 2 ? young : old, &request, &decisions[i]), MC_OK);
    seen |= 1 << decisions[i].endpoint;
  }
  CHECK_INT(seen, 7);
  for (int i = 0; i < 3; i++) mc_decision_release(&decisions[i]);
  mc_snapshot_free(old);
  CHECK_INT(mc_snapshot_active(young, 0, 0), 0);
  mc_snapshot_free(young);
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

/* What policies learn goes to the host, and only those that go by time ask for it. */
static void test_reports(void) {
  const mc_endpoint_spec endpoints[] = {{.address = MC_LITERAL("a:1")}, {.address = MC_LITERAL("a:2")}};
  mc_cluster_spec spec = {.name = MC_LITERAL("c"), .endpoints = endpoints, .endpoint_count = 2, .keep = -1};
  const mc_route_spec route = prefix_route(MC_LITERAL("/"));
  const mc_action_spec action = forward_to(0);
  const mc_report report = {.now_ns = 5, .latency_ns = 7};
  small_config config;
  small_init(&config, &route, &action, 1, &spec, 1);
  for (int peak = 0; peak < 2; peak++) {
    mc_runtime *runtime = mc_runtime_new();
    spec.balance.policy = peak ? MC_POLICY_PEAK_EWMA : MC_POLICY_ROUND_ROBIN;
    mc_snapshot *s = snapshot_of(&config.spec, runtime);
    CHECK_INT(mc_snapshot_reads_clock(s), peak);
    CHECK_INT(mc_snapshot_learns(s, 0), peak);
    mc_snapshot_report(s, 0, 1, &report);
    CHECK_INT((int)atomic_load(&s->clusters[0]->hosts[0].state->latency_at_ns), 0);
    CHECK_INT((int)atomic_load(&s->clusters[0]->hosts[1].state->latency_at_ns), peak ? 5 : 0);
    mc_snapshot_free(s);
    mc_runtime_free(runtime);
  }
  CHECK_INT(check_blocks(), 0);
}

int main(void) {
  test_reports();
  test_a_swap_keeps_clusters();
  test_clusters_by_name();
  test_nothing_at_all();
  test_bad_parts_are_refused_whole();
  test_swap_on_one_runtime();
  test_out_of_memory();
  return check_finish();
}
