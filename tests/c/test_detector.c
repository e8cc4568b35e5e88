/* Failures in a row, and what comes of them. */
#include "outlier_support.h"

static bool ejected(mc_detector *detector, uint32_t host) { return mc_detector_ejected(detector, host, START); }

static void test_rows_of_5xx(void) {
  const mc_outlier_spec spec = outlier_spec();
  mc_detector *detector = detector_of(&spec, 2);
  answer(detector, 0, 500, 4, START);
  answer(detector, 0, 404, 1, START); /* a success, as far as this goes */
  answer(detector, 0, 500, 4, START);
  CHECK(!ejected(detector, 0));
  answer(detector, 0, 599, 1, START);
  CHECK(ejected(detector, 0) && !ejected(detector, 1));
  mc_outlier_status status = mc_detector_status(detector, 0, START);
  CHECK_INT(status.reason, MC_EJECTION_CONSECUTIVE_5XX);
  CHECK_INT(status.left_ns, 30 * SECOND);
  CHECK_INT(status.ejections, 1);
  answer(detector, 0, 500, 50, START); /* of requests that were under way */
  mc_outlier_counts counts = mc_detector_counts(detector);
  CHECK_INT(counts.detected[MC_EJECTION_CONSECUTIVE_5XX], 1);
  CHECK_INT(counts.enforced[MC_EJECTION_CONSECUTIVE_5XX], 1);
  mc_detector_free(detector);
}

static void test_gateway_failures(void) {
  mc_outlier_spec spec = outlier_spec();
  spec.consecutive_gateway_failure = 2;
  spec.consecutive_5xx = 100;
  mc_detector *detector = detector_of(&spec, 3);
  answer(detector, 0, 503, 6, START); /* not enforced unless it is asked for */
  CHECK(!ejected(detector, 0));
  CHECK_INT(mc_detector_counts(detector).detected[MC_EJECTION_CONSECUTIVE_GATEWAY_FAILURE], 3);
  mc_detector_free(detector);
  spec.enforcing[MC_EJECTION_CONSECUTIVE_GATEWAY_FAILURE] = 100;
  detector = detector_of(&spec, 3);
  const uint16_t others[] = {500, 501, 505, 200};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    answer(detector, 0, 502, 1, START);
    answer(detector, 0, others[i], 1, START);
  }
  CHECK(!ejected(detector, 0));
  fail(detector, 0, MC_FAILURE_CONNECT, 1, START);
  fail(detector, 0, MC_FAILURE_TIMEOUT, 1, START);
  CHECK_INT(mc_detector_status(detector, 0, START).reason, MC_EJECTION_CONSECUTIVE_GATEWAY_FAILURE);
  CHECK(ejected(detector, 0));
  mc_detector_free(detector);
}

static void test_local_origin_failures(void) {
  mc_outlier_spec spec = outlier_spec();
  spec.split_external_local_origin_errors = true;
  spec.consecutive_local_origin_failure = 3;
  mc_detector *detector = detector_of(&spec, 2);
  fail(detector, 0, MC_FAILURE_CONNECT, 2, START);
  answer(detector, 0, 500, 1, START); /* there was a connection */
  fail(detector, 0, MC_FAILURE_CONNECT, 2, START);
  fail(detector, 1, MC_FAILURE_RESET, 20, START); /* likewise, each time */
  CHECK(!ejected(detector, 0) && !ejected(detector, 1));
  fail(detector, 0, MC_FAILURE_CONNECT_TIMEOUT, 1, START);
  CHECK(ejected(detector, 0));
  CHECK_INT(mc_detector_status(detector, 0, START).reason, MC_EJECTION_CONSECUTIVE_LOCAL_ORIGIN_FAILURE);
  answer(detector, 1, 503, 5, START);
  CHECK_INT(mc_detector_status(detector, 1, START).reason, MC_EJECTION_CONSECUTIVE_5XX);
  mc_detector_free(detector);
}

static void test_a_count_of_0_is_never_reached(void) {
  mc_outlier_spec spec = outlier_spec();
  spec.consecutive_5xx = 0;
  mc_detector *detector = detector_of(&spec, 2);
  answer(detector, 0, 500, 1000, START);
  CHECK(!ejected(detector, 0));
  mc_detector_free(detector);
}

/* What the maximum lets through of so many hosts. */
static uint32_t ejected_of(uint32_t hosts, uint32_t percent, bool always_one) {
  mc_outlier_spec spec = outlier_spec();
  spec.max_ejection_percent = percent;
  spec.always_eject_one_host = always_one;
  mc_detector *detector = detector_of(&spec, hosts);
  uint32_t count = 0;
  for (uint32_t i = 0; i < hosts; i++) answer(detector, i, 500, 5, START);
  for (uint32_t i = 0; i < hosts; i++) count += ejected(detector, i);
  CHECK_INT(mc_detector_counts(detector).overflow, hosts - count);
  mc_detector_free(detector);
  return count;
}

static void test_no_more_than_the_maximum(void) {
  static const struct {
    uint32_t hosts, percent, plain, always;
  } rows[] = {{9, 10, 0, 1}, {10, 10, 1, 1}, {19, 10, 1, 1}, {20, 10, 2, 2}, {3, 50, 1, 1},
              {4, 50, 2, 2}, {4, 0, 0, 1},   {4, 100, 4, 4}, {4, 1000, 4, 4}, {1, 99, 0, 1}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    CHECK_INT(ejected_of(rows[i].hosts, rows[i].percent, false), rows[i].plain);
    CHECK_INT(ejected_of(rows[i].hosts, rows[i].percent, true), rows[i].always);
  }
}

/* A row that leads to nothing begins anew. */
static void test_enforcement_is_by_chance(void) {
  mc_outlier_spec spec = outlier_spec();
  spec.enforcing[MC_EJECTION_CONSECUTIVE_5XX] = 30;
  uint32_t enforced = 0;
  mc_slice name = host_name(0);
  for (uint64_t seed = 0; seed < 1000; seed++) {
    mc_detector *detector = mc_detector_new(&spec, &name, 1, START, seed * 0x9e3779b97f4a7c15u);
    answer(detector, 0, 500, 5, START);
    enforced += ejected(detector, 0);
    answer(detector, 0, 500, 20, START);
    CHECK(mc_detector_counts(detector).detected[MC_EJECTION_CONSECUTIVE_5XX] <= 5);
    mc_detector_free(detector);
  }
  CHECK(enforced > 240 && enforced < 360);
}

static void test_memory_runs_out(void) {
  const mc_outlier_spec spec = outlier_spec();
  const mc_slice hosts[] = {host_name(0), host_name(1)};
  int before = check_blocks();
  for (int n = 0;; n++) {
    check_memory(n);
    mc_detector *detector = mc_detector_new(&spec, hosts, 2, START, 1);
    check_memory(-1);
    bool made = detector != NULL;
    mc_detector_free(detector);
    CHECK_INT(check_blocks(), before);
    if (made) break;
  }
}

static void test_names(void) {
  CHECK(!strcmp(mc_ejection_name(MC_EJECTION_CONSECUTIVE_5XX), "consecutive_5xx"));
  for (int i = 0; i < MC_EJECTIONS; i++) CHECK(*mc_ejection_name(i));
}

int main(void) {
  test_rows_of_5xx();
  test_gateway_failures();
  test_local_origin_failures();
  test_a_count_of_0_is_never_reached();
  test_no_more_than_the_maximum();
  test_enforcement_is_by_chance();
  test_memory_runs_out();
  test_names();
  return check_finish();
}
