/* Outlier detection: which hosts are ejected, and for how long; and a detector by itself. */
#ifndef MESHCORE_OUTLIER_H
#define MESHCORE_OUTLIER_H

#include "meshcore/report.h"

/* Why a host is ejected; mc_ejection_name() gives Envoy's name. */
typedef enum mc_ejection {
  MC_EJECTION_CONSECUTIVE_5XX,
  MC_EJECTION_CONSECUTIVE_GATEWAY_FAILURE,
  MC_EJECTION_CONSECUTIVE_LOCAL_ORIGIN_FAILURE,
  MC_EJECTION_SUCCESS_RATE,
  MC_EJECTION_SUCCESS_RATE_LOCAL_ORIGIN,
  MC_EJECTION_FAILURE_PERCENTAGE,
  MC_EJECTION_FAILURE_PERCENTAGE_LOCAL_ORIGIN,
} mc_ejection;

enum { MC_EJECTIONS = 7 };

/* The text, NUL-terminated and static. */
const char *mc_ejection_name(mc_ejection reason);

typedef struct mc_code_range {
  uint16_t start, end; /* [start, end) */
} mc_code_range;

/* Envoy's OutlierDetection, by its names. Counts of 0: never. */
typedef struct mc_outlier_spec {
  uint32_t consecutive_5xx, consecutive_gateway_failure, consecutive_local_origin_failure;
  uint32_t enforcing[MC_EJECTIONS]; /* percent */
  uint64_t interval_ns, base_ejection_time_ns;
  uint64_t max_ejection_time_ns; /* not below the base */
  uint64_t max_ejection_time_jitter_ns;
  uint32_t max_ejection_percent;
  bool always_eject_one_host;
  bool split_external_local_origin_errors;
  bool successful_health_check_unejects;
  uint32_t success_rate_minimum_hosts, success_rate_request_volume;
  uint32_t success_rate_stdev_factor; /* thousandths */
  uint32_t failure_percentage_threshold, failure_percentage_minimum_hosts, failure_percentage_request_volume;
  const mc_code_range *error_codes; /* the statuses that are errors; none: 500 to 599 */
  uint32_t error_code_count;
} mc_outlier_spec;

/* What detection knows of a host. */
typedef struct mc_outlier_status {
  bool ejected;
  mc_ejection reason;  /* of the last ejection, where there was one */
  uint64_t left_ns;    /* until it comes back; 0: it is not ejected */
  uint32_t ejections;  /* so far */
  uint32_t multiplier; /* ejections in a row: an ejection lasts so many base times */
  double success_rate, local_origin_success_rate; /* percent, of the last interval; below 0: too few requests */
} mc_outlier_status;

/* What detection has done in a cluster; arrays of two: for answers and for the way to the host. */
typedef struct mc_outlier_counts {
  uint64_t detected[MC_EJECTIONS]; /* hosts that were outliers, and not ejected yet */
  uint64_t enforced[MC_EJECTIONS]; /* those that were ejected */
  uint64_t overflow;               /* those that were not, since too many were ejected */
  double average[2], threshold[2]; /* of the success rates, percent; -1: too few hosts with requests enough */
} mc_outlier_counts;

/* A detector by itself: the one of clusters, over a list of hosts. By many threads at once. */
typedef struct mc_detector mc_detector;

/* NULL: no memory. seed: of what is left to chance. */
mc_detector *mc_detector_new(const mc_outlier_spec *spec, const mc_slice *hosts, uint32_t count, uint64_t now_ns,
                             uint64_t seed);
void mc_detector_free(mc_detector *detector);
/* How an attempt at a host ended; result->report.now_ns says when. */
void mc_detector_report(mc_detector *detector, uint32_t host, const mc_result *result);
/* Does what has become due, as the next two do. */
void mc_detector_sweep(mc_detector *detector, uint64_t now_ns);
bool mc_detector_ejected(mc_detector *detector, uint32_t host, uint64_t now_ns);
mc_outlier_status mc_detector_status(mc_detector *detector, uint32_t host, uint64_t now_ns);
mc_outlier_counts mc_detector_counts(const mc_detector *detector);

#endif
