# Outlier detection: which hosts are ejected, and for how long; and a detector by itself.

from libc.stdint cimport uint16_t, uint32_t, uint64_t

from meshcore._core.base cimport c_bool, mc_slice
from meshcore._core.report cimport mc_result


cdef extern from "meshcore/outlier.h" nogil:
    ctypedef enum mc_ejection:
        pass

    const int MC_EJECTIONS

    const char *mc_ejection_name(mc_ejection reason)

    ctypedef struct mc_code_range:
        uint16_t start
        uint16_t end

    ctypedef struct mc_outlier_spec:
        uint32_t consecutive_5xx
        uint32_t consecutive_gateway_failure
        uint32_t consecutive_local_origin_failure
        uint32_t enforcing[7]
        uint64_t interval_ns
        uint64_t base_ejection_time_ns
        uint64_t max_ejection_time_ns
        uint64_t max_ejection_time_jitter_ns
        uint32_t max_ejection_percent
        c_bool always_eject_one_host
        c_bool split_external_local_origin_errors
        c_bool successful_health_check_unejects
        uint32_t success_rate_minimum_hosts
        uint32_t success_rate_request_volume
        uint32_t success_rate_stdev_factor
        uint32_t failure_percentage_threshold
        uint32_t failure_percentage_minimum_hosts
        uint32_t failure_percentage_request_volume
        const mc_code_range *error_codes
        uint32_t error_code_count

    ctypedef struct mc_outlier_status:
        c_bool ejected
        mc_ejection reason
        uint64_t left_ns
        uint32_t ejections
        uint32_t multiplier
        double success_rate
        double local_origin_success_rate

    ctypedef struct mc_outlier_counts:
        uint64_t detected[7]
        uint64_t enforced[7]
        uint64_t overflow
        double average[2]
        double threshold[2]

    ctypedef struct mc_detector:
        pass

    mc_detector *mc_detector_new(const mc_outlier_spec *spec, const mc_slice *hosts, uint32_t count, uint64_t now_ns,
                                 uint64_t seed)
    void mc_detector_free(mc_detector *detector)
    void mc_detector_report(mc_detector *detector, uint32_t host, const mc_result *result)
    void mc_detector_sweep(mc_detector *detector, uint64_t now_ns)
    c_bool mc_detector_ejected(mc_detector *detector, uint32_t host, uint64_t now_ns)
    mc_outlier_status mc_detector_status(mc_detector *detector, uint32_t host, uint64_t now_ns)
    mc_outlier_counts mc_detector_counts(const mc_detector *detector)
