"""Driving an exchange: the attempts of a decision, with their timeouts, backoffs and hedges.

An integration gives one function, ``send``, that makes one attempt, and gets the head of the answer that the
client is to have. ``run()`` is for threads, ``arun()`` for asyncio. What follows an attempt is the decision's
alone to say, so that both do the same.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from meshcore._types import Headers
from meshcore.decision import Attempt, Decision

__all__ = ["AttemptError", "Reply", "arun", "nobody_asks", "run"]

_log = logging.getLogger("meshcore.exchange")

#: Seconds: more than that sockets refuse as their timeout, and a client may ask for it by ``grpc-timeout``.
LONGEST = (2**31 - 1) // 1000


class Reply(Protocol):
    """The head of an upstream's answer: what ``Decision.report()`` wants to know of it."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Headers: ...


R = TypeVar("R", bound=Reply)


class AttemptError(Exception):
    """An attempt failed. ``error`` is one of the words of ``Decision.report()``, such as
    "connect-failure"."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


def _always() -> bool:
    return True


def _drop(reply: object) -> None:
    pass


def nobody_asks(decision: Decision) -> None:
    """Tell a decision that nobody asks its rate limit services: the filters' failure modes count."""
    for question in decision.rate_limits:
        decision.answer_rate_limit(question, "error")


def _tell(decision: Decision, further: Attempt | None, why: object) -> Attempt | None:
    """Log a further attempt, if there is one."""
    if further is not None and _log.isEnabledFor(logging.DEBUG):
        _log.debug(
            "%s %s of cluster %s: attempt %d goes to %s in %.3g s, after %s",
            decision.method,
            decision.path.partition("?")[0],
            decision.cluster,
            further.number,
            further.endpoint,
            further.backoff,
            why,
        )
    return further


# ---------------------------------------------------------------------- threads


def run(
    decision: Decision,
    send: Callable[[Attempt, float | None], R],
    *,
    limits: Callable[[Decision], object] = nobody_asks,
    replayable: Callable[[], bool] = _always,
    discard: Callable[[R], object] = _drop,
    within: float | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> R | None:
    """Send a decision's attempts, one at a time, until it is done. The decision is left open.

    A thread waits for one attempt only: where the decision hedges, an attempt that is too slow is given up
    for the next one, and of several initial requests the first alone is sent.

    Args:
        decision: of which nothing has been reported yet. One that is done (it was rejected, or closed) is not
            sent.
        send: makes one attempt, within so many seconds (None: any time). Returns the head of the answer, or
            raises ``AttemptError``, or ``TimeoutError`` where it took too long. What else it raises is passed
            on.
        limits: asks the rate limit services that a decision names, such as ``RateLimitServices.ask``.
        replayable: whether the request, body and all, can be sent again; asked after each attempt.
        discard: takes the head of an answer that the client does not get, to close it.
        within: seconds that the caller has left for it; None: as long as the decision's own deadline leaves.
        clock: gives seconds, as the engine's clock does.
        sleep: waits so many seconds.

    Returns:
        The answer for the client; None: the decision has become one.
    """
    if decision.rate_limits:
        limits(decision)
    if decision.done:
        return None
    first, *spares = decision.attempts
    for spare in spares:
        decision.report(error="overflow", attempt=spare)
    deadline = _deadline(decision, within, clock)
    attempt: Attempt | None = first
    while attempt is not None:
        left = None if deadline is None else deadline - clock()
        if left is not None and left <= attempt.backoff:
            sleep(max(left, 0.0))
            break
        if attempt.backoff:
            sleep(attempt.backoff)
            left = None if deadline is None else deadline - clock()
        bounds = [min(bound, LONGEST) for bound in (attempt.per_try_timeout, left) if bound is not None]
        begun = clock()
        try:
            reply = send(attempt, min(bounds, default=None))
        except TimeoutError:
            if deadline is not None and clock() >= deadline:
                break
            attempt = _tell(decision, _too_slow(decision, attempt, replayable()), "per-try-timeout")
        except AttemptError as failed:
            again = decision.report(error=failed.error, attempt=attempt, replayable=replayable())
            attempt = _tell(decision, again, failed.error)
        else:
            again = decision.report(
                status=reply.status,
                headers=reply.headers,
                attempt=attempt,
                latency=clock() - begun,
                replayable=replayable(),
            )
            if decision.answered:
                return reply
            attempt = _tell(decision, again, reply.status)
            discard(reply)
    if not decision.done:
        decision.on_deadline()
    return None


def _deadline(decision: Decision, within: float | None, clock: Callable[[], float]) -> float | None:
    own, callers = decision.deadline, None if within is None else clock() + within
    return min((it for it in (own, callers) if it is not None), default=None)


def _too_slow(decision: Decision, attempt: Attempt, replayable: bool) -> Attempt | None:
    """What follows a try that took too long; a hedge takes its place, since we cannot wait for both."""
    further = decision.on_timeout(attempt, replayable=replayable)
    if attempt.running:
        again = decision.report(error="per-try-timeout", attempt=attempt, replayable=replayable)
        return further or again
    return further


# ---------------------------------------------------------------------- asyncio


async def arun(
    decision: Decision,
    send: Callable[[Attempt], Awaitable[R]],
    *,
    limits: Callable[[Decision], Awaitable[object]] | None = None,
    replayable: Callable[[], bool] = _always,
    discard: Callable[[R], object] = _drop,
    within: float | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> R | None:
    """Send a decision's attempts, side by side where it hedges, until it is done. The decision is left open.

    ``send`` makes one attempt for as long as it takes: it is cancelled when its time is over, or when another
    attempt has been answered. Whenever this coroutine ends, by cancellation or an exception too, every
    attempt has ended before, and the heads of answers that nobody gets have been discarded: ``discard`` may
    return an awaitable, which is waited for.

    The arguments and the result are those of ``run()``.
    """
    if decision.rate_limits:
        if limits is None:
            nobody_asks(decision)
        else:
            await limits(decision)
    if decision.done:
        return None
    drives = _Running if _side_by_side(decision, within) else _InTurn
    return await drives(decision, send, replayable, discard, within, clock, sleep).run()


#: Whether a task can tell its own timer's cancellation from somebody else's: from Python 3.11 on.
_TELLS_WHO_CANCELS = hasattr(asyncio.Task, "uncancel")


def _side_by_side(decision: Decision, within: float | None) -> bool:
    """Whether attempts need tasks of their own: they cost more than all else here."""
    if decision.hedges or len(decision.attempts) > 1:
        return True
    timed = (decision.per_try_timeout, decision.deadline, within) != (None, None, None)
    return timed and not _TELLS_WHO_CANCELS


class _Driver(Generic[R]):
    """What drives a decision's attempts."""

    def __init__(
        self,
        decision: Decision,
        send: Callable[[Attempt], Awaitable[R]],
        replayable: Callable[[], bool],
        discard: Callable[[R], object],
        within: float | None,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]],
    ) -> None:
        self._decision = decision
        self._send = send
        self._replayable = replayable
        self._discard = discard
        self._deadline = _deadline(decision, within, clock)
        self._clock = clock
        self._sleep = sleep


