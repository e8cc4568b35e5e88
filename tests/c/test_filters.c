/* CORS and faults through the whole decision: which levels a request finds, and what becomes of the answer. */
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
  CHECK_INT(decision.cluster, 0);
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

/* ------------------------------------------------------------------ faults */

#define FAULT(part, number) {.part = {.given = true, .share = {100, 100}, .value = (number)}}
static const mc_fault_spec ABORT = FAULT(abort, 503), DELAY = FAULT(delay, 20), NOTHING = {.max_active = {false, 0}};
static const mc_fault_spec *faults[4]; /* of the virtual host, the route configuration, the filter; [3]: of a split */

static void change_faults(small_config *config) {
  config->host.fault = faults[0];
  config->listener.table_fault = faults[1];
  config->listener.fault = faults[2];
}

static mc_fault_counts counts_now(void) {
  mc_fault_counts counts = {.active = 0};
  CHECK(mc_snapshot_faults(snapshot, 0, &counts));
  return counts;
}

static void check_status(int status) {
  ask(MC_LITERAL("GET"), ROWS("x-a: 1"));
  CHECK_INT(decision.status, status);
  mc_decision_release(&decision);
}

static void test_the_innermost_fault_counts(void) {
  const mc_fault_spec by_level[] = {FAULT(abort, 500), FAULT(abort, 501), FAULT(abort, 502), FAULT(abort, 504)};
  for (int level = 4; level >= 0; level--) {
    mc_weighted_cluster_spec clusters[] = {{.cluster = 0, .weight = 1}};
    mc_action_spec action = forward_to(-1);
    action.clusters = clusters;
    action.cluster_count = 1;
    for (int i = 0; i < 3; i++) faults[i] = i >= level - 2 ? &by_level[i] : NULL;
    if (level <= 1) action.fault = &by_level[3];
    if (level == 0) clusters[0].fault = &ABORT;
    start(&action, change_faults);
    check_status((const int[]){503, 504, 500, 501, 502}[level]);
    CHECK_INT(counts_now().aborts, 1);
    CHECK_INT(counts_now().active, 0);
    stop();
  }
}

static void test_an_abort(void) {
  mc_action_spec action = forward_to(0);
  action.fault = &ABORT;
  faults[0] = faults[1] = faults[2] = NULL;
  start(&action, expose_at_listener);
  ask(MC_LITERAL("GET"), ROWS("content-type: application/grpc"));
  CHECK_INT(decision.outcome, MC_REJECT);
  CHECK_INT(decision.details, MC_DETAILS_FAULT_FILTER_ABORT);
  CHECK_INT(decision.flags, MC_FLAG_FI);
  CHECK_INT(decision.cluster, 0);
  CHECK_INT(decision.endpoint, -1);
  CHECK(!decision.leased && decision.grpc);
  CHECK_SLICE(decision.body, "fault filter abort");
  check_answer("grpc-status", "14");
  check_answer("x-edit", "1");
  CHECK_INT(counts_now().active, 1);
  mc_decision_close(&decision);
  mc_decision_close(&decision);
  CHECK_INT(counts_now().active, 0);
  mc_decision_release(&decision);
  CHECK_INT(counts_now().active, 0);
  ask(MC_LITERAL("HEAD"), ROWS("content-type: application/grpc"));
  check_answer("grpc-status", "14");
  check_answer("grpc-message", NULL);
  mc_decision_release(&decision);
  stop();
}

static void test_faults_come_before_whatever_the_route_does(void) {
  static const mc_route_spec none = {.path_kind = MC_PATH_EXACT, .path = {"/no", 3}};
  const mc_action_spec respond = {.kind = MC_ACTION_RESPOND, .status = 204, .content_type = MC_LITERAL("text/x")};
  const mc_action_spec redirect = {.kind = MC_ACTION_REDIRECT, .redirect = {.status = 302, .port = -1}};
  const mc_action_spec nowhere = forward_to(-1), *actions[] = {&respond, &redirect, &nowhere};
  faults[0] = faults[1] = NULL;
  faults[2] = &ABORT;
  for (size_t i = 0; i < 3; i++) {
    start(actions[i], change_faults);
    ask(MC_LITERAL("GET"), NULL);
    CHECK_INT(decision.details, MC_DETAILS_FAULT_FILTER_ABORT);
    check_answer("content-type", "text/plain");
    check_answer("location", NULL);
    mc_decision_release(&decision);
    stop();
  }
  small_config config; /* no route, and a redirect to https: the filter's own policy alone counts */
  for (int tls = 0; tls < 2; tls++) {
    const mc_route_spec route = prefix_route(MC_LITERAL("/"));
    small_init(&config, tls ? &route : &none, &respond, 1, NULL, 0);
    config.host.require_tls = tls ? MC_TLS_ALL : MC_TLS_NONE;
    config.host.fault = config.listener.table_fault = &NOTHING;
    config.listener.fault = &ABORT;
    runtime = mc_runtime_new();
    snapshot = snapshot_of(&config.spec, runtime);
    check_status(503);
    stop();
  }
}

