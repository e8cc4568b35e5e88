"""Attempts side by side in asyncio: a task for each of them and for each of their timers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic

from meshcore.decision import Attempt, Decision
from meshcore.exchange.common import AttemptError, R, report, tell

__all__ = ["SideBySide"]


class SideBySide(Generic[R]):
    """The attempts under way and the timers beside them: a task for each."""

    def __init__(
        self,
        decision: Decision,
        send: Callable[[Attempt], Awaitable[R]],
        replayable: Callable[[], bool],
        discard: Callable[[R], object],
        deadline: float | None,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]],
    ) -> None:
        self._decision = decision
        self._send = send
        self._replayable = replayable
        self._discard = discard
        self._deadline = deadline
        self._clock = clock
        self._sleep = sleep
        self._begun: dict[int, float] = {}
        self._attempts: dict[asyncio.Task[R], Attempt] = {}
        #: The attempt whose time a timer keeps; None: that of the whole request.
        self._timers: dict[asyncio.Task[None], Attempt | None] = {}
        self._dropping: list[asyncio.Future[object]] = []

    async def run(self) -> R | None:
        decision = self._decision
        reply: R | None = None
        try:
            if self._deadline is not None:
                self._time(max(self._deadline - self._clock(), 0.0), None)
            for attempt in decision.attempts:
                self._launch(attempt)
            while not decision.done:
                await asyncio.wait([*self._attempts, *self._timers], return_when=asyncio.FIRST_COMPLETED)
                reply = self._settle()
        finally:
            await self._stop(reply)
        return reply

    def _launch(self, attempt: Attempt | None, why: object = None) -> None:
        """``why``: what it is made after; None: it is one of the first."""
        if attempt is None:
            return
        if why is not None:
            tell(self._decision, attempt, why)
        self._attempts[asyncio.ensure_future(self._make(attempt))] = attempt
        if attempt.per_try_timeout is not None:
            self._time(attempt.backoff + attempt.per_try_timeout, attempt)

    async def _make(self, attempt: Attempt) -> R:
        if attempt.backoff:
            await self._sleep(attempt.backoff)
        self._begun[attempt.number] = self._clock()
        return await self._send(attempt)

    def _time(self, seconds: float, attempt: Attempt | None) -> None:
        async def wait() -> None:
            await self._sleep(seconds)

        self._timers[asyncio.ensure_future(wait())] = attempt

    def _settle(self) -> R | None:
        """Tell the decision of what has ended: answers first, since they may be in time after all."""
        for task, attempt in [item for item in self._attempts.items() if item[0].done()]:
            del self._attempts[task]
            reply = self._report(task, attempt)
            if reply is not None:
                return reply
        for timer, of in [item for item in self._timers.items() if item[0].done()]:
            del self._timers[timer]
            timer.result()
            if of is None:
                self._decision.on_deadline()
            elif of.running:
                further = self._decision.on_timeout(of, replayable=self._replayable())
                self._launch(further, "per-try-timeout")
        self._abandon()
        return None

    def _report(self, task: asyncio.Task[R], attempt: Attempt) -> R | None:
        """The answer, where it is the client's."""
        decision, replayable = self._decision, self._replayable()
        if not attempt.running:
            self._give_up(task)
            return None
        try:
            reply = task.result()
        except AttemptError as failed:
            further = decision.report(error=failed.error, attempt=attempt, replayable=replayable)
            self._launch(further, failed.error)
            return None
        except TimeoutError:
            further = decision.report(error="per-try-timeout", attempt=attempt, replayable=replayable)
            self._launch(further, "per-try-timeout")
            return None
        latency = self._clock() - self._begun[attempt.number]
        further = report(decision, attempt, reply, latency, replayable)
        self._launch(further, reply.status)
        if decision.answered:
            return reply
        self._drop(reply)
        return None

    def _drop(self, reply: R) -> None:
        """Nobody gets this answer."""
        dropping = self._discard(reply)
        if isinstance(dropping, Awaitable):
            self._dropping.append(asyncio.ensure_future(dropping))

    def _give_up(self, task: asyncio.Task[R]) -> None:
        """An attempt that has ended and that nobody waits for, however it ended."""
        if not task.cancelled() and task.exception() is None:
            self._drop(task.result())

    def _abandon(self) -> None:
        """Cancel attempts whose outcome is of no more interest; _stop() waits for them."""
        for task, attempt in self._attempts.items():
            if not attempt.running:
                task.cancel()

    async def _stop(self, reply: R | None) -> None:
        """End all that is under way. A cancellation that strikes meanwhile is heeded once all of it has
        ended; then nobody gets the reply either."""
        tasks: list[asyncio.Task[R] | asyncio.Task[None]] = [*self._attempts, *self._timers]
        for one in tasks:
            one.cancel()
        cancelled = await ended(tasks)
        for task in self._attempts:
            self._give_up(task)
        cancelled |= await ended(self._dropping)
        if cancelled:
            if reply is not None:
                self._drop(reply)
                await ended(self._dropping)
            raise asyncio.CancelledError


async def ended(tasks: Sequence[asyncio.Future[Any]]) -> bool:
    """Wait until all have ended, whatever strikes; whether a cancellation did."""
    cancelled = False
    while not all(task.done() for task in tasks):
        try:
            await asyncio.wait(tasks)
        except asyncio.CancelledError:
            cancelled = True
    return cancelled