class _InTurn(_Driver[R]):
    """One attempt at a time, in the caller's own task."""

    async def run(self) -> R | None:
        decision, deadline, clock = self._decision, self._deadline, self._clock
        attempt: Attempt | None = decision.attempts[0]
        while attempt is not None:
            if attempt.backoff and not await self._backed_off(attempt.backoff):
                break
            begun = clock()
            left = None if deadline is None else deadline - begun
            if left is not None and left <= 0.0:
                break
            limit = attempt.per_try_timeout
            last = left is not None and (limit is None or left <= limit)
            if last:
                limit = left
            try:
                reply = await (self._send(attempt) if limit is None else self._within(limit, attempt))
            except (AttemptError, TimeoutError) as failed:
                error = failed.error if isinstance(failed, AttemptError) else "per-try-timeout"
                again = decision.report(error=error, attempt=attempt, replayable=self._replayable())
                attempt = _tell(decision, again, error)
                continue
            if reply is None:
                if last:
                    break
                again = decision.on_timeout(attempt, replayable=self._replayable())
                attempt = _tell(decision, again, "per-try-timeout")
                continue
            again = decision.report(
                status=reply.status,
                headers=reply.headers,
                attempt=attempt,
                latency=clock() - begun,
                replayable=self._replayable(),
            )
            if decision.answered:
                return reply
            attempt = _tell(decision, again, reply.status)
            dropping = self._discard(reply)
            if isinstance(dropping, Awaitable):
                await dropping
        if not decision.done:
            decision.on_deadline()
        return None

    async def _backed_off(self, seconds: float) -> bool:
        """Wait before an attempt; False: the deadline has struck meanwhile."""
        left = None if self._deadline is None else self._deadline - self._clock()
        if left is None or left > seconds:
            await self._sleep(seconds)
            return True
        await self._sleep(max(left, 0.0))
        return False

    async def _within(self, seconds: float, attempt: Attempt) -> R | None:
        """The answer to an attempt; None: it took longer, and has been cancelled."""
        task: Any = asyncio.current_task()  # its type is that of Python 3.10
        before = task.cancelling()
        late = False

        def strike() -> None:
            nonlocal late
            late = True
            task.cancel()

        timer = self._timer(seconds, strike)
        try:
            return await self._send(attempt)
        except asyncio.CancelledError:
            if late and task.cancelling() == before + 1:
                return None
            raise
        finally:
            timer.cancel()
            if late:
                task.uncancel()

    def _timer(self, seconds: float, strike: Callable[[], None]) -> asyncio.TimerHandle | asyncio.Task[None]:
        if self._sleep is asyncio.sleep:
            return asyncio.get_running_loop().call_later(seconds, strike)

        async def wait() -> None:
            await self._sleep(seconds)
            strike()

        return asyncio.ensure_future(wait())


class _Running(_Driver[R]):
    """The attempts under way and the timers beside them: a task for each."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
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
            _tell(self._decision, attempt, why)
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
        further = decision.report(
            status=reply.status,
            headers=reply.headers,
            attempt=attempt,
            latency=self._clock() - self._begun[attempt.number],
            replayable=replayable,
        )
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
        cancelled = await _ended(tasks)
        for task in self._attempts:
            self._give_up(task)
        cancelled |= await _ended(self._dropping)
        if cancelled:
            if reply is not None:
                self._drop(reply)
                await _ended(self._dropping)
            raise asyncio.CancelledError


async def _ended(tasks: Sequence[asyncio.Future[Any]]) -> bool:
    """Wait until all have ended, whatever strikes; whether a cancellation did."""
    cancelled = False
    while not all(task.done() for task in tasks):
        try:
            await asyncio.wait(tasks)
        except asyncio.CancelledError:
            cancelled = True
    return cancelled