static void test_a_delay(void) {
  mc_action_spec action = forward_to(0);
  action.fault = &DELAY;
  start(&action, NULL);
  ask(MC_LITERAL("GET"), NULL);
  CHECK_INT(decision.outcome, MC_FORWARD);
  CHECK_INT(decision.delay_ns, 20000000);
  CHECK_INT(decision.flags, MC_FLAG_DI);
  CHECK(decision.leased);
  CHECK_INT(counts_now().active, 1);
  mc_decision_end_delay(&decision);
  mc_decision_end_delay(&decision);
  CHECK_INT(counts_now().active, 0);
  CHECK_INT(mc_snapshot_active(snapshot, 0, 0), 1);
  mc_decision_release(&decision);
  CHECK_INT(counts_now().active, 0);
  action.cluster = 2; /* which has no host */
  stop();
  start(&action, NULL);
  ask(MC_LITERAL("GET"), NULL);
  CHECK_INT(decision.flags, MC_FLAG_DI | MC_FLAG_UH);
  CHECK_INT(decision.delay_ns, 20000000);
  mc_decision_release(&decision);
  stop();
}

static void test_what_goes_on_after_a_delay_stays_a_fault(void) {
  const mc_fault_spec abort = {.delay = DELAY.delay, .abort = ABORT.abort};
  const mc_fault_spec limit = {.delay = DELAY.delay, .rate = {.given = true, .value = 1}}; /* of no request */
  const mc_fault_spec *const both[] = {&abort, &limit};
  for (int i = 0; i < 2; i++) {
    mc_action_spec action = forward_to(0);
    action.fault = both[i];
    start(&action, NULL);
    ask(MC_LITERAL("GET"), NULL);
    CHECK_INT(decision.flags, i ? MC_FLAG_DI : MC_FLAG_DI | MC_FLAG_FI);
    mc_decision_end_delay(&decision);
    CHECK_INT(counts_now().active, 1);
    mc_decision_release(&decision);
    CHECK_INT(counts_now().active, 0);
    stop();
  }
}

static void test_the_most_active_faults(void) {
  mc_fault_spec fault = {.abort = ABORT.abort, .delay = DELAY.delay, .rate = {.given = true, .share = {100, 100}, .value = 4}};
  mc_action_spec action = forward_to(0);
  fault.max_active = (mc_number){true, 1};
  action.fault = &fault;
  start(&action, NULL);
  ask(MC_LITERAL("GET"), NULL); /* one fault, however much is done to the request */
  CHECK_INT(decision.bytes_per_second, 4096);
  CHECK_INT(counts_now().active, 1);
  mc_request request = request_of("a.com", "/", headers, NULL);
  mc_decision second;
  CHECK_INT(mc_peek(snapshot, &request, &second), MC_OK);
  CHECK_INT(second.outcome, MC_FORWARD);
  CHECK_INT(counts_now().overflows, 0);
  mc_decision_release(&second);
  CHECK_INT(mc_decide(snapshot, &request, &second), MC_OK);
  CHECK_INT(second.outcome, MC_FORWARD);
  CHECK(!second.delay_ns && !second.bytes_per_second && !second.flags);
  CHECK_INT(counts_now().overflows, 3); /* each of the three was tried */
  mc_decision_release(&second);
  mc_decision_release(&decision);
  CHECK_INT(mc_peek(snapshot, &request, &second), MC_OK);
  CHECK_INT(second.status, 503);
  CHECK_INT(counts_now().active, 0);
  mc_decision_release(&second);
  const mc_fault_counts counts = counts_now();
  CHECK_INT(counts.aborts, 1);
  CHECK_INT(counts.delays, 1);
  CHECK_INT(counts.rate_limits, 1);
  stop();
}

static void put_fault_after_cors(small_config *config) {
  static const mc_filter_spec filters[] = {{.kind = MC_FILTER_CORS}, {.kind = MC_FILTER_FAULT}};
  config->listener.filters = filters;
  config->listener.filter_count = 2;
}

