/* Adaptive concurrency of clusters and of listeners: who is let in, what is learned from, and that all is given back. */
#include "engine_support.h"

enum { MS = 1000000 };

static mc_runtime *runtime;
static mc_snapshot *snapshot;
static mc_header headers[4];

static const mc_concurrency_spec aimd = {
    .kind = MC_CONCURRENCY_AIMD,
    .aimd = {.initial_limit = 2, .min_limit = 1, .max_limit = 9, .increase = 1, .backoff_ratio = 0.5, .latency_threshold_ns = 100 * MS}};
static const mc_concurrency_spec gradient = {
    .kind = MC_CONCURRENCY_GRADIENT,
    .gradient = {.percentile = 0.5, .buffer = 0.25, .max_limit = 50, .min_concurrency = 2, .request_count = 1,
                 .update_interval_ns = 100 * MS, .min_rtt_interval_ns = (uint64_t)10000 * MS}};

static mc_snapshot *build(const mc_concurrency_spec *spec, const mc_retry_spec *retry, uint32_t max_requests) {
  const mc_endpoint_spec endpoints[] = {{.address = MC_LITERAL("a:1")}};
  mc_thresholds thresholds[] = {{.max = {9, 9, 9, 9}}, {.max = {9, 9, 9, 9}}};
  thresholds[0].max[MC_RESOURCE_REQUESTS] = max_requests;
  const mc_cluster_spec cluster = {.name = MC_LITERAL("one"), .endpoints = endpoints, .endpoint_count = 1, .keep = -1,
                                   .thresholds = thresholds, .concurrency = spec};
  const mc_route_spec route = prefix_route(MC_LITERAL("/"));
  mc_action_spec action = forward_to(0);
  action.retry = retry;
  small_config config;
  small_init(&config, &route, &action, 1, &cluster, 1);
  return snapshot_of(&config.spec, runtime);
}

static void start(const mc_concurrency_spec *spec, const mc_retry_spec *retry) {
  runtime = mc_runtime_new();
  snapshot = build(spec, retry, 9);
}

