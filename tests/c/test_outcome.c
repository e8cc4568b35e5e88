/* What counts as what, as a running Envoy 1.40 was seen to count it. */
#include "outlier/outcome.h"

#include "outlier_support.h"

static void check(const mc_outlier_spec *spec, mc_result result, uint32_t status, bool reached, bool unreachable) {
  mc_outlier_outcome outcome = mc_outlier_outcome_of(spec, &result);
  CHECK_INT(outcome.status, status);
  CHECK_INT(outcome.reached, reached);
  CHECK_INT(outcome.unreachable, unreachable);
}

static void test_failures_count_as_answers(void) {
  const mc_outlier_spec spec = outlier_spec();
  const mc_failure resets[] = {MC_FAILURE_CONNECT,        MC_FAILURE_CONNECT_TIMEOUT, MC_FAILURE_RESET,
                               MC_FAILURE_REFUSED_STREAM, MC_FAILURE_PROTOCOL,        MC_FAILURE_RESET_BEFORE_REQUEST};
  for (size_t i = 0; i < sizeof resets / sizeof *resets; i++) {
    check(&spec, result_of(0, resets[i], START), 503, false, false);
  }
  check(&spec, result_of(0, MC_FAILURE_TIMEOUT, START), 504, false, false);
  check(&spec, result_of(0, MC_FAILURE_PER_TRY_TIMEOUT, START), 504, false, false);
  check(&spec, result_of(204, MC_FAILURE_TIMEOUT, START), 204, false, false); /* the alternative answer */
  check(&spec, result_of(404, MC_FAILURE_NONE, START), 404, false, false);
  check(&spec, result_of(0, MC_FAILURE_NONE, START), 0, false, false);
}

/* A connection that was there is a success on the way to the host, whatever became of the request. */
static void test_split_origins(void) {
  mc_outlier_spec spec = outlier_spec();
  spec.split_external_local_origin_errors = true;
  check(&spec, result_of(0, MC_FAILURE_CONNECT, START), 0, false, true);
  check(&spec, result_of(0, MC_FAILURE_CONNECT_TIMEOUT, START), 0, false, true);
  check(&spec, result_of(0, MC_FAILURE_RESET_BEFORE_REQUEST, START), 0, false, true);
  check(&spec, result_of(0, MC_FAILURE_RESET, START), 0, true, true);
  check(&spec, result_of(0, MC_FAILURE_TIMEOUT, START), 0, true, true);
  check(&spec, result_of(503, MC_FAILURE_NONE, START), 503, true, false);
  check(&spec, result_of(0, MC_FAILURE_NONE, START), 0, false, false);
}

static void test_grpc_statuses(void) {
  static const uint32_t statuses[] = {200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401};
  for (int32_t i = 0; i < 17; i++) CHECK_INT(mc_outlier_status_of_grpc(i), statuses[i]);
  CHECK_INT(mc_outlier_status_of_grpc(17), 500);
  CHECK_INT(mc_outlier_status_of_grpc(INT32_MAX), 500);
  const mc_outlier_spec spec = outlier_spec();
  mc_result result = result_of(200, MC_FAILURE_NONE, START);
  result.grpc_status = 14;
  check(&spec, result, 503, false, false);
  result.status = 503; /* it goes before the status of the answer */
  result.grpc_status = 0;
  check(&spec, result, 200, false, false);
}

static void test_error_codes(void) {
  static const mc_code_range codes[] = {{429, 430}, {503, 505}};
  mc_outlier_spec spec = outlier_spec();
  spec.error_codes = codes;
  spec.error_code_count = 2;
  check(&spec, result_of(428, MC_FAILURE_NONE, START), 200, false, false);
  check(&spec, result_of(429, MC_FAILURE_NONE, START), 500, false, false);
  check(&spec, result_of(430, MC_FAILURE_NONE, START), 200, false, false);
  check(&spec, result_of(500, MC_FAILURE_NONE, START), 200, false, false);
  check(&spec, result_of(503, MC_FAILURE_NONE, START), 503, false, false);
  check(&spec, result_of(504, MC_FAILURE_NONE, START), 504, false, false);
  check(&spec, result_of(0, MC_FAILURE_RESET, START), 503, false, false);
  mc_result grpc = result_of(200, MC_FAILURE_NONE, START);
  grpc.grpc_status = 14;
  check(&spec, grpc, 503, false, false);
}

int main(void) {
  test_failures_count_as_answers();
  test_split_origins();
  test_grpc_statuses();
  test_error_codes();
  return check_finish();
}
