/* What comes of attempts: when another one follows, and what the decision ends with. */
#include "exchange_support.h"

/* ------------------------------------------------------------------ one attempt */

static void test_without_a_policy(void) {
  setting plain = retrying("", 0);
  start(plain);
  CHECK(!decision.retries);
  CHECK_INT(active(), 1);
  CHECK(!answered(0, 503));
  CHECK(decision.over && !decision.exchange);
  CHECK_INT(decision.details, MC_DETAILS_VIA_UPSTREAM);
  CHECK_INT(active(), 1); /* its body is still to come */
  CHECK(!failed(0, MC_FAILURE_RESET));
  CHECK_INT(decision.outcome, MC_FORWARD);
  mc_decision_close(&decision);
  CHECK_INT(active(), 0);
  stop();
  start(plain);
  CHECK(!failed(2, MC_FAILURE_RESET)); /* there is no such attempt */
  CHECK_INT(decision.outcome, MC_FORWARD);
  CHECK(!failed(1, MC_FAILURE_CONNECT));
  check_own(503, MC_DETAILS_RESET_CONNECT_FAILURE, MC_FLAG_UF,
            "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure");
  mc_decision_close(&decision);
  CHECK_INT(active(), 0);
  stop();
}

/* ------------------------------------------------------------------ one after the other */

static void test_until_an_answer_is_good(void) {
  start(retrying("5xx", 3));
  CHECK(decision.retries);
  CHECK(answered(0, 503));
  CHECK_INT(next->number, 2);
  CHECK(next->backoff_ns < 10 * MS);
  CHECK_INT(next->begins_ns, 1500 * MS + next->backoff_ns);
  CHECK_INT(decision.endpoint, next->endpoint);
  CHECK_INT(active(), 1); /* the first gave its endpoint back */
  CHECK(failed(2, MC_FAILURE_RESET));
  CHECK(!answered(1, 200)); /* no longer of interest */
  CHECK(!decision.over);
  CHECK(!answered(3, 200));
  CHECK(decision.over);
  CHECK_INT(decision.details, MC_DETAILS_VIA_UPSTREAM);
  CHECK_INT(decision.flags, 0);
  CHECK_INT(active(), 1);
  mc_decision_close(&decision);
  mc_decision_close(&decision);
  CHECK_INT(active(), 0);
  stop();
}

/* Neither an upgrade nor an error: nothing is retried, whatever the policy says. */
static void test_a_websocket_that_is_not_taken_up(void) {
  setting s = retrying("retriable-status-codes,5xx", 2);
  const uint32_t codes[] = {200};
  s.retry.status_codes = codes;
  s.retry.status_code_count = 1;
  s.rows = ROWS("connection: upgrade", "upgrade: WebSocket");
  start(s);
  CHECK(answered(0, 503));
  CHECK(!answered(0, 200));
  CHECK(decision.over);
  CHECK_INT(decision.details, MC_DETAILS_WEBSOCKET_REFUSED);
  CHECK_INT(decision.outcome, MC_FORWARD);
  CHECK_INT(decision.flags, 0);
  stop();
  start(s);
  CHECK(!answered(0, 302));
  CHECK_INT(decision.details, MC_DETAILS_WEBSOCKET_REFUSED);
  stop();
  for (uint16_t status = 101; status < 500; status += 303) { /* 101, 404 */
    start(s);
    CHECK(!answered(0, status));
    CHECK_INT(decision.details, MC_DETAILS_VIA_UPSTREAM);
    stop();
  }
  s.rows = ROWS("connection: upgrade", "upgrade: foo");
  start(s);
  CHECK(answered(0, 200));
  stop();
}

static void test_until_retries_are_used_up(void) {
  start(retrying("5xx", 2));
  CHECK(answered(0, 503) && answered(0, 503));
  CHECK(!answered(0, 503));
  CHECK(decision.over);
  CHECK_INT(decision.outcome, MC_FORWARD);
  CHECK_INT(decision.flags, MC_FLAG_URX);
  stop();
  start(retrying("5xx", 1));
  CHECK(failed(0, MC_FAILURE_RESET));
  CHECK(!failed(0, MC_FAILURE_CONNECT));
  check_own(503, MC_DETAILS_RESET_CONNECT_FAILURE, MC_FLAG_UF | MC_FLAG_URX,
            "upstream connect error or disconnect/reset before headers. retried and the latest reset reason: remote connection failure");
  stop();
}

static void test_what_cannot_be_sent_again(void) {
  start(retrying("5xx", 2));
  const mc_result result = {.status = 503, .grpc_status = -1};
  bool again;
  CHECK_INT(mc_decision_report(&decision, 0, &result, false, 0, &again), MC_OK);
  CHECK(!again && decision.over);
  CHECK_INT(decision.flags, 0);
  stop();
}

