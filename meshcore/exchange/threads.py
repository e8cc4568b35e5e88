"""Driving an exchange in a thread."""

from __future__ import annotations

import time
from collections.abc import Callable

from meshcore.decision import Attempt, Decision
from meshcore.exchange.common import (
    LONGEST,
    AttemptError,
    R,
    always,
    deadline_of,
    drop,
    nobody_asks,
    report,
    tell,
)

__all__ = ["run"]


def run(
    decision: Decision,
    send: Callable[[Attempt, float | None], R],
    *,
    limits: Callable[[Decision], object] = nobody_asks,
    replayable: Callable[[], bool] = always,
    discard: Callable[[R], object] = drop,
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
    deadline = deadline_of(decision, within, clock)
    attempt: Attempt | None = first
    while attempt is not None:
        left = None if deadline is None else deadline - clock()
        if left is not None and left <= attempt.backoff:
            sleep(max(left, 0.0))
            break
        if attempt.backoff:
            sleep(attempt.backoff)
            left = None if deadline is None else deadline - clock()
        limit = attempt.per_try_timeout
        if left is not None and (limit is None or left < limit):
            limit = left
        begun = clock()
        try:
            reply = send(attempt, None if limit is None else min(limit, LONGEST))
        except TimeoutError:
            if deadline is not None and clock() >= deadline:
                break
            attempt = tell(decision, _too_slow(decision, attempt, replayable()), "per-try-timeout")
        except AttemptError as failed:
            again = decision.report(error=failed.error, attempt=attempt, replayable=replayable())
            attempt = tell(decision, again, failed.error)
        else:
            again = report(decision, attempt, reply, clock() - begun, replayable())
            if decision.answered:
                return reply
            attempt = tell(decision, again, reply.status)
            discard(reply)
    if not decision.done:
        decision.on_deadline()
    return None


def _too_slow(decision: Decision, attempt: Attempt, replayable: bool) -> Attempt | None:
    """What follows a try that took too long; a hedge takes its place, since we cannot wait for both."""
    further = decision.on_timeout(attempt, replayable=replayable)
    if attempt.running:
        again = decision.report(error="per-try-timeout", attempt=attempt, replayable=replayable)
        return further or again
    return further
