"""Outlier detection of the model as the core's spec."""

from meshcore._core cimport *
from meshcore._spec cimport Specs

from meshcore._outlier import core_parameters


cdef const mc_outlier_spec *outlier_spec(Specs specs, object detection) except? NULL:
    """NULL for None. ValueError for what is out of its range."""
    cdef mc_outlier_spec *out
    cdef mc_code_range *codes
    if detection is None:
        return NULL
    cdef dict given = core_parameters(detection)
    out = <mc_outlier_spec *> specs.array(1, sizeof(mc_outlier_spec))
    out.consecutive_5xx = given["consecutive_5xx"]
    out.consecutive_gateway_failure = given["consecutive_gateway_failure"]
    out.consecutive_local_origin_failure = given["consecutive_local_origin_failure"]
    for i, percent in enumerate(given["enforcing"]):
        out.enforcing[i] = percent
    out.interval_ns = given["interval_ns"]
    out.base_ejection_time_ns = given["base_ejection_time_ns"]
    out.max_ejection_time_ns = given["max_ejection_time_ns"]
    out.max_ejection_time_jitter_ns = given["max_ejection_time_jitter_ns"]
    out.max_ejection_percent = given["max_ejection_percent"]
    out.always_eject_one_host = given["always_eject_one_host"]
    out.split_external_local_origin_errors = given["split_external_local_origin_errors"]
    out.successful_health_check_unejects = given["successful_health_check_unejects"]
    out.success_rate_minimum_hosts = given["success_rate_minimum_hosts"]
    out.success_rate_request_volume = given["success_rate_request_volume"]
    out.success_rate_stdev_factor = given["success_rate_stdev_factor"]
    out.failure_percentage_threshold = given["failure_percentage_threshold"]
    out.failure_percentage_minimum_hosts = given["failure_percentage_minimum_hosts"]
    out.failure_percentage_request_volume = given["failure_percentage_request_volume"]
    codes = <mc_code_range *> specs.array(len(detection.http_error_codes), sizeof(mc_code_range))
    for i, (start, end) in enumerate(detection.http_error_codes):
        codes[i].start, codes[i].end = start, end
    out.error_codes = codes
    out.error_code_count = <uint32_t> len(detection.http_error_codes)
    return out
