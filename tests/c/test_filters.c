/* CORS through the whole decision: which levels a request finds, and what becomes of the answer. */
#include "one_route.h"

#define ORIGIN(text) (&(const mc_string_spec){.kind = MC_STRING_EXACT, .value = MC_LITERAL(text)}), .origin_count = 1
#define PREFLIGHT "origin: http://ok", "access-control-request-method: PUT"

static const mc_string_spec OK_ORIGIN = {.kind = MC_STRING_EXACT, .value = {"http://ok", 9}};
static const mc_cors_spec METHODS = {.allow_methods = {"PUT", 3}, .expose_headers = {"x-e", 3}};

/* The value of a line of the answer, to which the upstream gave two; the decision is over then. */
static void check_answer(const char *name, const char *expected) {
  const mc_header upstream[] = {{MC_LITERAL("Access-Control-Allow-Origin"), MC_LITERAL("up")}, {MC_LITERAL("x-up"), MC_LITERAL("1")}};
  check_answer_line(upstream, name, expected);
}

static void expose_at_listener(small_config *config) {
  static const mc_format_segment one = {MC_FORMAT_LITERAL, {"1", 1}, {NULL, 0}, -1};
  static const mc_header_value_spec add = {.name = {"x-edit", 6}, .value = {&one, 1}};
  config->listener.edits = (mc_edits_spec){.response_add = &add, .response_add_count = 1};
  config->listener.cors = &METHODS;
}

static void test_a_preflight_is_answered_as_it_stands(void) {
  const mc_cors_spec cors = {.origins = &OK_ORIGIN, .origin_count = 1};
  mc_action_spec action = forward_to(0);
  action.cors = &cors;
  start(&action, expose_at_listener);
  ask(MC_LITERAL("OPTIONS"), ROWS(PREFLIGHT, "content-type: application/grpc"));
  CHECK_INT(decision.outcome, MC_RESPOND);
  CHECK_INT(decision.status, 200);
  CHECK_INT(decision.details, MC_DETAILS_CORS_RESPONSE);
  CHECK_INT(decision.cluster, -1);
  CHECK_INT(decision.route, 0);
  CHECK_SLICE(decision.body, "");
  CHECK(!decision.grpc && !decision.leased);
  check_answer("access-control-allow-origin", "http://ok");
  check_answer("access-control-allow-methods", "PUT");
  check_answer("x-edit", NULL);
  check_answer("content-type", NULL);
  check_answer("grpc-status", NULL);
  mc_decision_release(&decision);
  CHECK_INT(mc_snapshot_active(snapshot, 0, 0), 0);
  stop();
}

static void test_answers_get_their_lines_after_the_edits(void) {
  const mc_cors_spec cors = {.origins = &OK_ORIGIN, .origin_count = 1};
  mc_action_spec action = forward_to(0);
  action.cors = &cors;
  start(&action, expose_at_listener);
  ask(MC_LITERAL("GET"), ROWS(PREFLIGHT));
  CHECK_INT(decision.outcome, MC_FORWARD);
  check_answer("access-control-allow-origin", "http://ok");
  check_answer("access-control-expose-headers", "x-e");
  check_answer("access-control-allow-methods", NULL);
  check_answer("x-edit", "1");
  check_answer("x-up", "1");
  mc_decision_release(&decision);
  ask(MC_LITERAL("GET"), ROWS("origin: http://other"));
  check_answer("access-control-allow-origin", "up");
  mc_decision_release(&decision);
  stop();
}

static void test_refusals_of_the_router_get_them_too(void) {
  const mc_cors_spec cors = {.origins = &OK_ORIGIN, .origin_count = 1};
  mc_action_spec action = forward_to(2);
  action.cors = &cors;
  start(&action, NULL);
  ask(MC_LITERAL("GET"), ROWS(PREFLIGHT));
  CHECK_INT(decision.details, MC_DETAILS_NO_HEALTHY_UPSTREAM);
  check_answer("access-control-allow-origin", "http://ok");
  mc_decision_release(&decision);
  stop();
  action.cluster = -1;
  start(&action, NULL);
  ask(MC_LITERAL("GET"), ROWS(PREFLIGHT));
  CHECK_INT(decision.details, MC_DETAILS_CLUSTER_NOT_FOUND);
  check_answer("access-control-allow-origin", "http://ok");
  mc_decision_release(&decision);
  ask(MC_LITERAL("OPTIONS"), ROWS(PREFLIGHT));
  CHECK_INT(decision.details, MC_DETAILS_CORS_RESPONSE);
  mc_decision_release(&decision);
  stop();
}

static const mc_cors_spec *host_cors, *host_field;
static void change_host(small_config *config) {
  config->host.cors = host_cors;
  config->host.cors_field = host_field;
}

