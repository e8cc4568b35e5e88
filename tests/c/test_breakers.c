/* Circuit breakers of clusters: what overflows, and that all is given back. */
#include <pthread.h>

#include "engine_support.h"

static mc_runtime *runtime;
static mc_snapshot *snapshot;
static mc_header headers[4];

/* Routes "/high" of high priority and "/" of the default one, to a cluster of two endpoints. */
static uint32_t drop_millionths;

static mc_snapshot *build(const mc_thresholds *thresholds) {
  const mc_endpoint_spec endpoints[] = {{.address = MC_LITERAL("a:1")}, {.address = MC_LITERAL("a:2")}};
  const mc_cluster_spec cluster = {
      .name = MC_LITERAL("one"), .endpoints = endpoints, .endpoint_count = 2, .thresholds = thresholds,
      .drop_millionths = drop_millionths};
  const mc_route_spec routes[] = {prefix_route(MC_LITERAL("/high")), prefix_route(MC_LITERAL("/"))};
  mc_action_spec actions[] = {forward_to(0), forward_to(0)};
  actions[0].priority = MC_ROUTING_HIGH;
  small_config config;
  small_init(&config, routes, actions, 2, &cluster, 1);
  return snapshot_of(&config.spec, runtime);
}

static void start(mc_thresholds of_default, mc_thresholds of_high) {
  const mc_thresholds thresholds[] = {of_default, of_high};
  runtime = mc_runtime_new();
  snapshot = build(thresholds);
}

