"""A timer for what is waited for again and again, and hardly ever comes too late."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

__all__ = ["Alarm"]


class Alarm:
    """One moment at a time. The event loop's own timer is left to run when that is put off, and is set anew
    only when it has fired, so that putting it off costs next to nothing."""

    __slots__ = ("_loop", "_then", "_timer", "_when")

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._when = 0.0
        self._then: Callable[[], object] | None = None

    def set(self, seconds: float, then: Callable[[], object]) -> None:
        """Call ``then`` in so many seconds, in place of what was to be called before."""
        self._then = then
        self._when = self._loop.time() + seconds
        if self._timer is not None and self._timer.when() > self._when:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._timer = self._loop.call_at(self._when, self._fire)

    def clear(self) -> None:
        """Call nothing."""
        self._then = None

    def close(self) -> None:
        """Likewise, for good."""
        self._then = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _fire(self) -> None:
        self._timer = None
        then = self._then
        if then is None:
            return
        if self._when > self._loop.time():
            self._timer = self._loop.call_at(self._when, self._fire)
        else:
            self._then = None
            then()
