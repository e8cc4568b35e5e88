# Decisions: where a request goes, or what it is answered.

from libc.stdint cimport int32_t, uint16_t, uint32_t, uint64_t

from meshcore._core.base cimport c_bool, mc_code, mc_slice
from meshcore._core.concurrency cimport mc_concurrency
from meshcore._core.cors cimport mc_cors_verdict
from meshcore._core.limited cimport mc_asked, mc_limited, mc_service_answer
from meshcore._core.outcome cimport mc_details, mc_outcome
from meshcore._core.request cimport mc_request, mc_view
from meshcore._core.session cimport mc_session, mc_session_reason
from meshcore._core.snapshot cimport mc_cluster, mc_snapshot
from meshcore._core.subset cimport mc_subset_reason
from meshcore._core.tracing cimport mc_trace_reason


cdef extern from "meshcore/decision.h" nogil:
    ctypedef struct mc_exchange:
        pass

    ctypedef struct mc_decision:
        bint retries
        bint over
        mc_concurrency *entered
        mc_exchange *exchange
        mc_outcome outcome
        mc_details details
        uint32_t flags
        uint16_t status
        bint grpc
        int32_t listener
        int32_t virtual_host
        int32_t route
        int32_t cluster
        int32_t endpoint
        int32_t choice
        uint32_t candidates
        int32_t subset
        mc_subset_reason subset_reason
        mc_slice target
        mc_slice authority
        mc_slice location
        mc_slice body
        uint64_t delay_ns
        uint64_t bytes_per_second
        mc_cluster *upstream
        c_bool elsewhere
        c_bool detects
        c_bool moved
        mc_cors_verdict cors
        mc_trace_reason traced
        const mc_session *session
        mc_session_reason session_reason
        mc_slice session_address
        uint32_t overrides
        mc_limited *limited
        mc_asked *asked
        mc_request request
        mc_view view

    mc_code mc_decide(const mc_snapshot *snapshot, const mc_request *request, mc_decision *decision)
    mc_code mc_decision_take_answer(mc_decision *decision, uint32_t number, const mc_service_answer *answer)
    void mc_decision_end_delay(mc_decision *decision)
    void mc_decision_leave(mc_decision *decision, c_bool answered, uint64_t now_ns)
    mc_slice mc_decision_request_id(const mc_decision *decision)
    void mc_decision_close(mc_decision *decision)
    void mc_decision_release(mc_decision *decision)

cdef extern from "engine/release.h" nogil:
    bint mc_decision_holds(const mc_decision *decision)
