# Attempts: the life of a FORWARD, as Envoy's router has it.

from libc.stdint cimport int32_t, uint16_t, uint32_t, uint64_t

from meshcore._core.base cimport c_bool, mc_code, mc_slice
from meshcore._core.decision cimport mc_decision
from meshcore._core.report cimport mc_report, mc_result
from meshcore._core.snapshot cimport mc_cluster, mc_snapshot


cdef extern from "meshcore/attempt.h" nogil:
    ctypedef struct mc_attempt:
        uint32_t number
        int32_t endpoint
        mc_cluster *cluster
        c_bool elsewhere
        uint64_t backoff_ns
        uint64_t begins_ns
        bint running
        bint hedged
        mc_slice target
        mc_slice authority
        mc_attempt *next

    ctypedef struct mc_timeouts:
        uint64_t request_ms
        uint64_t per_try_ms
        uint64_t per_try_idle_ms
        uint64_t idle_ms
        bint has_stream
        uint64_t stream_ms
        uint64_t upstream_ms
        bint hedges

    c_bool mc_decision_is_timed(const mc_decision *decision)
    void mc_decision_timeouts(const mc_decision *decision, mc_timeouts *out)
    const mc_attempt *mc_decision_attempts(mc_decision *decision)
    uint32_t mc_decision_further(const mc_decision *decision)
    c_bool mc_decision_learns(const mc_decision *decision, uint32_t number)
    void mc_decision_learn(const mc_decision *decision, uint32_t number, const mc_report *report)
    mc_code mc_decision_report(mc_decision *decision, uint32_t number, const mc_result *result, c_bool replayable,
                               uint64_t unix_s, c_bool *again)
    mc_code mc_decision_on_timeout(mc_decision *decision, uint32_t number, uint64_t now_ns, c_bool replayable,
                                   c_bool *again)
    mc_code mc_decision_attempt(mc_decision *decision, const mc_snapshot *current, uint64_t now_ns,
                                const mc_attempt **out)
    uint64_t mc_decision_answer_names(const mc_decision *decision, uint16_t status)
    bint mc_decision_reads_wall_clock(const mc_decision *decision)