static void test_the_order_of_the_filters(void) {
  const mc_cors_spec cors = {.origins = &OK_ORIGIN, .origin_count = 1};
  mc_action_spec action = forward_to(0);
  action.cors = &cors;
  action.fault = &ABORT;
  for (int after = 0; after < 2; after++) {
    start(&action, after ? put_fault_after_cors : NULL);
    ask(MC_LITERAL("OPTIONS"), ROWS(PREFLIGHT));
    CHECK_INT(decision.details, after ? MC_DETAILS_CORS_RESPONSE : MC_DETAILS_FAULT_FILTER_ABORT);
    mc_decision_release(&decision);
    ask(MC_LITERAL("GET"), ROWS("origin: http://ok"));
    CHECK_INT(decision.details, MC_DETAILS_FAULT_FILTER_ABORT);
    check_answer("access-control-allow-origin", after ? "http://ok" : NULL);
    mc_decision_release(&decision);
    stop();
  }
}

static void test_active_faults_outlive_a_swap(void) {
  mc_fault_spec fault = ABORT;
  fault.max_active = (mc_number){true, 1};
  const mc_action_spec action = {.kind = MC_ACTION_RESPOND, .status = 204, .fault = &fault};
  start(&action, NULL);
  ask(MC_LITERAL("GET"), NULL);
  small_config config;
  const mc_route_spec route = prefix_route(MC_LITERAL("/"));
  small_init(&config, &route, &action, 1, NULL, 0);
  mc_snapshot *next = snapshot_of(&config.spec, runtime);
  mc_request request = request_of("a.com", "/", headers, NULL);
  mc_decision second;
  CHECK_INT(mc_decide(next, &request, &second), MC_OK);
  CHECK_INT(second.status, 204);
  mc_decision_release(&second);
  mc_decision_release(&decision);
  CHECK_INT(mc_decide(next, &request, &second), MC_OK);
  CHECK_INT(second.status, 503);
  mc_decision_release(&second);
  mc_snapshot_free(next);
  stop();
}

static void test_without_faults_nothing_is_counted(void) {
  mc_fault_counts counts;
  const mc_action_spec action = forward_to(0);
  start(&action, NULL);
  CHECK(!mc_snapshot_faults(snapshot, 0, &counts));
  stop();
}

/* At the service itself, which answers: its breaker counts that, and none of its endpoints. */
static void test_what_is_served_goes_to_no_endpoint(void) {
  const unsigned char served[] = {1, 0, 0};
  const mc_retry_spec retry = {.on = MC_RETRY_ON_5XX, .retries = 3, .base_ns = 1, .max_ns = 1, .priority_frequency = 1};
  mc_action_spec action = forward_to(0);
  action.retry = &retry;
  start(&action, NULL);
  mc_request request = request_of("a.com:80", "/", headers, NULL);
  request.served = served;
  CHECK_INT(mc_decide(snapshot, &request, &decision), MC_OK);
  CHECK_INT(decision.outcome, MC_FORWARD);
  CHECK_INT(decision.endpoint, -1);
  CHECK(decision.leased && !decision.retries && !decision.detects && !mc_decision_attempts(&decision));
  CHECK_INT(mc_snapshot_usage(snapshot, 0, MC_ROUTING_DEFAULT, MC_RESOURCE_REQUESTS).used, 1);
  CHECK_INT(mc_snapshot_active(snapshot, 0, 0), 0);
  bool again;
  const mc_result failed = {.status = 503, .grpc_status = -1};
  CHECK_INT(mc_decision_report(&decision, 0, &failed, true, 0, &again), MC_OK);
  CHECK(!again && decision.over);
  mc_decision_close(&decision);
  CHECK_INT(mc_snapshot_usage(snapshot, 0, MC_ROUTING_DEFAULT, MC_RESOURCE_REQUESTS).used, 0);
  mc_decision_release(&decision);
  CHECK_INT(mc_decide(snapshot, &request, &decision), MC_OK);
  CHECK_INT(mc_decision_on_timeout(&decision, 0, 5, true, &again), MC_OK);
  CHECK(!again);
  CHECK_INT(decision.status, 504);
  mc_decision_release(&decision);
  stop();
}