static void stop(void) {
  mc_snapshot_free(snapshot);
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

static void decide(uint64_t now_ms, mc_decision *decision) {
  const char *const none[] = {NULL};
  mc_request request = request_of("a.com", "/", headers, none);
  request.now_ns = now_ms * MS;
  CHECK_INT(mc_decide(snapshot, &request, decision), MC_OK);
}

static mc_concurrency_status status_at(uint64_t now_ms) {
  mc_concurrency_status status;
  CHECK(mc_snapshot_concurrency(snapshot, 0, now_ms * MS, &status));
  return status;
}

static bool report(mc_decision *decision, uint64_t now_ms, uint64_t latency_ms, mc_failure failure, uint16_t status) {
  const mc_result result = {.failure = failure, .status = status, .grpc_status = -1,
                            .report = {.now_ns = now_ms * MS, .latency_ns = latency_ms * MS}};
  bool again;
  CHECK_INT(mc_decision_report(decision, 0, &result, true, 0, &again), MC_OK);
  return again;
}

static void test_what_is_above_the_limit_overflows(void) {
  start(&aimd, NULL);
  CHECK(mc_snapshot_reads_clock(snapshot));
  mc_decision decisions[3], peeked;
  for (int i = 0; i < 3; i++) decide(1, &decisions[i]);
  CHECK_INT(decisions[1].outcome, MC_FORWARD);
  CHECK_INT(decisions[2].outcome, MC_REJECT);
  CHECK_INT(decisions[2].status, 503);
  CHECK_INT(decisions[2].flags, MC_FLAG_UO);
  CHECK_INT(decisions[2].details, MC_DETAILS_OVERFLOW);
  CHECK_INT(status_at(1).in_flight, 2);
  CHECK_INT(status_at(1).refused, 1);
  CHECK_INT(mc_snapshot_usage(snapshot, 0, MC_ROUTING_DEFAULT, MC_RESOURCE_REQUESTS).overflows, 0);
  const char *const none[] = {NULL};
  const mc_request request = request_of("a.com", "/", headers, none);
  CHECK_INT(mc_peek(snapshot, &request, &peeked), MC_OK);
  CHECK_INT(peeked.details, MC_DETAILS_OVERFLOW);
  CHECK_INT(status_at(1).refused, 1); /* a look counts nothing */
  mc_decision_release(&peeked);
  mc_decision_close(&decisions[0]);
  mc_decision_close(&decisions[0]); /* once */
  CHECK_INT(status_at(1).in_flight, 1);
  for (int i = 0; i < 3; i++) mc_decision_release(&decisions[i]);
  CHECK_INT(status_at(1).in_flight, 0);
  CHECK_INT(status_at(1).limit, 2); /* of what was given up nothing is learned */
  stop();
}

static void test_a_breaker_that_refuses_gives_the_place_back(void) {
  runtime = mc_runtime_new();
  snapshot = build(&aimd, NULL, 0);
  mc_decision decision;
  decide(1, &decision);
  CHECK_INT(decision.details, MC_DETAILS_OVERFLOW);
  CHECK_INT(status_at(1).in_flight, 0);
  CHECK_INT(mc_snapshot_usage(snapshot, 0, MC_ROUTING_DEFAULT, MC_RESOURCE_REQUESTS).overflows, 1);
  mc_decision_release(&decision);
  stop();
}

/* What one request comes to, with two more under way: the limit, which was 4. */
static uint32_t limit_after(uint64_t now_ms, uint64_t latency_ms, mc_failure failure, uint16_t code) {
  mc_concurrency_spec spec = aimd;
  spec.aimd.initial_limit = 4;
  spec.aimd.increase = 4; /* of one answer of a round of four: one */
  start(&spec, NULL);
  mc_decision decisions[3];
  for (int i = 0; i < 3; i++) decide(100, &decisions[i]);
  report(&decisions[0], now_ms, latency_ms, failure, code);
  const uint32_t limit = status_at(now_ms).limit;
  CHECK_INT(status_at(now_ms).in_flight, failure == MC_FAILURE_NONE ? 3 : 2); /* until it is closed, unless we answer */
  for (int i = 0; i < 3; i++) mc_decision_release(&decisions[i]);
  CHECK_INT(status_at(now_ms).in_flight, 0);
  stop();
  return limit;
}

static void test_what_is_learned(void) {
  CHECK_INT(limit_after(150, 0, MC_FAILURE_NONE, 200), 5);
  CHECK_INT(limit_after(201, 0, MC_FAILURE_NONE, 200), 2); /* too late */
  CHECK_INT(limit_after(301, 50, MC_FAILURE_NONE, 200), 5); /* the caller has measured it */
  CHECK_INT(limit_after(301, 1000, MC_FAILURE_NONE, 200), 2);
  CHECK_INT(limit_after(150, 0, MC_FAILURE_NONE, 500), 5);
  CHECK_INT(limit_after(150, 0, MC_FAILURE_NONE, 429), 2);
  CHECK_INT(limit_after(150, 0, MC_FAILURE_NONE, 503), 2);
  CHECK_INT(limit_after(150, 0, MC_FAILURE_NONE, 504), 2);
  CHECK_INT(limit_after(150, 0, MC_FAILURE_CONNECT, 0), 2);
  CHECK_INT(limit_after(150, 0, MC_FAILURE_TIMEOUT, 0), 2);
  CHECK_INT(limit_after(150, 0, MC_FAILURE_PER_TRY_TIMEOUT, 0), 2);
  CHECK_INT(limit_after(150, 0, MC_FAILURE_OVERFLOW, 0), 4);
  CHECK_INT(limit_after(150, 0, MC_FAILURE_IDLE_TIMEOUT, 0), 4);
}

static void test_the_gradient_measures_attempts(void) {
  start(&gradient, NULL);
  mc_decision decision;
  decide(100, &decision);
  report(&decision, 120, 0, MC_FAILURE_NONE, 503); /* fast, since it did nothing */
  CHECK(status_at(120).measuring);
  mc_decision_release(&decision);
  decide(200, &decision);
  report(&decision, 220, 0, MC_FAILURE_NONE, 200);
  mc_decision_release(&decision);
  CHECK_INT(status_at(220).min_rtt_us, 20500);
  decide(230, &decision);
  report(&decision, 310, 0, MC_FAILURE_TIMEOUT, 0); /* it would have taken longer still */
  mc_decision_release(&decision);
  CHECK_INT(status_at(320).sample_rtt_us, 80500);
  CHECK_INT(status_at(320).limit, 2); /* 2 / 2, and its root */
  stop();
}

static void test_each_attempt_has_its_place(void) {
  const mc_retry_spec retry = {.on = MC_RETRY_ON_5XX, .retries = 3, .base_ns = MS, .max_ns = MS, .host_attempts = 1};
  start(&aimd, &retry);
  mc_decision one, other;
  const mc_attempt *attempt;
  decide(100, &one);
  decide(100, &other);
  CHECK(report(&one, 110, 0, MC_FAILURE_NONE, 500)); /* another one follows, and this one has ended */
  CHECK_INT(status_at(110).in_flight, 1);
  CHECK_INT(mc_decision_attempt(&one, snapshot, 110 * MS, &attempt), MC_OK);
  CHECK(attempt != NULL);
  CHECK_INT(status_at(110).in_flight, 2);
  CHECK(report(&other, 110, 0, MC_FAILURE_NONE, 503)); /* no more than one, from now on */
  CHECK_INT(status_at(110).limit, 1);
  CHECK_INT(mc_decision_attempt(&other, snapshot, 111 * MS, &attempt), MC_OK);
  CHECK(attempt == NULL);
  CHECK_INT(other.details, MC_DETAILS_OVERFLOW);
  CHECK_INT(status_at(110).refused, 1);
  mc_decision_release(&one);
  mc_decision_release(&other);
  CHECK_INT(status_at(110).in_flight, 0);
  stop();
}

static void test_what_is_learned_outlives_the_snapshot(void) {
  start(&aimd, NULL);
  mc_decision decision;
  decide(100, &decision);
  report(&decision, 110, 0, MC_FAILURE_CONNECT, 0);
  CHECK_INT(status_at(110).limit, 1);
  mc_decision_release(&decision);
  mc_snapshot *next = build(&aimd, NULL, 8);
  mc_snapshot_free(snapshot);
  snapshot = next;
  CHECK_INT(status_at(120).limit, 1);
  next = build(NULL, NULL, 9);
  mc_snapshot_free(snapshot);
  snapshot = next;
  mc_concurrency_status status;
  CHECK(!mc_snapshot_concurrency(snapshot, 0, 0, &status));
  CHECK(!mc_snapshot_reads_clock(snapshot));
  decide(200, &decision);
  CHECK_INT(decision.outcome, MC_FORWARD);
  mc_decision_release(&decision);
  stop();
}

/* ------------------------------------------------------------------ the filter */

static const mc_concurrency_filter_spec filter = {
    .limit = {.kind = MC_CONCURRENCY_GRADIENT,
              .gradient = {.percentile = 0.5, .buffer = 0.25, .max_limit = 50, .min_concurrency = 2, .request_count = 1,
                           .update_interval_ns = 100 * MS, .min_rtt_interval_ns = (uint64_t)10000 * MS}},
    .status = 529};

/* The filter before or behind one that delays requests for 30 ms, and a route that forwards or answers. */
static mc_snapshot *build_filtered(bool behind, bool forward) {
  static const mc_fault_spec delay = {.delay = {.given = true, .value = 30, .share = {100, 100}}};
  const mc_endpoint_spec endpoint = {.address = MC_LITERAL("a:1")};
  const mc_cluster_spec cluster = {.name = MC_LITERAL("one"), .endpoints = &endpoint, .endpoint_count = 1, .keep = -1};
  const mc_route_spec route = prefix_route(MC_LITERAL("/"));
  const mc_action_spec action = forward ? forward_to(0) : (mc_action_spec){.kind = MC_ACTION_RESPOND, .status = 200, .cluster = -1};
  const mc_filter_spec limit = {.kind = MC_FILTER_CONCURRENCY, .concurrency = &filter}, fault = {.kind = MC_FILTER_FAULT};
  const mc_filter_spec filters[] = {behind ? fault : limit, behind ? limit : fault};
  small_config config;
  small_init(&config, &route, &action, 1, &cluster, 1);
  config.listener.name = MC_LITERAL("l");
  config.listener.filters = filters;
  config.listener.filter_count = 2;
  config.listener.fault = &delay;
  config.spec.now_ns = MS;
  return snapshot_of(&config.spec, runtime);
}

static void start_filtered(bool behind, bool forward) {
  runtime = mc_runtime_new();
  snapshot = build_filtered(behind, forward);
}

static mc_concurrency_status listener_at(uint64_t now_ms) {
  mc_concurrency_status status;
  CHECK(mc_snapshot_listener_concurrency(snapshot, 0, now_ms * MS, &status));
  return status;
}

static void test_the_filter_refuses_what_is_above_the_limit(void) {
  start_filtered(false, true);
  CHECK(mc_snapshot_reads_clock(snapshot));
  mc_decision decisions[3], peeked;
  for (int i = 0; i < 3; i++) decide(100, &decisions[i]);
  CHECK_INT(decisions[1].outcome, MC_FORWARD);
  CHECK_INT(decisions[2].outcome, MC_REJECT);
  CHECK_INT(decisions[2].status, 529);
  CHECK_INT(decisions[2].flags, 0);
  CHECK(!strcmp(mc_details_name(decisions[2].details), "reached_concurrency_limit"));
  CHECK_SLICE(decisions[2].body, "reached concurrency limit");
  CHECK_INT(listener_at(100).in_flight, 2);
  const char *const none[] = {NULL};
  const mc_request request = request_of("a.com", "/", headers, none);
  CHECK_INT(mc_peek(snapshot, &request, &peeked), MC_OK);
  CHECK_INT(peeked.details, MC_DETAILS_CONCURRENCY_LIMIT);
  mc_decision_release(&peeked);
  CHECK_INT(listener_at(100).refused, 1); /* a look counts nothing */
  mc_decision_close(&decisions[0]); /* the lease alone: what the client gets is not over yet */
  CHECK_INT(listener_at(100).in_flight, 2);
  mc_decision_leave(&decisions[0], false, 120 * MS);
  mc_decision_leave(&decisions[0], true, 120 * MS); /* once */
  CHECK_INT(listener_at(120).in_flight, 1);
  CHECK(listener_at(120).measuring); /* it was given up */
  for (int i = 0; i < 3; i++) mc_decision_release(&decisions[i]);
  CHECK_INT(listener_at(120).in_flight, 0);
  stop();
}

/* What the client gets, whoever answers, after whatever delay. */
static uint64_t min_rtt(bool behind, bool forward) {
  start_filtered(behind, forward);
  mc_decision decision;
  decide(100, &decision);
  CHECK_INT(decision.delay_ns, 30 * MS);
  mc_decision_leave(&decision, true, 150 * MS);
  mc_decision_release(&decision);
  const uint64_t found = listener_at(150).min_rtt_us;
  stop();
  return found;
}

static void test_what_the_filter_measures(void) {
  CHECK_INT(min_rtt(false, true), 50500);
  CHECK_INT(min_rtt(true, true), 20500); /* it comes behind the delay */
  CHECK_INT(min_rtt(false, false), 50500);
}

static void test_the_filter_outlives_the_snapshot(void) {
  start_filtered(false, true);
  mc_decision decision;
  decide(100, &decision);
  mc_snapshot *next = build_filtered(true, true);
  mc_decision_leave(&decision, true, 120 * MS);
  mc_decision_release(&decision);
  mc_snapshot_free(snapshot);
  snapshot = next;
  CHECK_INT(listener_at(130).min_rtt_us, 20500);
  next = build(NULL, NULL, 9);
  mc_snapshot_free(snapshot);
  snapshot = next;
  mc_concurrency_status status;
  CHECK(!mc_snapshot_listener_concurrency(snapshot, 0, 0, &status));
  stop();
}

/* Wherever memory runs out, nothing is left behind. */
static void build_without_memory(const small_config *config) {
  runtime = mc_runtime_new();
  for (int n = 0;; n++) {
    mc_error error;
    check_memory(n);
    mc_snapshot *made = mc_snapshot_build(&config->spec, runtime, &error);
    check_memory(-1);
    if (made) {
      mc_snapshot_free(made);
      break;
    }
    CHECK_INT(error.code, MC_NO_MEMORY);
  }
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

static void test_no_memory(void) {
  const mc_route_spec route = prefix_route(MC_LITERAL("/"));
  const mc_endpoint_spec endpoint = {.address = MC_LITERAL("a:1")};
  const mc_cluster_spec cluster = {.name = MC_LITERAL("one"), .endpoints = &endpoint, .endpoint_count = 1, .keep = -1, .concurrency = &aimd};
  const mc_action_spec action = forward_to(0);
  const mc_filter_spec limit = {.kind = MC_FILTER_CONCURRENCY, .concurrency = &filter};
  small_config config;
  small_init(&config, &route, &action, 1, &cluster, 1);
  build_without_memory(&config);
  config.listener.filters = &limit;
  config.listener.filter_count = 1;
  build_without_memory(&config);
}

int main(void) {
  test_what_is_above_the_limit_overflows();
  test_a_breaker_that_refuses_gives_the_place_back();
  test_what_is_learned();
  test_the_gradient_measures_attempts();
  test_each_attempt_has_its_place();
  test_what_is_learned_outlives_the_snapshot();
  test_the_filter_refuses_what_is_above_the_limit();
  test_what_the_filter_measures();
  test_the_filter_outlives_the_snapshot();
  test_no_memory();
  return check_finish();
}
