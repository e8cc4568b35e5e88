# What came of an attempt at an endpoint.

from libc.stdint cimport int32_t, uint16_t, uint32_t, uint64_t

from meshcore._core.base cimport mc_header


cdef extern from "meshcore/report.h" nogil:
    ctypedef struct mc_report:
        uint64_t now_ns
        uint64_t latency_ns
        double requests_per_second
        double errors_per_second
        double utilization

    ctypedef enum mc_failure:
        MC_FAILURE_NONE
        MC_FAILURE_CONNECT
        MC_FAILURE_CONNECT_TIMEOUT
        MC_FAILURE_RESET_BEFORE_REQUEST
        MC_FAILURE_RESET
        MC_FAILURE_REFUSED_STREAM
        MC_FAILURE_PROTOCOL
        MC_FAILURE_PER_TRY_TIMEOUT
        MC_FAILURE_TIMEOUT
        MC_FAILURE_REMOTE_RESET
        MC_FAILURE_PER_TRY_IDLE_TIMEOUT
        MC_FAILURE_IDLE_TIMEOUT
        MC_FAILURE_MAX_DURATION
        MC_FAILURE_UPSTREAM_MAX_DURATION
        MC_FAILURE_OVERFLOW

    ctypedef struct mc_result:
        mc_failure failure
        uint16_t status
        int32_t grpc_status
        const mc_header *headers
        uint32_t header_count
        mc_report report
