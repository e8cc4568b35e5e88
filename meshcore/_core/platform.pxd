# What the machine gives: clock, entropy, the file of a shared state.

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from meshcore._core.base cimport c_bool, mc_error
from meshcore._core.shared cimport mc_shared


cdef extern from "platform.h" nogil:
    ctypedef struct mc_entropy:
        pass

    mc_entropy *mc_entropy_new()
    void mc_entropy_free(mc_entropy *entropy)
    uint64_t mc_entropy_next(mc_entropy *entropy)
    uint64_t mc_entropy_next_alone(mc_entropy *entropy)

    ctypedef struct mc_id_source:
        pass

    mc_id_source *mc_id_source_new()
    void mc_id_source_free(mc_id_source *source)
    c_bool mc_id_source_take(mc_id_source *source, uint64_t *out, size_t count)
    c_bool mc_id_source_take_alone(mc_id_source *source, uint64_t *out, size_t count)
    uint64_t mc_platform_now_ns()
    uint64_t mc_platform_unix_ns()
    bint mc_platform_random(void *out, size_t size)
    mc_shared *mc_platform_shared_open(
        int fd, uint64_t size, uint32_t workers, const uint8_t *boot, mc_error *error) nogil
    bint mc_platform_shared_forked(mc_shared *shared, int fd)
    void mc_platform_shared_close(mc_shared *shared)

cdef extern from "platform_clock.h" nogil:
    ctypedef struct mc_clock:
        pass

    uint64_t mc_clock_now_ns(mc_clock *clock)
