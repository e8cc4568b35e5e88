"""A circuit breaker around one remote service: after failures in a row it is left alone for a while."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Literal

__all__ = ["Breaker", "State"]

State = Literal["closed", "open", "half-open"]


class Breaker:
    """Closed until so many calls fail in a row; then open for a time, then half open: one call goes through
    as a probe, and what comes of it closes or opens the breaker again (M. Nygard, "Release It!").

    ``meshcore.CircuitBreaker`` is Envoy's, which bounds how much goes on at once and knows of no failures;
    outlier detection chooses among hosts and lets all traffic back at once. A lone service needs this one.

    It reads no clock but the one it is given, and waits for nothing. Safe to use from many threads.
    """

    def __init__(self, consecutive_failures: int, open_time: float, clock: Callable[[], float]) -> None:
        self._limit = consecutive_failures  # 0: it never opens
        self._open_time = open_time
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._reopens_at: float | None = None  # None: closed
        self._probing = False
        self.opened = 0  #: times that it opened
        # Changes with each change of state: calls that began before it say nothing of what is now.
        self._epoch = 0

    @property
    def state(self) -> State:
        """What it would do with a call now."""
        reopens_at = self._reopens_at
        if reopens_at is None:
            return "closed"
        return "open" if self._clock() < reopens_at else "half-open"

    @property
    def retry_after(self) -> float:
        """Seconds until the next call may go through; 0.0: one may now."""
        reopens_at = self._reopens_at
        return 0.0 if reopens_at is None else max(0.0, reopens_at - self._clock())

    def admit(self) -> int | None:
        """Whether a call may go through: None, or a permit that is to be handed in exactly once."""
        if self._reopens_at is None:
            return self._epoch
        with self._lock:
            if self._reopens_at is not None:
                if self._probing or self._clock() < self._reopens_at:
                    return None
                self._probing = True
            return self._epoch

    def succeeded(self, permit: int) -> None:
        """The call was answered."""
        if not self._failures and not self._probing:
            return
        with self._lock:
            if permit == self._epoch:
                self._failures = 0
                if self._reopens_at is not None:
                    self._change(None)

    def failed(self, permit: int) -> None:
        """The call was not answered."""
        with self._lock:
            if permit != self._epoch:
                return
            self._failures += 1
            if self._reopens_at is not None or self._failures == self._limit:
                self._change(self._clock() + self._open_time)

    def abandoned(self, permit: int) -> None:
        """The caller went away before anything could be said of the call: if it was the probe, another
        may be."""
        with self._lock:
            if permit == self._epoch:
                self._probing = False

    def _change(self, reopens_at: float | None) -> None:
        self._reopens_at = reopens_at
        self._probing = False
        self._failures = 0
        self.opened += reopens_at is not None
        self._epoch += 1
