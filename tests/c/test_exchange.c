/* The attempts of a decision: where they go, what they lease, and what is told of them. */
#include "exchange_support.h"

/* ------------------------------------------------------------------ whether there is one */

static void test_nowhere_to_go(void) {
  start(retrying("5xx", 2));
  for (int32_t i = 0; i < 3; i++) mc_snapshot_set_health(snapshot, 0, i, false);
  const mc_result result = {.status = 503, .grpc_status = -1};
  bool again;
  CHECK_INT(mc_decision_report(&decision, 0, &result, true, 0, &again), MC_OK);
  CHECK(again);
  CHECK_INT(mc_decision_attempt(&decision, snapshot, 0, &next), MC_STALE);
  mc_snapshot *fresh;
  mc_error error;
  CHECK_INT(mc_snapshot_refresh(snapshot, 0, 0, 1, &fresh, &error), MC_OK);
  CHECK_INT(mc_decision_attempt(&decision, fresh, 0, &next), MC_OK); /* in panic: all of them are used */
  CHECK(next != NULL);
  mc_decision_close(&decision);
  CHECK_INT(active(), 0);
  mc_snapshot_free(fresh);
  stop();
}

static void test_after_the_end_nothing_happens(void) {
  start(retrying("5xx", 2));
  CHECK(answered(0, 503));
  mc_decision_close(&decision);
  CHECK(!answered(0, 503) && !failed(0, MC_FAILURE_RESET) && !timed_out(0));
  CHECK_INT(mc_decision_attempt(&decision, snapshot, 0, &next), MC_OK);
  CHECK(next == NULL);
  CHECK_INT(active(), 0);
  stop();
}

/* ------------------------------------------------------------------ which host */

static void test_hosts_that_were_tried_are_passed_over(void) {
  for (int policy = 0; policy < 2; policy++) {
    setting s = retrying("5xx", 2);
    s.policy = policy ? MC_POLICY_RANDOM : MC_POLICY_ROUND_ROBIN;
    s.retry.avoid_previous_hosts = true;
    s.retry.host_attempts = 60;
    start(s);
    CHECK(answered(0, 503) && answered(0, 503));
    uint32_t seen = 0;
    for (const mc_attempt *at = mc_decision_attempts(&decision); at; at = at->next) seen |= 1u << at->endpoint;
    CHECK_INT(seen, 7);
    stop();
  }
}

static void test_hashing_turns_to_another_host(void) {
  const mc_policy_kind kinds[] = {MC_POLICY_RING_HASH, MC_POLICY_MAGLEV};
  for (int i = 0; i < 2; i++) {
    for (int avoid = 0; avoid < 2; avoid++) {
      setting s = retrying("5xx", 1);
      s.policy = kinds[i];
      s.retry.avoid_previous_hosts = avoid;
      s.retry.host_attempts = 30;
      start(s);
      decision.hashed = true;
      decision.hash = 12345;
      mc_attempt first = *mc_decision_attempts(&decision);
      CHECK(answered(0, 503));
      if (avoid) CHECK(next->endpoint != first.endpoint);
      stop();
    }
  }
}

static void test_hosts_with_labels_are_passed_over(void) {
  const mc_label label = {MC_LITERAL("v"), MC_LITERAL("1")};
  const mc_labels omit = {&label, 1};
  setting s = retrying("5xx", 8);
  s.labels = true;
  s.retry.omit = &omit;
  s.retry.omit_count = 1;
  s.retry.host_attempts = 5;
  start(s);
  for (int i = 0; i < 8; i++) {
    CHECK(answered(0, 503));
    CHECK(next->endpoint != 0);
  }
  stop();
}

static void test_priorities_that_were_tried_are_left_out(void) {
  setting s = retrying("5xx", 3);
  s.priorities = 3;
  s.retry.priority_frequency = 1;
  start(s);
  CHECK_INT(decision.endpoint, 0);
  for (int32_t i = 1; i < 3; i++) {
    CHECK(answered(0, 503));
    CHECK_INT(next->endpoint, i);
  }
  CHECK(answered(0, 503));
  CHECK_INT(next->endpoint, 0);
  stop();
}

