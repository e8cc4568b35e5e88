# Retries, hedges, and the timeouts of a route.

from libc.stdint cimport uint32_t, uint64_t

from meshcore._core.base cimport mc_labels, mc_slice
from meshcore._core.match cimport mc_header_match_spec


cdef extern from "meshcore/retry.h" nogil:
    ctypedef enum mc_retry_on:
        MC_RETRY_ON_5XX

    uint32_t mc_retry_on_parse(mc_slice list)

    ctypedef struct mc_reset_header:
        mc_slice name
        bint timestamp

    ctypedef struct mc_retry_spec:
        uint32_t on
        uint32_t retries
        uint64_t base_ns
        uint64_t max_ns
        const uint32_t *status_codes
        uint32_t status_code_count
        const mc_header_match_spec *headers
        uint32_t header_count
        const mc_header_match_spec *request_headers
        uint32_t request_header_count
        const mc_reset_header *reset_headers
        uint32_t reset_header_count
        uint64_t reset_max_ns
        bint avoid_previous_hosts
        const mc_labels *omit
        uint32_t omit_count
        uint32_t host_attempts
        uint32_t priority_frequency

    ctypedef struct mc_hedge_spec:
        uint32_t initial_requests
        uint32_t numerator
        uint32_t denominator
        bint on_per_try_timeout

    ctypedef struct mc_timeout_spec:
        uint64_t request_ns
        uint64_t per_try_ns
        uint64_t per_try_idle_ns
        uint64_t idle_ns
        bint stream_limits
        uint64_t stream_ns
        uint64_t grpc_header_max_ns
        uint64_t grpc_header_offset_ns
        uint64_t grpc_max_ns
        uint64_t grpc_offset_ns
