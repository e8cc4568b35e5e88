/* What the tests of outlier detection share: a detector over a few hosts, on a clock of seconds. */
#ifndef MC_OUTLIER_SUPPORT_H
#define MC_OUTLIER_SUPPORT_H

#include "check.h"

#define SECOND UINT64_C(1000000000)
#define START (1000 * SECOND)

static inline mc_slice host_name(uint32_t host) {
  static const char names[] = "abcdefghijklmnopqrstuvwxyz";
  return (mc_slice){names + host, 1};
}

/* Envoy's defaults, but that all hosts may be ejected. */
static inline mc_outlier_spec outlier_spec(void) {
  mc_outlier_spec spec = {.consecutive_5xx = 5,
                          .consecutive_gateway_failure = 5,
                          .consecutive_local_origin_failure = 5,
                          .interval_ns = 10 * SECOND,
                          .base_ejection_time_ns = 30 * SECOND,
                          .max_ejection_time_ns = 300 * SECOND,
                          .max_ejection_percent = 100,
                          .successful_health_check_unejects = true,
                          .success_rate_minimum_hosts = 5,
                          .success_rate_request_volume = 100,
                          .success_rate_stdev_factor = 1900,
                          .failure_percentage_threshold = 85,
                          .failure_percentage_minimum_hosts = 5,
                          .failure_percentage_request_volume = 50};
  const mc_ejection enforced[] = {MC_EJECTION_CONSECUTIVE_5XX, MC_EJECTION_CONSECUTIVE_LOCAL_ORIGIN_FAILURE,
                                  MC_EJECTION_SUCCESS_RATE, MC_EJECTION_SUCCESS_RATE_LOCAL_ORIGIN};
  for (size_t i = 0; i < sizeof enforced / sizeof *enforced; i++) spec.enforcing[enforced[i]] = 100;
  return spec;
}

static inline mc_detector *detector_of(const mc_outlier_spec *spec, uint32_t count) {
  mc_slice hosts[26] = {{NULL, 0}};
  for (uint32_t i = 0; i < count; i++) hosts[i] = host_name(i);
  mc_detector *detector = mc_detector_new(spec, hosts, count, START, 1);
  CHECK(detector != NULL);
  return detector;
}

static inline mc_result result_of(uint16_t status, mc_failure failure, uint64_t now_ns) {
  return (mc_result){.status = status, .failure = failure, .grpc_status = -1, .report = {.now_ns = now_ns}};
}

static inline void answer(mc_detector *detector, uint32_t host, uint16_t status, uint32_t times, uint64_t now_ns) {
  const mc_result result = result_of(status, MC_FAILURE_NONE, now_ns);
  for (uint32_t i = 0; i < times; i++) mc_detector_report(detector, host, &result);
}

static inline void fail(mc_detector *detector, uint32_t host, mc_failure failure, uint32_t times, uint64_t now_ns) {
  const mc_result result = result_of(0, failure, now_ns);
  for (uint32_t i = 0; i < times; i++) mc_detector_report(detector, host, &result);
}

#endif