/* Nor does it need one. */
static void test_what_is_served_needs_no_endpoint(void) {
  const unsigned char served[] = {0, 0, 1}, other[] = {1, 1, 0};
  mc_action_spec action = forward_to(2);
  start(&action, NULL);
  mc_request request = request_of("a.com:80", "/", headers, NULL);
  CHECK_INT(mc_decide(snapshot, &request, &decision), MC_OK);
  CHECK_INT(decision.status, 503);
  mc_decision_release(&decision);
  request.served = other;
  CHECK_INT(mc_decide(snapshot, &request, &decision), MC_OK);
  CHECK_INT(decision.status, 503);
  mc_decision_release(&decision);
  request.served = served;
  CHECK_INT(mc_decide(snapshot, &request, &decision), MC_OK);
  CHECK_INT(decision.outcome, MC_FORWARD);
  CHECK_INT(decision.endpoint, -1);
  CHECK(decision.leased && !mc_decision_learns(&decision, 0) && !mc_decision_attempts(&decision));
  mc_decision_release(&decision);
  stop();
}

/* At the service itself, for a caller that has gone by the routes. */
static void test_what_is_inbound_meets_no_fault_and_no_cors(void) {
  static const mc_fault_spec abort = {.abort = {.given = true, .value = 418, .share = {100, 100}}};
  const mc_cors_spec cors = {.origins = &OK_ORIGIN, .origin_count = 1};
  const mc_timeout_spec times = {.request_ns = 5000000000, .grpc_max_ns = MC_UNSET, .stream_ns = MC_UNSET,
                                 .grpc_header_max_ns = MC_UNSET};
  mc_action_spec action = forward_to(0);
  action.fault = &abort;
  action.cors = &cors;
  action.timeouts = &times;
  start(&action, NULL);
  mc_request request = request_of("a.com:80", "/", headers, ROWS(PREFLIGHT, "X-Envoy-Expected-Rq-Timeout-Ms: 300"));
  request.method = MC_LITERAL("OPTIONS");
  request.inbound = true;
  CHECK_INT(mc_decide(snapshot, &request, &decision), MC_OK);
  CHECK_INT(decision.outcome, MC_FORWARD);
  CHECK_INT(decision.cluster, 0);
  CHECK_INT(decision.endpoint, -1);
  CHECK(!decision.leased && !decision.detects && !mc_decision_learns(&decision, 0));
  CHECK_INT(mc_snapshot_active(snapshot, 0, 0), 0);
  CHECK(!mc_decision_attempts(&decision));
  mc_timeouts timeouts;
  mc_decision_timeouts(&decision, &timeouts);
  CHECK_INT(timeouts.request_ms, 300); /* the caller's, not the route's */
  bool again;
  const mc_result answered = {.status = 500, .grpc_status = -1}, late = {.failure = MC_FAILURE_TIMEOUT, .grpc_status = -1};
  CHECK_INT(mc_decision_report(&decision, 0, &answered, false, 0, &again), MC_OK);
  CHECK(!again);
  CHECK_INT(mc_decision_report(&decision, 0, &late, false, 0, &again), MC_OK);
  CHECK_INT(decision.outcome, MC_FORWARD); /* it has been answered */
  const mc_header upstream[] = {{MC_LITERAL("x-up"), MC_LITERAL("1")}, {MC_LITERAL("x-down"), MC_LITERAL("2")}};
  check_answer_line(upstream, "x-up", "1");
  const mc_header_line *lines;
  uint32_t count;
  CHECK_INT(mc_decision_request_headers(&decision, &scratch, &lines, &count), MC_OK);
  mc_decision_release(&decision);
  CHECK_INT(mc_decide(snapshot, &request, &decision), MC_OK);
  CHECK_INT(mc_decision_report(&decision, 0, &late, false, 0, &again), MC_OK);
  CHECK_INT(decision.status, 504);
  mc_decision_release(&decision);
  mc_fault_counts counts;
  CHECK(mc_snapshot_faults(snapshot, 0, &counts));
  CHECK_INT(counts.aborts, 0);
  stop();
}

int main(void) {
  test_the_innermost_fault_counts();
  test_an_abort();
  test_faults_come_before_whatever_the_route_does();
  test_a_delay();
  test_what_goes_on_after_a_delay_stays_a_fault();
  test_the_most_active_faults();
  test_the_order_of_the_filters();
  test_active_faults_outlive_a_swap();
  test_without_faults_nothing_is_counted();
  test_a_preflight_is_answered_as_it_stands();
  test_answers_get_their_lines_after_the_edits();
  test_refusals_of_the_router_get_them_too();
  test_levels();
  test_routes_that_answer_by_themselves_are_left_alone();
  test_the_share_of_requests();
  test_a_bad_policy_leaves_nothing();
  test_what_is_served_goes_to_no_endpoint();
  test_what_is_served_needs_no_endpoint();
  test_what_is_inbound_meets_no_fault_and_no_cors();
  return check_finish();
}
