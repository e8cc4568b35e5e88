#include "engine_support.h"

static mc_runtime *runtime;
static mc_snapshot *snapshot;
static mc_header headers[16];
static mc_scratch scratch;
static mc_explanation explanation;

/* Three routes: a header under /a, a split under /a, anything by POST. The split is by the header x-draw. */
static void start(void (*change)(small_config *config)) {
  const mc_endpoint_spec endpoint = {.address = MC_LITERAL("a:1")};
  const mc_cluster_spec cluster = {.name = MC_LITERAL("one"), .endpoints = &endpoint, .endpoint_count = 1};
  const mc_header_match_spec x = {.name = MC_LITERAL("x"), .string = {.kind = MC_STRING_EXACT, .value = MC_LITERAL("1")}};
  const mc_header_match_spec post = {.name = MC_LITERAL(":method"), .string = {.kind = MC_STRING_EXACT, .value = MC_LITERAL("POST")}};
  mc_route_spec routes[] = {prefix_route(MC_LITERAL("/a")), prefix_route(MC_LITERAL("/a")), prefix_route(MC_LITERAL("/"))};
  routes[0].headers = &x;
  routes[2].headers = &post;
  routes[0].header_count = routes[2].header_count = 1;
  const mc_weighted_cluster_spec split[] = {{.cluster = 0, .weight = 90}, {.cluster = 0, .weight = 10}};
  mc_action_spec actions[] = {forward_to(0), forward_to(-1), forward_to(0)};
  actions[1].clusters = split;
  actions[1].cluster_count = 2;
  actions[1].weight_header = MC_LITERAL("x-draw");
  small_config config;
  small_init(&config, routes, actions, 3, &cluster, 1);
  if (change) change(&config);
  runtime = mc_runtime_new();
  snapshot = snapshot_of(&config.spec, runtime);
  mc_scratch_init(&scratch);
}

