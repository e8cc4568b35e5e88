"""Circuit breakers and retry budgets over cffi. The stub circuit.pyi has the documentation."""

from __future__ import annotations

from types import TracebackType
from typing import Any, NoReturn

from meshcore._cffi._core import ffi, lib
from meshcore._circuit import MAX_LIMIT, CircuitBreakerOpen, checked_limit, checked_percent

__all__ = ["CircuitBreaker", "CircuitBreakerOpen", "RetryBudget"]

_REQUESTS = lib.MC_RESOURCE_REQUESTS
_RETRIES = lib.MC_RESOURCE_RETRIES


class _Breaker:
    def __init__(self, thresholds: Any) -> None:
        breaker = lib.mc_breaker_new(thresholds)
        if breaker == ffi.NULL:
            raise MemoryError
        self._breaker = ffi.gc(breaker, lib.mc_breaker_free)

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} cannot be pickled or copied; make another one")

    def _take(self, resource: int) -> bool:
        return bool(lib.mc_breaker_take(self._breaker, resource))

    def _give(self, resource: int, what: str) -> None:
        if not lib.mc_breaker_give(self._breaker, resource):
            raise ValueError(f"no {what} is under way")

    def _usage(self, resource: int) -> Any:
        return lib.mc_breaker_usage(self._breaker, resource)

    def _remaining(self, resource: int) -> int:
        usage = self._usage(resource)
        return max(0, int(usage.limit) - int(usage.used))


class CircuitBreaker(_Breaker):
    """At most ``max_requests`` requests at a time, as Envoy's circuit breakers have it."""

    def __init__(self, max_requests: int = 1024) -> None:
        self.max_requests = checked_limit("max_requests", max_requests)
        thresholds = ffi.new("mc_thresholds *")
        thresholds.max[_REQUESTS] = self.max_requests
        super().__init__(thresholds)

    def __repr__(self) -> str:
        return f"<CircuitBreaker {self.active} of {self.max_requests}>"

    @property
    def active(self) -> int:
        return int(self._usage(_REQUESTS).used)

    @property
    def remaining(self) -> int:
        return self._remaining(_REQUESTS)

    @property
    def open(self) -> bool:
        return not self.remaining

    @property
    def overflows(self) -> int:
        return int(self._usage(_REQUESTS).overflows)

    def acquire(self) -> bool:
        return self._take(_REQUESTS)

    def release(self) -> None:
        self._give(_REQUESTS, "request")

    def __enter__(self) -> CircuitBreaker:
        if not self._take(_REQUESTS):
            raise CircuitBreakerOpen(f"{self.max_requests} requests are under way, and there may be no more")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._give(_REQUESTS, "request")


class RetryBudget(_Breaker):
    """At most so many retries at a time as are a share of the requests under way."""

    def __init__(self, budget_percent: float = 20.0, min_retry_concurrency: int = 3) -> None:
        self.budget_percent = checked_percent("budget_percent", budget_percent)
        self.min_retry_concurrency = checked_limit("min_retry_concurrency", min_retry_concurrency)
        thresholds = ffi.new("mc_thresholds *")
        thresholds.max[_REQUESTS] = MAX_LIMIT
        thresholds.retry_budget = True
        thresholds.budget_percent = self.budget_percent
        thresholds.min_retry_concurrency = self.min_retry_concurrency
        super().__init__(thresholds)

    def __repr__(self) -> str:
        return f"<RetryBudget {self.retries} of {self.limit} retries>"

    @property
    def active(self) -> int:
        return int(self._usage(_REQUESTS).used)

    @property
    def retries(self) -> int:
        return int(self._usage(_RETRIES).used)

    @property
    def limit(self) -> int:
        return int(self._usage(_RETRIES).limit)

    @property
    def remaining(self) -> int:
        return self._remaining(_RETRIES)

    @property
    def overflows(self) -> int:
        return int(self._usage(_RETRIES).overflows)

    def begin(self) -> None:
        self._take(_REQUESTS)

    def end(self) -> None:
        self._give(_REQUESTS, "request")

    def acquire(self) -> bool:
        return self._take(_RETRIES)

    def release(self) -> None:
        self._give(_RETRIES, "retry")

    def __enter__(self) -> RetryBudget:
        self._take(_REQUESTS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._give(_REQUESTS, "request")
