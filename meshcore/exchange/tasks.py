"""Driving an exchange in asyncio."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from meshcore.decision import Attempt, Decision
from meshcore.exchange.common import AttemptError, R, always, deadline_of, drop, nobody_asks, report, tell
from meshcore.exchange.side_by_side import SideBySide
from meshcore.exchange.time_limits import TimeLimit

__all__ = ["arun"]

#: Whether a task can tell its own timer's cancellation from somebody else's: from Python 3.11 on.
_TELLS_WHO_CANCELS = hasattr(asyncio.Task, "uncancel")


async def arun(
    decision: Decision,
    send: Callable[[Attempt], Awaitable[R]],
    *,
    limits: Callable[[Decision], Awaitable[object]] | None = None,
    replayable: Callable[[], bool] = always,
    discard: Callable[[R], object] = drop,
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
    deadline = deadline_of(decision, within, clock)
    attempts = decision.attempts
    timed = deadline is not None or decision.per_try_timeout is not None
    if len(attempts) > 1 or decision.hedges or (timed and not _TELLS_WHO_CANCELS):
        return await SideBySide(decision, send, replayable, discard, deadline, clock, sleep).run()
    # One at a time in the caller's own task: tasks would cost more than all else here.
    attempt: Attempt | None = attempts[0]
    while attempt is not None:
        if attempt.backoff:
            left = None if deadline is None else deadline - clock()
            if left is not None and left <= attempt.backoff:
                await sleep(max(left, 0.0))
                break
            await sleep(attempt.backoff)
        begun = clock()
        seconds = attempt.per_try_timeout
        last = deadline is not None and (seconds is None or deadline - begun <= seconds)
        if last:
            assert deadline is not None
            seconds = deadline - begun
            if seconds <= 0.0:
                break
        limit = None if seconds is None else TimeLimit(seconds, sleep)
        late = False
        try:
            reply = await send(attempt)
        except asyncio.CancelledError:
            late = limit is not None and limit.end()
            limit = None
            if not late:
                raise
        except (AttemptError, TimeoutError) as failed:
            error = failed.error if isinstance(failed, AttemptError) else "per-try-timeout"
            again = decision.report(error=error, attempt=attempt, replayable=replayable())
            attempt = tell(decision, again, error)
            continue
        finally:
            if limit is not None:
                limit.end()
        if late:
            if last:
                break
            again = decision.on_timeout(attempt, replayable=replayable())
            attempt = tell(decision, again, "per-try-timeout")
            continue
        again = report(decision, attempt, reply, clock() - begun, replayable())
        if decision.answered:
            return reply
        attempt = tell(decision, again, reply.status)
        dropping = discard(reply)
        if isinstance(dropping, Awaitable):
            await dropping
    if not decision.done:
        decision.on_deadline()
    return None