static void test_levels(void) {
  const mc_cors_spec host = {.origins = ORIGIN("http://ok"), .max_age = MC_LITERAL("9")};
  const mc_cors_spec split = {.origins = ORIGIN("http://split")}, field = {.origins = ORIGIN("http://field")};
  const mc_weighted_cluster_spec clusters[] = {{.cluster = 0, .weight = 1, .cors = &split}};
  mc_action_spec action = forward_to(0);
  action.cluster = -1;
  action.clusters = clusters;
  action.cluster_count = 1;
  action.cors_field = &field;
  host_cors = &host;
  host_field = NULL;
  start(&action, change_host);
  ask(MC_LITERAL("OPTIONS"), ROWS(PREFLIGHT));
  CHECK_INT(decision.outcome, MC_FORWARD); /* the cluster's own list of origins is another */
  mc_decision_release(&decision);
  ask(MC_LITERAL("OPTIONS"), ROWS("origin: http://split", "access-control-request-method: PUT"));
  CHECK_INT(decision.details, MC_DETAILS_CORS_RESPONSE);
  check_answer("access-control-max-age", "9");
  mc_decision_release(&decision);
  ask(MC_LITERAL("OPTIONS"), ROWS("origin: http://field", "access-control-request-method: PUT"));
  CHECK_INT(decision.outcome, MC_FORWARD); /* the field is hidden */
  mc_decision_release(&decision);
  stop();
  action = forward_to(0);
  action.cors_field = &METHODS;
  host_cors = NULL;
  host_field = &host;
  start(&action, change_host);
  ask(MC_LITERAL("OPTIONS"), ROWS(PREFLIGHT));
  CHECK_INT(decision.details, MC_DETAILS_CORS_RESPONSE);
  check_answer("access-control-max-age", "9");
  check_answer("access-control-allow-methods", "PUT");
  mc_decision_release(&decision);
  stop();
}

static void test_routes_that_answer_by_themselves_are_left_alone(void) {
  const mc_action_spec action = {.kind = MC_ACTION_RESPOND, .status = 204};
  const mc_cors_spec host = {.origins = &OK_ORIGIN, .origin_count = 1};
  host_cors = &host;
  start(&action, change_host);
  ask(MC_LITERAL("OPTIONS"), ROWS(PREFLIGHT));
  CHECK_INT(decision.details, MC_DETAILS_DIRECT_RESPONSE);
  check_answer("access-control-allow-origin", NULL);
  mc_decision_release(&decision);
  stop();
}

static void test_the_share_of_requests(void) {
  const mc_cors_spec cors = {.origins = &OK_ORIGIN, .origin_count = 1, .numerator = 25, .denominator = 100};
  mc_action_spec action = forward_to(0);
  action.cors = &cors;
  start(&action, NULL);
  int found = 0;
  for (uint64_t seed = 0; seed < 4000; seed++) {
    mc_request request = request_of("a.com", "/", headers, ROWS(PREFLIGHT));
    request.seed = seed;
    CHECK_INT(mc_decide(snapshot, &request, &decision), MC_OK);
    found += decision.cors == MC_CORS_ALLOWED;
    mc_decision_release(&decision);
  }
  CHECK(found > 860 && found < 1140); /* 1,000, and five deviations of 27 */
  stop();
}

static void test_a_bad_policy_leaves_nothing(void) {
  const mc_string_spec origins[] = {{.kind = MC_STRING_REGEX, .value = MC_LITERAL("a*")}, {.kind = MC_STRING_REGEX, .value = MC_LITERAL("(")}};
  const mc_cors_spec bad = {.origins = origins, .origin_count = 2};
  const mc_weighted_cluster_spec clusters[] = {{.cluster = 0, .weight = 1, .cors = &bad}};
  for (int level = 0; level < 5; level++) {
    mc_action_spec action = forward_to(0);
    const mc_route_spec route = prefix_route(MC_LITERAL("/"));
    small_config config;
    small_init(&config, &route, &action, 1, NULL, 0);
    if (level == 0) action.clusters = clusters, action.cluster_count = 1;
    if (level == 1) action.cors = &bad;
    if (level == 2) action.cors_field = &bad;
    if (level == 3) config.host.cors = &bad;
    if (level == 4) config.listener.cors = &bad;
    mc_error error;
    runtime = mc_runtime_new();
    CHECK(mc_snapshot_build(&config.spec, runtime, &error) == NULL);
    CHECK_INT(error.code, MC_INVALID);
    mc_runtime_free(runtime);
    CHECK_INT(check_blocks(), 0);
  }
}

int main(void) {
  test_a_preflight_is_answered_as_it_stands();
  test_answers_get_their_lines_after_the_edits();
  test_refusals_of_the_router_get_them_too();
  test_levels();
  test_routes_that_answer_by_themselves_are_left_alone();
  test_the_share_of_requests();
  test_a_bad_policy_leaves_nothing();
  return check_finish();
}
