# What rate limits make of a request: its descriptors, what local limits say of it, and what services are to
# be asked and answer.

from libc.stdint cimport int32_t, uint32_t, uint64_t

from meshcore._core.base cimport mc_header, mc_label, mc_number, mc_said, mc_slice


cdef extern from "meshcore/limited.h" nogil:
    ctypedef struct mc_local_limit "struct mc_local_limit":
        pass

    ctypedef struct mc_descriptor:
        const mc_label *entries
        uint32_t count
        bint gives_back
        mc_said tells
        mc_number hits

    ctypedef struct mc_limited:
        const mc_local_limit *limit
        uint32_t filter
        bint allowed
        bint enforced
        bint has_bucket
        int32_t rule
        const mc_descriptor *descriptor
        uint64_t max_tokens
        uint64_t remaining
        uint64_t retry_after_ns
        uint64_t reset_ns
        mc_limited *next

    void mc_limited_reckon(mc_limited *limited)

    ctypedef struct mc_service_limit:
        bint given
        uint64_t limit
        uint64_t window_s
        uint64_t remaining
        uint64_t reset_s
        mc_slice name

    ctypedef enum mc_service_verdict:
        MC_SERVICE_OK
        MC_SERVICE_OVER_LIMIT
        MC_SERVICE_ERROR

    ctypedef struct mc_service_answer:
        mc_service_verdict verdict
        const mc_header *request_lines
        const mc_header *response_lines
        uint32_t request_count
        uint32_t response_count
        const mc_service_limit *limits
        uint32_t limit_count
        mc_slice body

    ctypedef struct mc_asked:
        uint32_t filter
        mc_slice domain
        const mc_descriptor *descriptors
        uint32_t count
        bint answered
        mc_asked *next
