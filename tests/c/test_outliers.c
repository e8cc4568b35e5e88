/* Outlier detection of a snapshot: reports eject, decisions heed it, sweeps take back. */
#include "engine/exchange.h"
#include "engine_support.h"
#include "outlier_support.h"

static const mc_endpoint_spec endpoints[] = {{.address = {"a:1", 3}}, {.address = {"a:2", 3}}};
static mc_runtime *runtime;

static mc_cluster_spec cluster_of(const mc_outlier_spec *outlier) {
  return (mc_cluster_spec){.name = MC_LITERAL("c"),
                           .balance = {.overprovisioning_percent = 140, .now_ns = START},
                           .endpoints = endpoints,
                           .endpoint_count = 2,
                           .outlier = outlier,
                           .keep = -1};
}

static mc_snapshot *build(const mc_outlier_spec *outlier) {
  const mc_cluster_spec cluster = cluster_of(outlier);
  const mc_route_spec route = prefix_route(MC_LITERAL("/"));
  const mc_action_spec action = forward_to(0);
  small_config config;
  small_init(&config, &route, &action, 1, &cluster, 1);
  return snapshot_of(&config.spec, runtime);
}

static void refresh(mc_snapshot **snapshot, uint64_t now_ns) {
  mc_error error;
  mc_snapshot *next;
  CHECK(mc_snapshot_refresh(*snapshot, 0, now_ns, 7, &next, &error) == MC_OK);
  if (!next) return;
  mc_snapshot_free(*snapshot);
  *snapshot = next;
}

/* A request, refreshing what is stale; its endpoint. */
static int32_t decide(mc_snapshot **snapshot, uint64_t now_ns, mc_decision *decision, mc_header *headers,
                      const char *const *rows) {
  mc_request request = request_of("a.com", "/x", headers, rows);
  request.now_ns = now_ns;
  mc_code code = mc_decide(*snapshot, &request, decision);
  while (code == MC_STALE) {
    mc_decision_release(decision);
    refresh(snapshot, now_ns);
    code = mc_decide(*snapshot, &request, decision);
  }
  CHECK(code == MC_OK);
  return decision->endpoint;
}

/* Requests until the host has had so many, each answered so. */
static void answer_at(mc_snapshot **snapshot, int32_t host, uint32_t times, mc_result result) {
  for (uint32_t tries = 0; times && tries < 100; tries++) {
    mc_decision decision;
    if (decide(snapshot, result.report.now_ns, &decision, NULL, NULL) == host) {
      mc_decision_detect(&decision, decision.upstream, host, &result);
      times--;
    }
    mc_decision_release(&decision);
  }
  CHECK_INT(times, 0);
}

static int32_t endpoint_of(mc_snapshot **snapshot, uint64_t now_ns) {
  mc_decision decision;
  int32_t found = decide(snapshot, now_ns, &decision, NULL, NULL);
  mc_decision_release(&decision);
  return found;
}

static void test_an_ejected_endpoint_gets_nothing(void) {
  runtime = mc_runtime_new();
  mc_outlier_spec spec = outlier_spec();
  mc_snapshot *snapshot = build(&spec);
  CHECK(mc_snapshot_reads_clock(snapshot) && mc_snapshot_detects(snapshot, 0));
  answer_at(&snapshot, 0, 5, result_of(503, MC_FAILURE_NONE, START));
  for (int i = 0; i < 10; i++) CHECK_INT(endpoint_of(&snapshot, START + 29 * SECOND), 1);
  mc_outlier_status status = mc_snapshot_outlier(snapshot, 0, 0, START + 20 * SECOND);
  CHECK(status.ejected);
  CHECK_INT(status.left_ns, 10 * SECOND);
  CHECK_INT(mc_snapshot_outliers(snapshot, 0).enforced[MC_EJECTION_CONSECUTIVE_5XX], 1);
  bool seen = false;
  for (int i = 0; i < 10; i++) seen |= endpoint_of(&snapshot, START + 30 * SECOND) == 0;
  CHECK(seen);
  answer_at(&snapshot, 0, 5, result_of(503, MC_FAILURE_NONE, START + 30 * SECOND));
  answer_at(&snapshot, 1, 5, result_of(503, MC_FAILURE_NONE, START + 30 * SECOND));
  mc_decision decision; /* without panic nobody is left */
  CHECK_INT(decide(&snapshot, START + 30 * SECOND, &decision, NULL, NULL), -1);
  CHECK_INT(decision.details, MC_DETAILS_NO_HEALTHY_UPSTREAM);
  mc_decision_release(&decision);
  mc_snapshot_sweep(snapshot, 0, START + 90 * SECOND);
  CHECK(!mc_snapshot_outlier(snapshot, 0, 0, START + 90 * SECOND).ejected);
  CHECK(endpoint_of(&snapshot, START + 90 * SECOND) >= 0);
  mc_snapshot_free(snapshot);
  mc_runtime_free(runtime);
}

