"""Limits of time that strike a task by cancelling it.

Nearly all requests end before their limit, and most have the same one. A timer of the loop's own for each
would take longer than deciding does, so those of one length stand in a line, and only the first of them has a
timer: the others are due after it. A line in which nobody stands keeps its timer for those who come next, if
it is short and there are few: clients name lengths, too, as many and as long ones as they like.
"""

from __future__ import annotations

import asyncio
import contextvars
import math
from collections.abc import Awaitable, Callable
from typing import Any

from meshcore._per_loop import PerLoop

__all__ = ["LONGEST_KEPT", "MOST_KEPT", "TimeLimit"]

#: Lines of an event loop of which some may be empty: with more each request that is alone sets its own timer.
MOST_KEPT = 16
#: Milliseconds: the timers of longer ones would stay for too long.
LONGEST_KEPT = 60_000


class TimeLimit:
    """Cancels the current task after some seconds, unless it ends before.

    Args:
        seconds: rounded up to milliseconds.
        sleep: where it is not asyncio's, time is its to tell.
    """

    __slots__ = ("_cancelling", "_struck", "_task", "_timer")

    def __init__(self, seconds: float, sleep: Callable[[float], Awaitable[object]]) -> None:
        task: Any = asyncio.current_task()  # whose type is that of Python 3.10
        self._task = task
        self._cancelling: int = task.cancelling()
        self._struck = False
        self._timer: _Line | asyncio.Task[None]
        if sleep is asyncio.sleep:
            self._timer = _line(math.ceil(seconds * 1000))
            self._timer.add(self)
        else:
            self._timer = asyncio.ensure_future(self._after(seconds, sleep))

    async def _after(self, seconds: float, sleep: Callable[[float], Awaitable[object]]) -> None:
        await sleep(seconds)
        self.strike()

    def strike(self) -> None:
        """The time is over."""
        self._struck = True
        self._task.cancel()

    def end(self) -> bool:
        """The work has ended, by a cancellation or otherwise. Whether it was this limit's alone."""
        if isinstance(self._timer, _Line):
            self._timer.remove(self)
        else:
            self._timer.cancel()
        if not self._struck:
            return False
        return bool(self._task.uncancel() == self._cancelling)


class _Line:
    """Limits of one length in one event loop, in the order in which they are due."""

    __slots__ = ("_lines", "_loop", "_ms", "_timer", "_waiting")

    def __init__(self, loop: asyncio.AbstractEventLoop, ms: int, lines: dict[int, _Line]) -> None:
        self._loop = loop
        self._ms = ms
        self._lines = lines
        self._waiting: dict[TimeLimit, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, limit: TimeLimit) -> None:
        due = self._waiting[limit] = self._loop.time() + self._ms / 1000
        if self._timer is None:
            self._look_at(due)

    def remove(self, limit: TimeLimit) -> None:
        self._waiting.pop(limit, None)
        if not self._waiting and (len(self._lines) > MOST_KEPT or self._ms > LONGEST_KEPT):
            self._end()

    def _end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._lines.get(self._ms) is self:
            del self._lines[self._ms]

    def _look_at(self, due: float) -> None:
        # The timer outlives the request that sets it, whose context it would hold.
        self._timer = self._loop.call_at(due, self._due, context=contextvars.Context())

    def _due(self) -> None:
        """The time of the one that was first when the timer was set is over; it may have ended before."""
        self._timer = None
        now = self._loop.time()
        while self._waiting:
            limit, due = next(iter(self._waiting.items()))
            if due > now:
                self._look_at(due)
                return
            del self._waiting[limit]
            limit.strike()
        self._end()


#: By their length in milliseconds.
_lines: PerLoop[dict[int, _Line]] = PerLoop()


def _line(ms: int) -> _Line:
    lines = _lines.get(dict)
    line = lines.get(ms)
    if line is None:
        line = lines[ms] = _Line(asyncio.get_running_loop(), ms, lines)
    return line
