# Adaptive concurrency: a limit on the requests under way that moves with what comes of them.

from libc.stdint cimport uint32_t, uint64_t


cdef extern from "meshcore/concurrency.h" nogil:
    ctypedef struct mc_gradient_spec:
        double percentile
        double jitter
        double buffer
        uint32_t max_limit
        uint32_t min_limit
        uint32_t min_concurrency
        uint32_t request_count
        uint64_t update_interval_ns
        uint64_t min_rtt_interval_ns
        uint64_t fixed_min_rtt_us

    ctypedef struct mc_aimd_spec:
        uint32_t initial_limit
        uint32_t min_limit
        uint32_t max_limit
        double increase
        double backoff_ratio
        uint64_t latency_threshold_ns

    ctypedef enum mc_concurrency_kind:
        MC_CONCURRENCY_GRADIENT
        MC_CONCURRENCY_AIMD

    ctypedef struct mc_concurrency_spec:
        mc_concurrency_kind kind
        mc_gradient_spec gradient
        mc_aimd_spec aimd

    ctypedef struct mc_concurrency_status:
        uint32_t limit
        uint32_t in_flight
        uint64_t refused
        bint measuring
        uint64_t min_rtt_us
        uint64_t sample_rtt_us
        double gradient
        double headroom

    ctypedef struct mc_concurrency:
        pass

    ctypedef enum mc_sample:
        MC_SAMPLE_NONE
        MC_SAMPLE_ANSWERED
        MC_SAMPLE_TIMED_OUT
        MC_SAMPLE_FAILED

    mc_concurrency *mc_concurrency_new(const mc_concurrency_spec *spec, uint64_t now_ns, uint64_t seed)
    void mc_concurrency_free(mc_concurrency *limiter)
    bint mc_concurrency_acquire(mc_concurrency *limiter, uint64_t now_ns)
    bint mc_concurrency_release(mc_concurrency *limiter, mc_sample sample, uint64_t start_ns, uint64_t now_ns)
    void mc_concurrency_sweep(mc_concurrency *limiter, uint64_t now_ns)
    mc_concurrency_status mc_concurrency_read(const mc_concurrency *limiter)