/* The status of gRPC is in the headers, where the answer is nothing else. */
static void test_grpc(void) {
  runtime = mc_runtime_new();
  mc_outlier_spec spec = outlier_spec();
  mc_snapshot *snapshot = build(&spec);
  static const char *const grpc[] = {"content-type: application/grpc", NULL};
  static const struct {
    const char *status;
    bool fails;
  } rows[] = {{"14", true}, {"13", true}, {"0", false}, {"5", false}, {"99", true}, {"x", true}, {"99999999999", true},
              {"+0", false}, {" 0 ", false}, {"0000000000014", true}, {"0000000000000", false}, {"-0", true},
              {"18446744073709551616", true}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const mc_header line = {MC_LITERAL("Grpc-Status"), text_of(rows[i].status)};
    mc_result result = result_of(200, MC_FAILURE_NONE, START);
    result.headers = &line;
    result.header_count = 1;
    mc_decision decision;
    mc_header headers[4];
    uint64_t before = mc_snapshot_outliers(snapshot, 0).detected[MC_EJECTION_CONSECUTIVE_5XX];
    for (int n = 0; n < 5; n++) {
      decide(&snapshot, START, &decision, headers, grpc);
      CHECK(mc_decision_answer_names(&decision, 200) == mc_size_bit(sizeof "grpc-status" - 1));
      mc_decision_detect(&decision, decision.upstream, 0, &result);
      mc_decision_release(&decision);
    }
    CHECK_INT(mc_snapshot_outlier(snapshot, 0, 0, START).ejected, rows[i].fails);
    CHECK_INT(mc_snapshot_outliers(snapshot, 0).detected[MC_EJECTION_CONSECUTIVE_5XX] - before, rows[i].fails);
    decide(&snapshot, START, &decision, NULL, NULL); /* another request has no such status */
    CHECK(decision.detects && !mc_decision_answer_names(&decision, 200));
    mc_decision_release(&decision);
    mc_snapshot_free(snapshot);
    snapshot = build(&spec);
  }
  mc_snapshot_free(snapshot);
  mc_runtime_free(runtime);
}

static void test_without_detection_nothing_is_asked(void) {
  runtime = mc_runtime_new();
  mc_snapshot *snapshot = build(NULL);
  CHECK(!mc_snapshot_reads_clock(snapshot) && !mc_snapshot_detects(snapshot, 0));
  mc_decision decision;
  decide(&snapshot, 0, &decision, NULL, NULL);
  CHECK(!decision.detects);
  const mc_result result = result_of(503, MC_FAILURE_NONE, START);
  for (int i = 0; i < 10; i++) mc_decision_detect(&decision, decision.upstream, decision.endpoint, &result);
  mc_decision_release(&decision);
  mc_snapshot_free(snapshot);
  mc_runtime_free(runtime);
}

/* A swap keeps what has been counted, and one without detection takes everybody back. */
static void test_swaps(void) {
  runtime = mc_runtime_new();
  mc_outlier_spec spec = outlier_spec(), other = spec;
  other.base_ejection_time_ns = 40 * SECOND;
  mc_snapshot *snapshot = build(&spec);
  answer_at(&snapshot, 0, 5, result_of(503, MC_FAILURE_NONE, START));
  mc_snapshot *next = build(&other);
  mc_snapshot_free(snapshot);
  CHECK_INT(mc_snapshot_outlier(next, 0, 0, START).left_ns, 40 * SECOND);
  CHECK_INT(endpoint_of(&next, START), 1);
  mc_snapshot *last = build(NULL);
  bool seen = false;
  for (int i = 0; i < 10; i++) seen |= endpoint_of(&last, 0) == 0;
  CHECK(seen);
  mc_snapshot_free(next);
  mc_snapshot_free(last);
  mc_runtime_free(runtime);
}

