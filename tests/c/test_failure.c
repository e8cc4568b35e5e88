/* What failures are answered with. */
#include "exchange_support.h"

static void test_what_each_failure_is_answered_with(void) {
  static const struct {
    mc_failure failure;
    uint16_t status;
    mc_details details;
    uint32_t flags;
  } rows[] = {
      {MC_FAILURE_CONNECT_TIMEOUT, 503, MC_DETAILS_RESET_CONNECT_TIMEOUT, MC_FLAG_UF},
      {MC_FAILURE_RESET, 503, MC_DETAILS_RESET_TERMINATION, MC_FLAG_UC},
      {MC_FAILURE_RESET_BEFORE_REQUEST, 503, MC_DETAILS_RESET_TERMINATION, MC_FLAG_UC},
      {MC_FAILURE_REMOTE_RESET, 503, MC_DETAILS_RESET_REMOTE, MC_FLAG_UR},
      {MC_FAILURE_REFUSED_STREAM, 503, MC_DETAILS_RESET_REFUSED_STREAM, MC_FLAG_UR},
      {MC_FAILURE_PROTOCOL, 502, MC_DETAILS_RESET_PROTOCOL, MC_FLAG_UPE},
      {MC_FAILURE_OVERFLOW, 503, MC_DETAILS_OVERFLOW, MC_FLAG_UO},
      {MC_FAILURE_TIMEOUT, 504, MC_DETAILS_RESPONSE_TIMEOUT, MC_FLAG_UT},
      {MC_FAILURE_PER_TRY_TIMEOUT, 504, MC_DETAILS_PER_TRY_TIMEOUT, MC_FLAG_UT},
      {MC_FAILURE_PER_TRY_IDLE_TIMEOUT, 504, MC_DETAILS_PER_TRY_IDLE_TIMEOUT, MC_FLAG_UT},
      {MC_FAILURE_IDLE_TIMEOUT, 504, MC_DETAILS_STREAM_IDLE_TIMEOUT, MC_FLAG_SI},
      {MC_FAILURE_MAX_DURATION, 504, MC_DETAILS_MAX_DURATION_TIMEOUT, 0},
      {MC_FAILURE_UPSTREAM_MAX_DURATION, 504, MC_DETAILS_UPSTREAM_MAX_DURATION, MC_FLAG_UMSDR},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    for (int policy = 0; policy < 2; policy++) { /* one that does not want it, and none */
      start(retrying(policy ? "retriable-4xx" : "", 1));
      CHECK(!failed(0, rows[i].failure));
      CHECK_INT(decision.status, rows[i].status);
      CHECK_INT(decision.details, rows[i].details);
      CHECK_INT(decision.flags, rows[i].flags);
      CHECK_INT(active(), 0);
      stop();
    }
  }
}

static void test_an_alternative_to_504(void) {
  setting s = retrying("", 0);
  s.internal = true;
  s.rows = ROWS("x-forwarded-for: 10.0.0.1", "x-envoy-upstream-rq-timeout-alt-response: 1");
  start(s);
  CHECK(!failed(0, MC_FAILURE_TIMEOUT));
  check_own(204, MC_DETAILS_RESPONSE_TIMEOUT, MC_FLAG_UT, "");
  stop();
}

static void test_grpc_clients_get_grpc(void) {
  setting s = retrying("", 0);
  s.rows = ROWS("content-type: application/grpc");
  start(s);
  CHECK(!failed(0, MC_FAILURE_RESET));
  CHECK(decision.grpc);
  stop();
}

int main(void) {
  test_what_each_failure_is_answered_with();
  test_an_alternative_to_504();
  test_grpc_clients_get_grpc();
  return check_finish();
}
