"""Adaptive concurrency limits by themselves. The stub concurrency.pyi has the documentation."""

cimport cython
from libc.stdint cimport uint64_t

from meshcore._called cimport name_mistakes
from meshcore._clock cimport now_ns
from meshcore._cluster_spec cimport nanoseconds
from meshcore._concurrency_spec cimport concurrency_spec
from meshcore._core cimport *

from meshcore._concurrency import Admission, ConcurrencyLimitReached, latency_ns, made, seconds_of
from meshcore._hosts import checked_seed
from meshcore._options import checked_clock
from meshcore.model.concurrency import AimdController, GradientController

__all__ = ["Admission", "AimdLimiter", "ConcurrencyLimitReached", "GradientLimiter"]


cdef class _Limiter:
    cdef mc_concurrency *_limiter
    cdef object _clock
    cdef readonly object parameters

    def __dealloc__(self):
        mc_concurrency_free(self._limiter)

    def __reduce__(self):
        raise TypeError(f"a {type(self).__name__} cannot be pickled or copied; make another one")

    def __repr__(self):
        cdef mc_concurrency_status status = self._status()
        return f"<{type(self).__name__} {status.in_flight} of {status.limit}>"

    cdef int _make(self, object controller, object clock, object seed) except -1:
        cdef mc_concurrency_spec spec
        cdef uint64_t drawn
        concurrency_spec(controller, &spec)
        self.parameters, self._clock = controller, checked_clock(clock)
        if seed is not None:
            drawn = checked_seed(seed)
        elif not mc_platform_random(&drawn, sizeof(drawn)):
            raise OSError("the system has no random numbers to give")
        self._limiter = mc_concurrency_new(&spec, self._time(), drawn)
        if self._limiter == NULL:
            raise MemoryError
        return 0

    cdef inline uint64_t _time(self) except? 0xFFFFFFFFFFFFFFFF:
        return now_ns() if self._clock is None else nanoseconds(self._clock())

    def _now(self):
        return self._time()

    cdef mc_concurrency_status _status(self) except *:
        mc_concurrency_sweep(self._limiter, self._time())
        return mc_concurrency_read(self._limiter)

    def acquire(self):
        return mc_concurrency_acquire(self._limiter, self._time())

    def release(self, latency=None, *, failed=False):
        cdef uint64_t now, taken = 0
        cdef mc_sample sample = MC_SAMPLE_NONE
        if latency is not None:
            taken = latency_ns(latency)
            sample = MC_SAMPLE_ANSWERED
        if failed:
            sample = MC_SAMPLE_FAILED
        now = self._time()
        if not mc_concurrency_release(self._limiter, sample, now - taken if taken < now else 0, now):
            raise ValueError("no request is under way")

    def admit(self):
        cdef uint64_t now = self._time()
        if not mc_concurrency_acquire(self._limiter, now):
            raise ConcurrencyLimitReached("as many requests are under way as there may be now")
        return Admission(self, now)

    @property
    def limit(self):
        return self._status().limit

    @property
    def in_flight(self):
        return mc_concurrency_read(self._limiter).in_flight

    @property
    def refused(self):
        return mc_concurrency_read(self._limiter).refused


@cython.final
cdef class GradientLimiter(_Limiter):
    def __cinit__(self, *, clock=None, seed=None, **parameters):
        self._make(made(GradientController, parameters), clock, seed)

    @property
    def measuring(self):
        return bool(self._status().measuring)

    @property
    def min_rtt(self):
        return seconds_of(self._status().min_rtt_us)

    @property
    def sample_rtt(self):
        return seconds_of(self._status().sample_rtt_us)

    @property
    def gradient(self):
        return self._status().gradient

    @property
    def headroom(self):
        return self._status().headroom


@cython.final
cdef class AimdLimiter(_Limiter):
    def __cinit__(self, *, clock=None, **parameters):
        self._make(made(AimdController, parameters), clock, 0)


name_mistakes(GradientLimiter)
name_mistakes(AimdLimiter)
