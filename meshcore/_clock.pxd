# The clock of calls that come often. Each module that reads it has one of its own.

from libc.stdint cimport uint64_t

from meshcore._core.platform cimport mc_clock, mc_clock_now_ns, mc_platform_now_ns
from meshcore._request cimport MC_LISTS_STAY


cdef extern from *:
    """
    static mc_clock mc_clock_of_module;
    """
    mc_clock mc_clock_of_module


cdef inline uint64_t now_ns() noexcept:
    """Nanoseconds of a clock that never goes back, at most a microsecond late. The GIL is held."""
    return mc_clock_now_ns(&mc_clock_of_module) if MC_LISTS_STAY else mc_platform_now_ns()