static void stop(void) {
  mc_snapshot_free(snapshot);
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

static mc_thresholds with(mc_resource resource, uint32_t max) {
  mc_thresholds thresholds = mc_thresholds_default();
  thresholds.max[resource] = max;
  return thresholds;
}

static void decide(const char *target, mc_decision *decision) {
  const char *const none[] = {NULL};
  const mc_request request = request_of("a.com", target, headers, none);
  CHECK_INT(mc_decide(snapshot, &request, decision), MC_OK);
}

static mc_usage usage(mc_routing_priority priority, mc_resource resource) {
  return mc_snapshot_usage(snapshot, 0, priority, resource);
}

static void test_requests_overflow(void) {
  start(with(MC_RESOURCE_REQUESTS, 2), with(MC_RESOURCE_REQUESTS, 1));
  mc_decision decisions[5];
  for (int i = 0; i < 3; i++) decide("/", &decisions[i]);
  for (int i = 0; i < 2; i++) CHECK_INT(decisions[i].outcome, MC_FORWARD);
  const mc_decision *over = &decisions[2];
  CHECK_INT(over->outcome, MC_REJECT);
  CHECK_INT(over->status, 503);
  CHECK_INT(over->flags, MC_FLAG_UO);
  CHECK_INT(over->details, MC_DETAILS_OVERFLOW);
  CHECK(over->endpoint >= 0 && !over->leased); /* Envoy has picked a host, too */
  CHECK_SLICE(over->body, "upstream connect error or disconnect/reset before headers. reset reason: overflow");
  CHECK(!strcmp(mc_flag_name(MC_FLAG_UO), "UO"));
  CHECK(!strcmp(mc_details_name(over->details), "upstream_reset_before_response_started{overflow}"));
  decide("/high", &decisions[3]); /* it has a limit of its own */
  decide("/high", &decisions[4]);
  CHECK_INT(decisions[3].outcome, MC_FORWARD);
  CHECK_INT(decisions[4].details, MC_DETAILS_OVERFLOW);
  CHECK_INT(usage(MC_ROUTING_DEFAULT, MC_RESOURCE_REQUESTS).used, 2);
  CHECK_INT(usage(MC_ROUTING_DEFAULT, MC_RESOURCE_REQUESTS).overflows, 1);
  CHECK_INT(usage(MC_ROUTING_HIGH, MC_RESOURCE_REQUESTS).used, 1);
  mc_decision_close(&decisions[0]);
  mc_decision_close(&decisions[0]); /* once */
  mc_decision_close(&decisions[2]); /* it holds nothing */
  CHECK_INT(usage(MC_ROUTING_DEFAULT, MC_RESOURCE_REQUESTS).used, 1);
  for (int i = 0; i < 5; i++) mc_decision_release(&decisions[i]);
  CHECK_INT(usage(MC_ROUTING_DEFAULT, MC_RESOURCE_REQUESTS).used, 0);
  CHECK_INT(usage(MC_ROUTING_HIGH, MC_RESOURCE_REQUESTS).used, 0);
  CHECK_INT(mc_snapshot_active(snapshot, 0, 0) + mc_snapshot_active(snapshot, 0, 1), 0);
  stop();
}

static void test_a_peek_overflows_and_counts_nothing(void) {
  start(with(MC_RESOURCE_REQUESTS, 0), mc_thresholds_default());
  const char *const none[] = {NULL};
  const mc_request request = request_of("a.com", "/", headers, none);
  mc_decision decision;
  CHECK_INT(mc_peek(snapshot, &request, &decision), MC_OK);
  CHECK_INT(decision.details, MC_DETAILS_OVERFLOW);
  CHECK_INT(usage(MC_ROUTING_DEFAULT, MC_RESOURCE_REQUESTS).overflows, 0);
  mc_decision_release(&decision);
  stop();
}

static void check_line(const mc_decision *refused, const char *name) {
  const mc_response response = {.status = 0};
  const mc_header_line *lines;
  uint32_t count;
  uint16_t status;
  mc_slice body;
  mc_scratch scratch;
  mc_scratch_init(&scratch);
  CHECK_INT(mc_decision_response_headers(refused, &response, &scratch, &lines, &count, &status, &body), MC_OK);
  CHECK_INT(status, 503);
  CHECK_SLICE(value_of(lines, count, name), "true");
  mc_scratch_reset(&scratch);
}

static void test_the_answer_says_that_it_is_overloaded(void) {
  start(with(MC_RESOURCE_REQUESTS, 0), mc_thresholds_default());
  mc_decision decision;
  decide("/", &decision);
  check_line(&decision, "x-envoy-overloaded");
  mc_decision_release(&decision);
  stop();
}

/* A share of the requests, by chance, or all of them. None counts as under way. */
static void test_a_cluster_drops(void) {
  const char *const none[] = {NULL};
  for (drop_millionths = 250000; drop_millionths; drop_millionths = drop_millionths < 1000000 ? 1000000 : 0) {
    start(mc_thresholds_default(), mc_thresholds_default());
    const bool all = drop_millionths == 1000000;
    int dropped = 0;
    for (uint64_t seed = 0; seed < 4000; seed++) {
      mc_decision decision;
      mc_request request = request_of("a.com", "/", headers, none);
      request.seed = seed;
      CHECK_INT(mc_decide(snapshot, &request, &decision), MC_OK);
      if (decision.outcome == MC_REJECT) {
        if (!dropped++) check_line(&decision, all ? "x-envoy-unconditional-drop-overload" : "x-envoy-drop-overload");
        CHECK_INT(decision.flags, all ? MC_FLAG_UDO : MC_FLAG_DO);
        CHECK_INT(decision.details, all ? MC_DETAILS_UNCONDITIONAL_DROP_OVERLOAD : MC_DETAILS_DROP_OVERLOAD);
        CHECK_INT(decision.endpoint, -1);
      }
      mc_decision_release(&decision);
    }
    if (all) CHECK_INT(dropped, 4000);
    else CHECK(dropped > 880 && dropped < 1120);
    CHECK_INT(usage(MC_ROUTING_DEFAULT, MC_RESOURCE_REQUESTS).used, 0);
    stop();
  }
}

static void test_counts_outlive_a_configuration(void) {
  start(with(MC_RESOURCE_REQUESTS, 2), mc_thresholds_default());
  mc_decision first, second, third;
  decide("/", &first);
  const mc_thresholds one[] = {with(MC_RESOURCE_REQUESTS, 1), mc_thresholds_default()};
  mc_snapshot *old = snapshot;
  snapshot = build(one);
  decide("/", &second);
  CHECK_INT(second.details, MC_DETAILS_OVERFLOW);
  mc_decision_release(&first); /* of the old one */
  decide("/", &third);
  CHECK_INT(third.outcome, MC_FORWARD);
  mc_decision_release(&second);
  mc_decision_release(&third);
  mc_snapshot_free(old);
  stop();
}

static void test_waiting_and_retries(void) {
  start(with(MC_RESOURCE_PENDING, 1), with(MC_RESOURCE_RETRIES, 1));
  CHECK(mc_snapshot_take(snapshot, 0, MC_ROUTING_DEFAULT, MC_RESOURCE_PENDING));
  CHECK(!mc_snapshot_take(snapshot, 0, MC_ROUTING_DEFAULT, MC_RESOURCE_PENDING));
  CHECK_INT(usage(MC_ROUTING_DEFAULT, MC_RESOURCE_PENDING).overflows, 1);
  mc_snapshot_give(snapshot, 0, MC_ROUTING_DEFAULT, MC_RESOURCE_PENDING, MC_HELD_HERE);
  CHECK_INT(usage(MC_ROUTING_DEFAULT, MC_RESOURCE_PENDING).used, 0);
  CHECK(mc_snapshot_take(snapshot, 0, MC_ROUTING_HIGH, MC_RESOURCE_RETRIES));
  CHECK(!mc_snapshot_take(snapshot, 0, MC_ROUTING_HIGH, MC_RESOURCE_RETRIES));
  mc_snapshot_give(snapshot, 0, MC_ROUTING_HIGH, MC_RESOURCE_RETRIES, MC_HELD_HERE);
  stop();
}

static void test_a_retry_budget_goes_by_the_requests_under_way(void) {
  mc_thresholds budget = mc_thresholds_default();
  budget.retry_budget = true;
  budget.budget_percent = 50;
  start(budget, mc_thresholds_default());
  mc_decision decisions[4];
  CHECK(!mc_snapshot_take(snapshot, 0, MC_ROUTING_DEFAULT, MC_RESOURCE_RETRIES));
  for (int i = 0; i < 4; i++) decide("/", &decisions[i]);
  CHECK_INT(usage(MC_ROUTING_DEFAULT, MC_RESOURCE_RETRIES).limit, 2);
  for (int i = 0; i < 2; i++) CHECK(mc_snapshot_take(snapshot, 0, MC_ROUTING_DEFAULT, MC_RESOURCE_RETRIES));
  CHECK(!mc_snapshot_take(snapshot, 0, MC_ROUTING_DEFAULT, MC_RESOURCE_RETRIES));
  for (int i = 0; i < 4; i++) mc_decision_release(&decisions[i]);
  stop();
}

static bool connect(int32_t endpoint) { return mc_snapshot_take_connection(snapshot, 0, endpoint, MC_ROUTING_DEFAULT); }

static void test_connections(void) {
  start(with(MC_RESOURCE_CONNECTIONS, 2), mc_thresholds_default());
  CHECK(connect(0));
  CHECK(connect(0));
  CHECK(!connect(0));
  CHECK(connect(1)); /* it has none: one is always given, over the limit */
  CHECK(!connect(1));
  CHECK_INT(usage(MC_ROUTING_DEFAULT, MC_RESOURCE_CONNECTIONS).used, 3);
  CHECK_INT(usage(MC_ROUTING_DEFAULT, MC_RESOURCE_CONNECTIONS).overflows, 2);
  CHECK_INT(mc_snapshot_connections(snapshot, 0, 0), 2);
  for (int i = 0; i < 2; i++) mc_snapshot_give_connection(snapshot, 0, 0, MC_ROUTING_DEFAULT, MC_HELD_HERE);
  CHECK(connect(1)); /* now there is room */
  for (int i = 0; i < 2; i++) mc_snapshot_give_connection(snapshot, 0, 1, MC_ROUTING_DEFAULT, MC_HELD_HERE);
  CHECK_INT(usage(MC_ROUTING_DEFAULT, MC_RESOURCE_CONNECTIONS).used, 0);
  stop();
}

static void test_connections_of_a_host(void) {
  mc_thresholds thresholds = mc_thresholds_default();
  thresholds.max_host_connections = 1;
  start(thresholds, mc_thresholds_default());
  CHECK(connect(0));
  CHECK(!connect(0));
  CHECK_INT(usage(MC_ROUTING_DEFAULT, MC_RESOURCE_CONNECTIONS).used, 1); /* what the cluster gave came back */
  CHECK(connect(1));
  CHECK(mc_snapshot_take_connection(snapshot, 0, 0, MC_ROUTING_HIGH)); /* a pool of its own, and the first there */
  CHECK_INT(mc_snapshot_connections(snapshot, 0, 0), 2);
  mc_snapshot_give_connection(snapshot, 0, 0, MC_ROUTING_HIGH, MC_HELD_HERE);
  for (int32_t i = 0; i < 2; i++) mc_snapshot_give_connection(snapshot, 0, i, MC_ROUTING_DEFAULT, MC_HELD_HERE);
  CHECK_INT(mc_snapshot_connections(snapshot, 0, 0) + mc_snapshot_connections(snapshot, 0, 1), 0);
  stop();
}

enum { THREADS = 4, ROUNDS = 3000, LIMIT = 2 };

static atomic_int inside, passed, forwarded;

static void *decide_many(void *unused) {
  mc_header lines[1];
  const char *const none[] = {NULL};
  const mc_request request = request_of("a.com", "/", lines, none);
  for (int i = 0; i < ROUNDS; i++) {
    mc_decision decision;
    if (mc_decide(snapshot, &request, &decision) == MC_OK && decision.outcome == MC_FORWARD) {
      atomic_fetch_add(&forwarded, 1);
      if (atomic_fetch_add(&inside, 1) >= LIMIT) atomic_fetch_add(&passed, 1);
      atomic_fetch_sub(&inside, 1);
    }
    mc_decision_release(&decision);
  }
  return unused;
}

static void test_threads_never_pass_the_limit(void) {
  start(with(MC_RESOURCE_REQUESTS, LIMIT), mc_thresholds_default());
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, decide_many, NULL) == 0);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  mc_usage left = usage(MC_ROUTING_DEFAULT, MC_RESOURCE_REQUESTS);
  CHECK_INT(atomic_load(&passed), 0);
  CHECK_INT(left.used, 0);
  CHECK_INT((uint64_t)atomic_load(&forwarded) + left.overflows, THREADS * ROUNDS);
  stop();
}

int main(void) {
  test_requests_overflow();
  test_a_peek_overflows_and_counts_nothing();
  test_the_answer_says_that_it_is_overloaded();
  test_a_cluster_drops();
  test_counts_outlive_a_configuration();
  test_waiting_and_retries();
  test_a_retry_budget_goes_by_the_requests_under_way();
  test_connections();
  test_connections_of_a_host();
  test_threads_never_pass_the_limit();
  return check_finish();
}
