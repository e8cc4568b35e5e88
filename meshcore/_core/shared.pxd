# State that processes share: memory that those of one machine have mapped, with limits, counts and ejections
# in it. See shared/segment.h.

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from meshcore._core.base cimport mc_error, mc_slice
from meshcore._core.limit cimport mc_bucket, mc_limit, mc_limiter


cdef extern from "meshcore/shared.h" nogil:
    ctypedef struct mc_shared:
        pass

    enum: MC_SHARED_LAYOUT

    enum: MC_SHARED_MAX_WORKERS

    uint32_t mc_shared_reclaim(mc_shared *shared) nogil

    ctypedef struct mc_shared_status:
        uint64_t size, used, regions
        uint32_t workers, in_use

    mc_shared_status mc_shared_status_of(mc_shared *shared)
    uint32_t mc_shared_slot_number(const mc_shared *shared)
    uint32_t mc_shared_pid(const mc_shared *shared, uint32_t slot)
    mc_limiter *mc_shared_limiter(
        mc_shared *shared, mc_slice name, uint64_t capacity, const mc_limit *limit, const uint8_t *secret,
        mc_error *error) nogil
    mc_bucket *mc_shared_bucket(mc_shared *shared, mc_slice name, const mc_limit *limit, mc_error *error) nogil
    void mc_shared_release_limiter(mc_shared *shared, mc_limiter *limiter)
    void mc_shared_release_bucket(mc_shared *shared, const mc_bucket *bucket)
