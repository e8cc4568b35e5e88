/* Success rates and failure percentages, at the end of an interval. */
#include "outlier_support.h"

static const uint64_t TICK = START + 10 * SECOND;

/* So many of a hundred requests to the host go well. */
static void percent(mc_detector *detector, uint32_t host, uint32_t well, uint64_t now_ns) {
  answer(detector, host, 200, well, now_ns);
  /* One at a time, so that no row of failures is complete. */
  for (uint32_t i = well; i < 100; i++) {
    const mc_result result = result_of(i % 2 ? 500 : 503, MC_FAILURE_NONE, now_ns);
    mc_detector_report(detector, host, &result);
  }
}

static mc_outlier_spec rates_only(void) {
  mc_outlier_spec spec = outlier_spec();
  spec.consecutive_5xx = spec.consecutive_gateway_failure = 0;
  return spec;
}

/* The example of Envoy's source: 50, 100, 100, 100, 100 have the average 90, the deviation 20 and the threshold 52. */
static void test_the_threshold(void) {
  static const struct {
    uint32_t percents[5], factor;
    double average, threshold;
  } rows[] = {{{50, 100, 100, 100, 100}, 1900, 90, 52},
              {{50, 100, 100, 100, 100}, 1000, 90, 70},
              {{50, 100, 100, 100, 100}, 0, 90, 90},
              {{80, 80, 80, 80, 80}, 1900, 80, 80},
              {{0, 100, 100, 100, 100}, 1900, 80, 4},
              {{100, 100, 100, 0, 0}, 1900, 60, -33.0806}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    mc_outlier_spec spec = rates_only();
    spec.success_rate_stdev_factor = rows[i].factor;
    mc_detector *detector = detector_of(&spec, 5);
    for (uint32_t host = 0; host < 5; host++) percent(detector, host, rows[i].percents[host], START);
    mc_detector_sweep(detector, TICK);
    mc_outlier_counts counts = mc_detector_counts(detector);
    double off = counts.threshold[0] - rows[i].threshold;
    CHECK(counts.average[0] == rows[i].average && off > -0.001 && off < 0.001);
    for (uint32_t host = 0; host < 5; host++) {
      mc_outlier_status status = mc_detector_status(detector, host, TICK);
      CHECK(status.success_rate == rows[i].percents[host]);
      CHECK_INT(status.ejected, rows[i].percents[host] < rows[i].threshold);
      if (status.ejected) CHECK_INT(status.reason, MC_EJECTION_SUCCESS_RATE);
    }
    mc_detector_free(detector);
  }
}

static bool detects(uint32_t hosts, uint32_t requests_each) {
  mc_outlier_spec spec = rates_only();
  mc_detector *detector = detector_of(&spec, hosts + 1);
  for (uint32_t host = 0; host < hosts; host++) answer(detector, host, host ? 200 : 500, requests_each, START);
  mc_detector_sweep(detector, TICK);
  bool found = mc_detector_ejected(detector, 0, TICK);
  mc_detector_free(detector);
  return found;
}

static void test_enough_hosts_with_enough_requests(void) {
  CHECK(detects(5, 100));
  CHECK(!detects(5, 99));
  CHECK(!detects(4, 100)); /* the cluster has five, but only four were asked */
}

/* An interval counts once: what went wrong before does not come up again. */
static void test_each_interval_by_itself(void) {
  mc_outlier_spec spec = rates_only();
  mc_detector *detector = detector_of(&spec, 5);
  for (uint32_t host = 0; host < 5; host++) percent(detector, host, 99, START);
  mc_detector_sweep(detector, TICK);
  CHECK(mc_detector_status(detector, 0, TICK).success_rate == 99);
  /* Reported late, but before anybody looked: it still belongs to the interval that it came in. */
  for (uint32_t host = 0; host < 5; host++) answer(detector, host, host ? 200 : 500, 100, TICK + 11 * SECOND);
  CHECK(mc_detector_status(detector, 0, TICK + 19 * SECOND).success_rate == -1);
  CHECK(mc_detector_status(detector, 0, TICK + 20 * SECOND).success_rate == 0);
  CHECK(mc_detector_ejected(detector, 0, TICK + 20 * SECOND));
  CHECK(mc_detector_status(detector, 1, TICK + 30 * SECOND).success_rate == -1);
  CHECK_INT((int)mc_detector_counts(detector).average[0], -1);
  mc_detector_free(detector);
}

