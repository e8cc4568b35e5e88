"""Circuit breakers and retry budgets by themselves: how much may go on at once."""

from types import TracebackType
from typing import final

from meshcore._circuit import CircuitBreakerOpen

__all__ = ["CircuitBreaker", "CircuitBreakerOpen", "RetryBudget"]

@final
class CircuitBreaker:
    """At most ``max_requests`` requests at a time, as Envoy's circuit breakers have it.

    It sheds load at once: a service that has become slow gets no more work than it can hold, and callers get
    their answer now. It knows of no failures and stays open no longer than it is full (outlier detection is
    for that): as soon as a request ends there is room for another.

    Nothing waits, so that it serves threads and coroutines alike. Counts are exact under threads.

        breaker = CircuitBreaker(max_requests=100)
        if breaker.acquire():
            try:
                ...
            finally:
                breaker.release()

    or ``with breaker:``, which raises CircuitBreakerOpen where there is no room.
    """

    def __init__(self, max_requests: int = 1024) -> None:
        """``max_requests``: 0 lets nothing through.

        TypeError, ValueError: where it is no int of 0 to 2**32 - 1.
        """

    @property
    def max_requests(self) -> int: ...
    @property
    def active(self) -> int:
        """Requests under way."""

    @property
    def remaining(self) -> int:
        """How many more there may be now."""

    @property
    def open(self) -> bool:
        """No more may begin now."""

    @property
    def overflows(self) -> int:
        """How many have been refused so far."""

    def acquire(self) -> bool:
        """Begin a request. False: there is no room, and nothing is to be released."""

    def release(self) -> None:
        """End one.

        ValueError: none is under way.
        """

    def __enter__(self) -> CircuitBreaker: ...
    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None: ...

@final
class RetryBudget:
    """At most so many retries at a time as are ``budget_percent`` of the requests under way, and never fewer
    than ``min_retry_concurrency``, as Envoy's retry budget has it.

    With it a failing service sees a bounded share of additional load, however often a request may be tried.

        budget = RetryBudget(budget_percent=20.0)
        with budget:  # a request is under way
            ...
            if budget.acquire():  # it may be retried
                try:
                    ...
                finally:
                    budget.release()

    Counts are exact under threads.
    """

    def __init__(self, budget_percent: float = 20.0, min_retry_concurrency: int = 3) -> None:
        """TypeError, ValueError: where ``budget_percent`` is no number of 0 to 100, or
        ``min_retry_concurrency`` no int of 0 to 2**32 - 1."""

    @property
    def budget_percent(self) -> float: ...
    @property
    def min_retry_concurrency(self) -> int: ...
    @property
    def active(self) -> int:
        """Requests under way."""

    @property
    def retries(self) -> int:
        """Retries under way."""

    @property
    def limit(self) -> int:
        """How many retries there may be at the number of requests that are under way now."""

    @property
    def remaining(self) -> int:
        """How many more there may be now."""

    @property
    def overflows(self) -> int:
        """How many have been refused so far."""

    def begin(self) -> None:
        """Begin a request."""

    def end(self) -> None:
        """End one.

        ValueError: none is under way.
        """

    def acquire(self) -> bool:
        """Begin a retry. False: there may be none now, and nothing is to be released."""

    def release(self) -> None:
        """End one.

        ValueError: none is under way.
        """

    def __enter__(self) -> RetryBudget:
        """Begin a request."""

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
