"""Sends the body of an answer no faster than a fault allows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

__all__ = ["Pace"]

#: Seconds between two looks at what may be sent; also what the first one finds (Envoy's StreamRateLimiter).
_INTERVAL = 0.05


class Pace:
    """A token bucket of bytes, which holds at most those of a second.

    Args:
        rate: bytes per second.
        now: gives seconds.
        sleep: waits for seconds.
        progress: called after each piece.
    """

    def __init__(
        self,
        rate: int,
        now: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]],
        progress: Callable[[], None],
    ) -> None:
        self._rate = rate
        self._now = now
        self._sleep = sleep
        self._progress = progress
        self._tokens = rate * _INTERVAL
        self._filled = now()

    async def pieces(self, data: bytes | bytearray | memoryview) -> AsyncIterator[memoryview]:
        """``data`` in pieces, each when it may be sent."""
        rest = memoryview(data)
        while rest:
            size = self._take(len(rest))
            if size:
                yield rest[:size]
                self._progress()
                rest = rest[size:]
            if rest:
                await self._sleep(_INTERVAL)

    def _take(self, wanted: int) -> int:
        now = self._now()
        self._tokens = min(self._tokens + (now - self._filled) * self._rate, self._rate)
        self._filled = now
        size = min(wanted, int(self._tokens + 1e-6))  # a clock's last bits make no byte wait
        self._tokens -= size
        return size