static void test_failure_percentage(void) {
  static const struct {
    uint32_t well;
    bool ejected;
  } rows[] = {{15, true}, {16, false}, {0, true}, {100, false}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    mc_outlier_spec spec = rates_only();
    spec.enforcing[MC_EJECTION_SUCCESS_RATE] = 0;
    spec.enforcing[MC_EJECTION_FAILURE_PERCENTAGE] = 100;
    mc_detector *detector = detector_of(&spec, 5);
    for (uint32_t host = 0; host < 5; host++) percent(detector, host, host ? 50 : rows[i].well, START);
    mc_detector_sweep(detector, TICK);
    CHECK_INT(mc_detector_ejected(detector, 0, TICK), rows[i].ejected);
    CHECK(!mc_detector_ejected(detector, 1, TICK));
    if (rows[i].ejected) CHECK_INT(mc_detector_status(detector, 0, TICK).reason, MC_EJECTION_FAILURE_PERCENTAGE);
    mc_detector_free(detector);
  }
}

/* Envoy 1.40 counts such a host twice, and never takes one of the two back. */
static void test_whom_both_find_is_ejected_once(void) {
  mc_outlier_spec spec = rates_only();
  spec.enforcing[MC_EJECTION_FAILURE_PERCENTAGE] = 100;
  mc_detector *detector = detector_of(&spec, 5);
  for (uint32_t host = 0; host < 5; host++) percent(detector, host, host ? 100 : 0, START);
  mc_detector_sweep(detector, TICK);
  mc_outlier_counts counts = mc_detector_counts(detector);
  CHECK_INT(counts.enforced[MC_EJECTION_SUCCESS_RATE], 1);
  CHECK_INT(counts.enforced[MC_EJECTION_FAILURE_PERCENTAGE], 0);
  CHECK_INT(mc_detector_status(detector, 0, TICK).multiplier, 1);
  mc_detector_free(detector);
}

static void test_the_way_to_the_host_has_rates_of_its_own(void) {
  mc_outlier_spec spec = rates_only();
  spec.split_external_local_origin_errors = true;
  spec.consecutive_local_origin_failure = 0;
  mc_detector *detector = detector_of(&spec, 5);
  for (uint32_t host = 0; host < 5; host++) {
    answer(detector, host, 500, host ? 100 : 0, START); /* all of them answer alike */
    fail(detector, host, MC_FAILURE_CONNECT, host ? 0 : 100, START);
  }
  mc_detector_sweep(detector, TICK);
  mc_outlier_status status = mc_detector_status(detector, 0, TICK);
  CHECK(status.ejected && status.local_origin_success_rate == 0 && status.success_rate == -1);
  CHECK_INT(status.reason, MC_EJECTION_SUCCESS_RATE_LOCAL_ORIGIN);
  status = mc_detector_status(detector, 1, TICK);
  CHECK(!status.ejected && status.local_origin_success_rate == 100 && status.success_rate == 0);
  mc_detector_free(detector);
  spec.enforcing[MC_EJECTION_SUCCESS_RATE_LOCAL_ORIGIN] = 0;
  spec.enforcing[MC_EJECTION_FAILURE_PERCENTAGE_LOCAL_ORIGIN] = 100;
  spec.failure_percentage_threshold = 50; /* a reset comes of a connection that was there, which counts, too */
  detector = detector_of(&spec, 5);
  for (uint32_t host = 0; host < 5; host++) {
    answer(detector, host, 200, host ? 50 : 0, START);
    fail(detector, host, MC_FAILURE_RESET, host ? 0 : 25, START);
  }
  mc_detector_sweep(detector, TICK);
  CHECK_INT(mc_detector_status(detector, 0, TICK).reason, MC_EJECTION_FAILURE_PERCENTAGE_LOCAL_ORIGIN);
  CHECK(mc_detector_status(detector, 0, TICK).local_origin_success_rate == 50);
  CHECK(!mc_detector_ejected(detector, 1, TICK));
  mc_detector_free(detector);
}

/* Those that are ejected count neither as hosts nor as outliers. */
static void test_ejected_hosts_do_not_count(void) {
  mc_outlier_spec spec = rates_only();
  spec.consecutive_5xx = 200;
  mc_detector *detector = detector_of(&spec, 5);
  for (uint32_t host = 0; host < 5; host++) answer(detector, host, host ? 200 : 500, 200, START);
  CHECK(mc_detector_ejected(detector, 0, START));
  mc_detector_sweep(detector, TICK);
  CHECK_INT((int)mc_detector_counts(detector).average[0], -1); /* four are too few */
  CHECK_INT(mc_detector_status(detector, 0, TICK).ejections, 1);
  mc_detector_free(detector);
}

int main(void) {
  test_the_threshold();
  test_enough_hosts_with_enough_requests();
  test_each_interval_by_itself();
  test_failure_percentage();
  test_whom_both_find_is_ejected_once();
  test_the_way_to_the_host_has_rates_of_its_own();
  test_ejected_hosts_do_not_count();
  return check_finish();
}
