"""What the drivers of exchanges share."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol, TypeVar

from meshcore._types import Headers
from meshcore.decision import Attempt, Decision

__all__ = [
    "LONGEST",
    "AttemptError",
    "R",
    "Reply",
    "always",
    "deadline_of",
    "drop",
    "nobody_asks",
    "report",
    "tell",
]

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


def always() -> bool:
    return True


def drop(reply: object) -> None:
    pass


def nobody_asks(decision: Decision) -> None:
    """Tell a decision that nobody asks its rate limit services: the filters' failure modes count."""
    for question in decision.rate_limits:
        decision.answer_rate_limit(question, "error")


def report(
    decision: Decision, attempt: Attempt, reply: Reply, latency: float, replayable: bool
) -> Attempt | None:
    """Tell of an attempt's answer; the attempt that follows, if any."""
    return decision.report(
        status=reply.status,
        headers=reply.headers,
        attempt=attempt,
        latency=latency,
        replayable=replayable,
    )


def tell(decision: Decision, further: Attempt | None, why: object) -> Attempt | None:
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


def deadline_of(decision: Decision, within: float | None, clock: Callable[[], float]) -> float | None:
    """When the client has to have its answer: by the decision, or by what the caller has left."""
    own = decision.deadline
    if within is None:
        return own
    callers = clock() + within
    return callers if own is None else min(own, callers)