static void test_each_attempt_has_its_own_host(void) {
  setting s = retrying("5xx", 2);
  s.host = MC_HOST_AUTO;
  s.retry.avoid_previous_hosts = true;
  s.retry.host_attempts = 9;
  start(s);
  static const char *const names[] = {"one", "two", "three"};
  CHECK(answered(0, 503));
  for (const mc_attempt *at = mc_decision_attempts(&decision); at; at = at->next) {
    CHECK(mc_slice_equal(at->authority, text_of(names[at->endpoint])));
  }
  CHECK(mc_slice_equal(decision.authority, next->authority));
  stop();
}

/* ------------------------------------------------------------------ side by side */

static void test_requests_from_the_start(void) {
  setting s = retrying("5xx", 0);
  s.hedge.initial_requests = 3;
  start(s);
  CHECK_INT(mc_decision_further(&decision), 2);
  CHECK(take(true) && take(true));
  CHECK_INT(next->number, 3);
  CHECK_INT(next->backoff_ns, 0);
  CHECK_INT(active(), 3);
  CHECK(!answered(2, 503)); /* no retry is left: the others decide */
  CHECK(!decision.over);
  CHECK(!failed(3, MC_FAILURE_PER_TRY_TIMEOUT));
  CHECK(!decision.over);
  CHECK(!answered(1, 200));
  CHECK(decision.over);
  stop();
  s.hedge = (mc_hedge_spec){.initial_requests = 1, .numerator = 1, .denominator = 2};
  int more = 0;
  start(s);
  for (uint64_t seed = 0; seed < 2000; seed++) {
    decision.request.seed = seed;
    more += (int)mc_decision_further(&decision);
  }
  CHECK(more > 900 && more < 1100);
  stop();
}

/* ------------------------------------------------------------------ what is told */

static mc_slice line_of(const mc_attempt *attempt, const char *name, mc_scratch *scratch) {
  const mc_header_line *lines;
  uint32_t count;
  CHECK_INT(mc_attempt_request_headers(&decision, attempt, scratch, &lines, &count), MC_OK);
  mc_header_list list = {.lines = (mc_header_line *)lines, .count = count};
  const mc_header_line *line = mc_header_list_find(&list, text_of(name));
  return line ? line->value : MC_ABSENT;
}

static void test_headers_of_attempts(void) {
  setting s = retrying("5xx", 2);
  s.timeouts.request_ns = 1200 * MS;
  mc_scratch scratch;
  mc_scratch_init(&scratch);
  start(s);
  CHECK(answered(0, 503));
  const mc_attempt *first = mc_decision_attempts(&decision);
  CHECK_SLICE(line_of(first, "x-envoy-attempt-count", &scratch), "1");
  CHECK_SLICE(line_of(first, "x-envoy-expected-rq-timeout-ms", &scratch), "1000"); /* of the try */
  CHECK_SLICE(line_of(next, "x-envoy-attempt-count", &scratch), "2");
  mc_slice left = line_of(next, "x-envoy-expected-rq-timeout-ms", &scratch); /* 500 ms have gone, and the wait */
  CHECK(left.size == 3 && left.data[0] == '6');
  CHECK(answered(0, 503));
  const mc_response response = {.status = 503};
  const mc_header_line *lines;
  uint32_t count;
  uint16_t status;
  mc_slice body;
  CHECK_INT(mc_decision_response_headers(&decision, &response, &scratch, &lines, &count, &status, &body), MC_OK);
  CHECK_INT(count, 1);
  CHECK_SLICE(lines[0].value, "3");
  CHECK(!failed(0, MC_FAILURE_TIMEOUT));
  CHECK_INT(mc_decision_response_headers(&decision, &response, &scratch, &lines, &count, &status, &body), MC_OK);
  CHECK_INT(count, 2);
  CHECK_SLICE(lines[1].name, "x-envoy-attempt-count");
  CHECK_SLICE(lines[1].value, "3");
  CHECK_SLICE(body, "upstream request timeout");
  mc_scratch_reset(&scratch);
  stop();
}

int main(void) {
  test_nowhere_to_go();
  test_after_the_end_nothing_happens();
  test_hosts_that_were_tried_are_passed_over();
  test_hashing_turns_to_another_host();
  test_hosts_with_labels_are_passed_over();
  test_priorities_that_were_tried_are_left_out();
  test_each_attempt_has_its_own_host();
  test_requests_from_the_start();
  test_headers_of_attempts();
  return check_finish();
}
