"""Ends an exchange from outside, by a timer or by a failure elsewhere, and remembers why."""

from __future__ import annotations

import asyncio
import sys
from functools import partial

from meshcore.proxy.alarm import Alarm
from meshcore.upstream.replies import Reply

__all__ = ["Watch"]


class Watch:
    """Guards the task that makes it. ``reason`` tells our own cancellation from a client's leaving.

    Args:
        alarm: of the connection, for the limit that each request has.
    """

    def __init__(self, alarm: Alarm) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._loop = asyncio.get_running_loop()
        self._timers: list[asyncio.TimerHandle] = []
        self._alarm = alarm
        self._progress = self._loop.time()
        self._stopped = False
        self.reason: Reply | None = None

    def now(self) -> float:
        return self._loop.time()

    def end(self, reason: Reply) -> None:
        """Cancel the exchange; the first reason counts."""
        if self.reason is None and not self._stopped:
            self.reason = reason
            self._task.cancel()

    def end_after(self, seconds: float, reason: Reply) -> None:
        """End the exchange if it still runs in ``seconds``."""
        if not self._stopped:
            self._timers.append(self._loop.call_later(seconds, self.end, reason))

    def limit(self, seconds: float, reason: Reply) -> None:
        """The same, unless ``lift_deadline()`` is called first."""
        if not self._stopped:
            self._alarm.set(seconds, partial(self.end, reason))

    def lift_deadline(self) -> None:
        self._alarm.clear()

    def touch(self) -> None:
        """Some byte has moved."""
        self._progress = self._loop.time()

    def end_when_idle(self, seconds: float, reason: Reply) -> None:
        """End the exchange once nothing has moved for ``seconds``.

        The timer is set anew only when it fires, so that a chunk costs no more than ``touch()``.
        """
        if self._stopped:
            return
        left = self._progress + seconds - self._loop.time()
        if left <= 0:
            self.end(reason)
        else:
            self._timers.append(self._loop.call_later(left, self._still_idle, seconds, reason))

    def _still_idle(self, seconds: float, reason: Reply) -> None:
        self._timers = [timer for timer in self._timers if timer.when() > self._loop.time()]
        self.end_when_idle(seconds, reason)

    def stop(self) -> None:
        """No timer fires from here on."""
        self._stopped = True
        self._alarm.clear()
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def caught(self) -> Reply | None:
        """To be asked on CancelledError: our reason, the cancellation thus used up; None: a foreign one."""
        if self.reason is None:
            return None
        if sys.version_info >= (3, 11):
            self._task.uncancel()
        return self.reason
