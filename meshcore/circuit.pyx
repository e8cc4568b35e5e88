"""Circuit breakers and retry budgets by themselves. The stub circuit.pyi has the documentation."""

cimport cython
from libc.stdint cimport uint32_t
from libc.string cimport memset

from meshcore._called cimport name_mistakes
from meshcore._core cimport (
    MC_RESOURCE_REQUESTS,
    MC_RESOURCE_RETRIES,
    mc_breaker,
    mc_breaker_free,
    mc_breaker_give,
    mc_breaker_new,
    mc_breaker_take,
    mc_breaker_usage,
    mc_resource,
    mc_thresholds,
    mc_usage,
)

from meshcore._circuit import CircuitBreakerOpen, checked_limit, checked_percent

__all__ = ["CircuitBreaker", "CircuitBreakerOpen", "RetryBudget"]


cdef class _Breaker:
    cdef mc_breaker *_breaker

    def __dealloc__(self):
        mc_breaker_free(self._breaker)

    def __reduce__(self):
        raise TypeError(f"a {type(self).__name__} cannot be pickled or copied; make another one")

    cdef int _build(self, const mc_thresholds *thresholds) except -1:
        self._breaker = mc_breaker_new(thresholds)
        if self._breaker == NULL:
            raise MemoryError
        return 0

    cdef int _give(self, mc_resource resource, str what) except -1:
        if not mc_breaker_give(self._breaker, resource):
            raise ValueError(f"no {what} is under way")
        return 0

    cdef mc_usage _usage(self, mc_resource resource) noexcept:
        return mc_breaker_usage(self._breaker, resource)


cdef inline uint32_t remaining_of(mc_usage usage) noexcept:
    return usage.limit - usage.used if usage.limit > usage.used else 0


@cython.final
cdef class CircuitBreaker(_Breaker):
    cdef readonly object max_requests

    def __cinit__(self, max_requests=1024):
        cdef mc_thresholds thresholds
        memset(&thresholds, 0, sizeof(thresholds))
        self.max_requests = checked_limit("max_requests", max_requests)
        thresholds.max[<int> MC_RESOURCE_REQUESTS] = self.max_requests
        self._build(&thresholds)

    def __repr__(self):
        return f"<CircuitBreaker {self.active} of {self.max_requests}>"

    @property
    def active(self):
        return self._usage(MC_RESOURCE_REQUESTS).used

    @property
    def remaining(self):
        return remaining_of(self._usage(MC_RESOURCE_REQUESTS))

    @property
    def open(self):
        return not self.remaining

    @property
    def overflows(self):
        return self._usage(MC_RESOURCE_REQUESTS).overflows

    def acquire(self):
        return mc_breaker_take(self._breaker, MC_RESOURCE_REQUESTS)

    def release(self):
        self._give(MC_RESOURCE_REQUESTS, "request")

    def __enter__(self):
        if not mc_breaker_take(self._breaker, MC_RESOURCE_REQUESTS):
            raise CircuitBreakerOpen(f"{self.max_requests} requests are under way, and there may be no more")
        return self

    def __exit__(self, kind, value, trace):
        self._give(MC_RESOURCE_REQUESTS, "request")


@cython.final
cdef class RetryBudget(_Breaker):
    cdef readonly object budget_percent, min_retry_concurrency

    def __cinit__(self, budget_percent=20.0, min_retry_concurrency=3):
        cdef mc_thresholds thresholds
        memset(&thresholds, 0, sizeof(thresholds))
        self.budget_percent = checked_percent("budget_percent", budget_percent)
        self.min_retry_concurrency = checked_limit("min_retry_concurrency", min_retry_concurrency)
        thresholds.max[<int> MC_RESOURCE_REQUESTS] = <uint32_t> 0xFFFFFFFF
        thresholds.retry_budget = True
        thresholds.budget_percent = self.budget_percent
        thresholds.min_retry_concurrency = self.min_retry_concurrency
        self._build(&thresholds)

    def __repr__(self):
        return f"<RetryBudget {self.retries} of {self.limit} retries>"

    @property
    def active(self):
        return self._usage(MC_RESOURCE_REQUESTS).used

    @property
    def retries(self):
        return self._usage(MC_RESOURCE_RETRIES).used

    @property
    def limit(self):
        return self._usage(MC_RESOURCE_RETRIES).limit

    @property
    def remaining(self):
        return remaining_of(self._usage(MC_RESOURCE_RETRIES))

    @property
    def overflows(self):
        return self._usage(MC_RESOURCE_RETRIES).overflows

    def begin(self):
        mc_breaker_take(self._breaker, MC_RESOURCE_REQUESTS)

    def end(self):
        self._give(MC_RESOURCE_REQUESTS, "request")

    def acquire(self):
        return mc_breaker_take(self._breaker, MC_RESOURCE_RETRIES)

    def release(self):
        self._give(MC_RESOURCE_RETRIES, "retry")

    def __enter__(self):
        mc_breaker_take(self._breaker, MC_RESOURCE_REQUESTS)
        return self

    def __exit__(self, kind, value, trace):
        self._give(MC_RESOURCE_REQUESTS, "request")


name_mistakes(CircuitBreaker)
name_mistakes(RetryBudget)