static void stop(void) {
  mc_scratch_reset(&scratch);
  mc_snapshot_free(snapshot);
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

static void explain(const char *authority, const char *target, const char *const *rows, uint64_t seed) {
  mc_request request = request_of(authority, target, headers, rows);
  request.seed = seed;
  mc_scratch_reset(&scratch);
  CHECK_INT(mc_explain(snapshot, &request, &scratch, &explanation), MC_OK);
}

static void check_failure(int32_t route, mc_condition_kind kind, uint32_t count) {
  CHECK_INT(explanation.failures[route].first.kind, kind);
  CHECK_INT(explanation.failures[route].count, count);
}

static void make_sticky(small_config *config) {
  static mc_weighted_cluster_spec split[2];
  static mc_action_spec actions[3];
  static mc_sticky_spec sticky;
  static mc_cookie_spec cookie;
  memcpy(actions, config->host.actions, sizeof actions);
  memcpy(split, actions[1].clusters, sizeof split);
  split[0].name = MC_LITERAL("a");
  split[1].name = MC_LITERAL("b");
  sticky = (mc_sticky_spec){.kind = MC_HASH_COOKIE, .name = MC_LITERAL("who"), .cookie = &cookie};
  actions[1].clusters = split;
  actions[1].weight_header = MC_ABSENT;
  actions[1].sticky = &sticky;
  config->host.actions = actions;
}

static void test_scores_of_a_sticky_split(void) {
  start(make_sticky);
  explain("b.com", "/a", ROWS("cookie: who=me"), 0);
  CHECK_INT(explanation.draw, MC_DRAW_STICKY);
  CHECK_SLICE(explanation.key, "me");
  CHECK_INT(explanation.score_count, 2);
  CHECK_INT(explanation.choice, explanation.scores[1] > explanation.scores[0]);
  explain("b.com", "/a", NULL, 7);
  CHECK_INT(explanation.draw, MC_DRAW_COOKIE);
  CHECK_INT(explanation.key.size, MC_COOKIE_DIGITS);
  CHECK_INT(explanation.choice, explanation.scores[1] > explanation.scores[0]);
  stop();
}

static void test_each_route_and_what_failed(void) {
  start(NULL);
  explain("b.com", "/a/b?c", ROWS("x: 2"), 0);
  CHECK(strcmp(mc_snapshot_policy(snapshot, 0), "round robin") == 0);
  CHECK(explanation.has_view);
  CHECK_SLICE(explanation.view.path, "/a/b");
  CHECK_INT(explanation.listener, 0);
  CHECK_INT(explanation.virtual_host, 0);
  CHECK_SLICE(explanation.host, "b.com");
  CHECK_INT(explanation.domain, MC_DOMAIN_ANY);
  CHECK_INT(explanation.first_route, 0);
  CHECK_INT(explanation.route_count, 3);
  CHECK_INT(explanation.route, 1);
  check_failure(0, MC_CONDITION_HEADER, 1);
  check_failure(1, MC_CONDITION_NONE, 0);
  check_failure(2, MC_CONDITION_HEADER, 1);
  const mc_slice *values;
  uint32_t count;
  CHECK_INT(mc_explanation_values(&explanation, 0, explanation.failures[0].first, &values, &count), MC_OK);
  CHECK_INT(count, 1);
  CHECK_SLICE(values[0], "2");
  explain("b.com", "/b", NULL, 0);
  CHECK_INT(explanation.route, -1);
  CHECK_INT(explanation.choice, -1);
  check_failure(0, MC_CONDITION_PATH, 2);
  check_failure(1, MC_CONDITION_PATH, 1);
  check_failure(2, MC_CONDITION_HEADER, 1);
  stop();
}

static void test_the_draw_of_a_split(void) {
  start(NULL);
  explain("b.com", "/a", NULL, 1095);
  CHECK_INT(explanation.draw, MC_DRAW_RANDOM);
  CHECK_INT(explanation.drawn, 1095);
  CHECK_INT(explanation.place, 95);
  CHECK_INT(explanation.sum, 100);
  CHECK_INT(explanation.choice, 1);
  explain("b.com", "/a", ROWS("x-draw: 89"), 1095);
  CHECK_INT(explanation.draw, MC_DRAW_HEADER);
  CHECK_INT(explanation.choice, 0);
  explain("b.com", "/a", ROWS("x-draw: many"), 1095);
  CHECK_INT(explanation.draw, MC_DRAW_RANDOM);
  stop();
}

static void test_a_request_that_is_refused(void) {
  start(NULL);
  explain("b.com", "/a#b", NULL, 0);
  CHECK(!explanation.has_view);
  CHECK_INT(explanation.listener, 0);
  CHECK_INT(explanation.virtual_host, -1);
  stop();
}

static void by_header(small_config *config) {
  config->listener.domains.header = MC_LITERAL("x-host");
  config->domain.name = MC_LITERAL("*.com");
  config->listener.domains.ignore_port = true;
  config->listener.port = 80;
}

static void test_what_names_the_virtual_host(void) {
  start(by_header);
  explain("a.com", "/a", ROWS("x-host: b.com:81"), 0);
  CHECK_SLICE(explanation.host, "b.com");
  CHECK_INT(explanation.domain, MC_DOMAIN_SUFFIX);
  CHECK_INT(explanation.domain_size, 4);
  explain("a.com", "/a", NULL, 0);
  CHECK(explanation.host.data == NULL);
  CHECK_INT(explanation.virtual_host, -1);
  CHECK_INT(explanation.route_count, 0);
  mc_request request = request_of("a.com", "/a", headers, NULL);
  request.port = 99;
  CHECK_INT(mc_explain(snapshot, &request, &scratch, &explanation), MC_OK);
  CHECK_INT(explanation.listener, -1);
  CHECK(!explanation.has_view);
  stop();
}

static void test_out_of_memory(void) {
  start(NULL);
  const mc_request request = request_of("b.com", "//a%zz/../b", headers, ROWS("x: 2"));
  for (int n = 0;; n++) {
    mc_scratch_reset(&scratch);
    scratch.end = scratch.at; /* so that every byte comes from malloc */
    check_memory(n);
    mc_code code = mc_explain(snapshot, &request, &scratch, &explanation);
    check_memory(-1);
    if (code == MC_OK) break;
    CHECK_INT(code, MC_NO_MEMORY);
  }
  stop();
}

int main(void) {
  test_scores_of_a_sticky_split();
  test_each_route_and_what_failed();
  test_the_draw_of_a_split();
  test_a_request_that_is_refused();
  test_what_names_the_virtual_host();
  test_out_of_memory();
  return check_finish();
}
