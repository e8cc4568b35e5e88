# Header lines: of what is sent upstream, and of answers.

from libc.stdint cimport int32_t, uint16_t, uint32_t

from meshcore._core.attempt cimport mc_attempt, mc_timeouts
from meshcore._core.base cimport mc_code, mc_header, mc_scratch, mc_slice
from meshcore._core.decision cimport mc_decision


cdef extern from "meshcore/message.h" nogil:
    ctypedef struct mc_header_line:
        mc_slice name
        mc_slice value
        int32_t source

    mc_code mc_decision_with_headers(const mc_decision *decision, const mc_header *headers, uint32_t count,
                                     mc_decision *out)
    mc_code mc_decision_request_headers(const mc_decision *decision, mc_scratch *scratch,
                                        const mc_header_line **lines, uint32_t *count)

    ctypedef struct mc_router_told:
        mc_header lines[2]
        uint32_t count

    bint mc_decision_request_stays(const mc_decision *decision, const mc_timeouts *timeouts, mc_router_told *told)
    mc_code mc_attempt_request_headers(const mc_decision *decision, const mc_attempt *attempt, mc_scratch *scratch,
                                       const mc_header_line **lines, uint32_t *count)

    ctypedef struct mc_response:
        uint16_t status
        const mc_header *headers
        uint32_t header_count
        mc_slice body

    mc_code mc_decision_response_headers(const mc_decision *decision, const mc_response *response,
                                         mc_scratch *scratch, const mc_header_line **lines, uint32_t *count,
                                         uint16_t *status, mc_slice *body)
    bint mc_decision_answer_stays(const mc_decision *decision, const mc_header *headers, uint32_t count)