static void test_memory_runs_out(void) {
  runtime = mc_runtime_new();
  const mc_outlier_spec spec = outlier_spec();
  const mc_cluster_spec cluster = cluster_of(&spec);
  mc_error error;
  int before = check_blocks();
  for (int n = 0;; n++) {
    check_memory(n);
    mc_cluster *made = mc_cluster_new(&cluster, runtime, 1, &error);
    check_memory(-1);
    if (made) mc_cluster_release(made, runtime);
    CHECK_INT(check_blocks(), before);
    if (made) break;
    CHECK_INT(error.code, MC_NO_MEMORY);
  }
  mc_runtime_free(runtime);
}

static void report(mc_decision *decision, uint32_t number, uint16_t status, mc_failure failure) {
  const mc_result result = result_of(status, failure, START);
  bool again;
  CHECK_INT(mc_decision_report(decision, number, &result, true, 0, &again), MC_OK);
  CHECK(!again);
}

/* How often a host was found to fail, by the rule, after an answer of 200 whose end was this. */
static uint64_t found_after(const mc_outlier_spec *spec, mc_ejection rule, mc_failure failure, uint32_t times,
                            uint32_t *flags) {
  runtime = mc_runtime_new();
  mc_snapshot *snapshot = build(spec);
  mc_decision decision;
  decide(&snapshot, START, &decision, NULL, NULL);
  report(&decision, 0, 200, MC_FAILURE_NONE);
  report(&decision, 2, 0, failure); /* there is no such attempt */
  CHECK_INT(decision.flags, 0);
  while (times--) report(&decision, 1, 0, failure);
  CHECK_INT(decision.outcome, MC_FORWARD);
  CHECK_INT(decision.details, MC_DETAILS_VIA_UPSTREAM);
  *flags = decision.flags;
  mc_decision_close(&decision);
  report(&decision, 0, 0, MC_FAILURE_RESET); /* and who knows what has been since */
  CHECK_INT(decision.flags, *flags);
  mc_decision_release(&decision);
  const uint64_t found = mc_snapshot_outliers(snapshot, 0).detected[rule];
  mc_snapshot_free(snapshot);
  mc_runtime_free(runtime);
  return found;
}

static void test_answers_that_break_off(void) {
  mc_outlier_spec spec = outlier_spec();
  spec.consecutive_5xx = 1;
  uint32_t flags;
  static const struct {
    mc_failure failure;
    uint32_t flag;
    bool detected;
  } rows[] = {{MC_FAILURE_RESET, MC_FLAG_UC, true},
              {MC_FAILURE_REMOTE_RESET, MC_FLAG_UR, true},
              {MC_FAILURE_PROTOCOL, MC_FLAG_UPE, true},
              {MC_FAILURE_PER_TRY_IDLE_TIMEOUT, MC_FLAG_UT, true},
              {MC_FAILURE_TIMEOUT, MC_FLAG_UT, false}, /* Envoy tells of the endpoint only before the head */
              {MC_FAILURE_CONNECT, 0, false}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    CHECK_INT(found_after(&spec, MC_EJECTION_CONSECUTIVE_5XX, rows[i].failure, 1, &flags), rows[i].detected);
    CHECK_INT(flags, rows[i].flag);
  }
  spec.consecutive_5xx = 2; /* it is told once */
  CHECK_INT(found_after(&spec, MC_EJECTION_CONSECUTIVE_5XX, MC_FAILURE_RESET, 3, &flags), 0);
  spec = outlier_spec();
  spec.split_external_local_origin_errors = true;
  spec.consecutive_5xx = spec.consecutive_local_origin_failure = 1;
  CHECK_INT(found_after(&spec, MC_EJECTION_CONSECUTIVE_5XX, MC_FAILURE_RESET, 1, &flags), 0);
  CHECK_INT(found_after(&spec, MC_EJECTION_CONSECUTIVE_LOCAL_ORIGIN_FAILURE, MC_FAILURE_RESET, 1, &flags), 1);
}

int main(void) {
  test_an_ejected_endpoint_gets_nothing();
  test_grpc();
  test_without_detection_nothing_is_asked();
  test_swaps();
  test_answers_that_break_off();
  test_memory_runs_out();
  return check_finish();
}