static void test_a_timeout_of_a_try_is_retried_and_one_of_all_is_not(void) {
  start(retrying("gateway-error", 1));
  CHECK(timed_out(0));
  CHECK(!mc_decision_attempts(&decision)->running);
  CHECK(!timed_out(1));
  CHECK(!timed_out(2));
  check_own(504, MC_DETAILS_PER_TRY_TIMEOUT, MC_FLAG_UT | MC_FLAG_URX, "upstream request timeout");
  stop();
  start(retrying("gateway-error", 1));
  CHECK(!failed(0, MC_FAILURE_TIMEOUT));
  check_own(504, MC_DETAILS_RESPONSE_TIMEOUT, MC_FLAG_UT, "upstream request timeout");
  stop();
}

/* ------------------------------------------------------------------ side by side */

static setting hedging(const char *conditions, uint32_t retries) {
  setting s = retrying(conditions, retries);
  s.hedge.on_per_try_timeout = true;
  return s;
}

static void test_a_slow_try_goes_on(void) {
  start(hedging("retriable-4xx", 1)); /* whatever the condition: a hedge needs none */
  CHECK(timed_out(1));
  CHECK_INT(active(), 2);
  const mc_attempt *first = mc_decision_attempts(&decision);
  CHECK(first->running && first->hedged && next->running);
  CHECK(!timed_out(1)); /* once each */
  CHECK(!answered(1, 200)); /* the slow one comes first after all */
  CHECK(decision.over);
  CHECK_INT(decision.endpoint, first->endpoint);
  CHECK(!next->running);
  CHECK_INT(active(), 1);
  stop();
}

static void test_an_idle_try_goes_on(void) {
  start(hedging("5xx", 1));
  CHECK(failed(1, MC_FAILURE_PER_TRY_IDLE_TIMEOUT));
  const mc_attempt *first = mc_decision_attempts(&decision);
  CHECK(first->running && first->hedged && next->running);
  CHECK(!failed(2, MC_FAILURE_PER_TRY_IDLE_TIMEOUT)); /* no retry is left for it, and yet it goes on */
  CHECK(!decision.over && next->running);
  CHECK_INT(decision.flags, MC_FLAG_URX);
  CHECK(!answered(2, 200));
  CHECK(decision.over);
  CHECK_INT(decision.outcome, MC_FORWARD);
  stop();
}

static void test_a_bad_answer_waits_for_a_better_one(void) {
  start(hedging("5xx", 1));
  CHECK(timed_out(1));
  CHECK(!answered(1, 503));
  CHECK(!decision.over);
  CHECK_INT(active(), 1);
  CHECK(!answered(2, 200));
  CHECK(decision.over);
  CHECK_INT(decision.outcome, MC_FORWARD);
  stop();
  start(hedging("5xx", 1));
  CHECK(timed_out(1));
  CHECK(!failed(2, MC_FAILURE_RESET)); /* no retry is left, but the slow one may still answer */
  CHECK(!decision.over);
  CHECK(!failed(1, MC_FAILURE_RESET));
  CHECK_INT(decision.flags, MC_FLAG_UC | MC_FLAG_URX);
  CHECK_INT(active(), 0);
  stop();
}

static void test_a_good_answer_ends_all(void) {
  start(hedging("5xx", 3));
  CHECK(timed_out(1) && timed_out(2) && timed_out(3));
  CHECK_INT(active(), 4);
  CHECK(!answered(3, 404)); /* no condition wants that */
  CHECK(decision.over);
  CHECK_INT(active(), 1);
  stop();
}

/* ------------------------------------------------------------------ memory */

static void test_out_of_memory(void) {
  static const char *const rows[] = {"x-a: 1", NULL};
  for (int n = 0;; n++) {
    setting s = retrying("5xx", 9);
    s.rows = rows;
    start(s);
    mc_code code = MC_OK;
    for (int i = 0; i < 8 && !code; i++) {
      const mc_result result = {.status = 503, .grpc_status = -1};
      bool again = false;
      check_memory(n);
      code = mc_decision_report(&decision, 0, &result, true, 0, &again);
      if (!code && again) code = mc_decision_attempt(&decision, snapshot, 0, &next);
      check_memory(-1);
    }
    mc_decision_close(&decision);
    CHECK_INT(active(), 0);
    stop();
    if (!code) break;
    CHECK_INT(code, MC_NO_MEMORY);
  }
}

int main(void) {
  test_without_a_policy();
  test_until_an_answer_is_good();
  test_a_websocket_that_is_not_taken_up();
  test_until_retries_are_used_up();
  test_what_cannot_be_sent_again();
  test_a_timeout_of_a_try_is_retried_and_one_of_all_is_not();
  test_a_slow_try_goes_on();
  test_an_idle_try_goes_on();
  test_a_bad_answer_waits_for_a_better_one();
  test_a_good_answer_ends_all();
  test_out_of_memory();
  return check_finish();
}
