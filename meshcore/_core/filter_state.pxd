# What the filters of a snapshot's listeners have done so far: faults, limits, adaptive concurrency.

from libc.stdint cimport int32_t, uint64_t

from meshcore._core.base cimport mc_slice
from meshcore._core.concurrency cimport mc_concurrency_status
from meshcore._core.limited cimport mc_local_limit
from meshcore._core.snapshot cimport mc_snapshot


cdef extern from "meshcore/filter_state.h" nogil:
    ctypedef struct mc_fault_counts:
        uint64_t active
        uint64_t aborts
        uint64_t delays
        uint64_t rate_limits
        uint64_t overflows

    bint mc_snapshot_faults(const mc_snapshot *snapshot, int32_t listener, mc_fault_counts *counts)

    ctypedef struct mc_limit_counts:
        uint64_t enabled
        uint64_t ok
        uint64_t rate_limited
        uint64_t enforced

    const mc_local_limit *mc_snapshot_limit(const mc_snapshot *snapshot, const mc_local_limit *after)
    mc_slice mc_local_limit_scope(const mc_local_limit *limit)
    mc_limit_counts mc_local_limit_counts(const mc_local_limit *limit)
    mc_slice mc_local_limit_name(const mc_local_limit *limit)
    mc_slice mc_local_limit_label(const mc_local_limit *limit, int32_t rule)
    bint mc_snapshot_listener_concurrency(
        const mc_snapshot *snapshot, int32_t listener, uint64_t now_ns, mc_concurrency_status *status)
