"""The attempts of a decision against a recorded upstream, in virtual time: a client of the engine."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field

from meshcore.decision import Attempt, Decision
from meshcore.replay.upstream import Answer, Pairs, Upstream

__all__ = ["Forwarded", "forward"]

_NANOSECONDS = 1_000_000_000


@dataclass(slots=True)
class Forwarded:
    """What came of it: ``answer`` None: the decision tells the answer itself."""

    seconds: float
    answer: Answer | None
    received: Pairs = field(default_factory=list)


@dataclass(order=True, slots=True)
class _Event:
    seconds: float
    order: int
    attempt: Attempt = field(compare=False)
    answer: Answer | None = field(compare=False)  #: None: the per-try timeout


class _Exchange:
    def __init__(self, decision: Decision, upstream: Upstream, now_ns: int) -> None:
        self._decision = decision
        self._upstream = upstream
        self._now_ns = now_ns
        self._events: list[_Event] = []
        self._order = 0

    def _push(self, seconds: float, attempt: Attempt, answer: Answer | None) -> None:
        self._order += 1
        heapq.heappush(self._events, _Event(seconds, self._order, attempt, answer))

    def launch(self, attempt: Attempt | None, seconds: float) -> None:
        if attempt is None:
            return
        starts = seconds + attempt.backoff
        answer = self._upstream.answer(attempt.number - 1, attempt.endpoint)
        if attempt.per_try_timeout is not None:
            self._push(starts + attempt.per_try_timeout, attempt, None)
        self._push(starts + answer.delay, attempt, answer)

    def due(self) -> Iterator[_Event]:
        """What happens, in its order, until the deadline."""
        deadline = self._decision.deadline
        limit = None if deadline is None else deadline - self._now_ns / _NANOSECONDS
        while self._events:
            event = heapq.heappop(self._events)
            if limit is not None and event.seconds > limit:
                self._decision.on_deadline()
                event.seconds = limit
            yield event

    def run(self) -> Forwarded:
        decision = self._decision
        for attempt in decision.attempts:
            self.launch(attempt, 0.0)
        received: Pairs = list(decision.attempts[-1].request_headers())
        for event in self.due():
            attempt, answer = event.attempt, event.answer
            now_ns = self._now_ns + round(event.seconds * _NANOSECONDS)
            if attempt.running and answer is None:
                further = decision.on_timeout(attempt, now_ns=now_ns)
            elif attempt.running and answer is not None and answer.status is not None:
                further = decision.report(
                    status=answer.status, headers=answer.headers, attempt=attempt, now_ns=now_ns
                )
            elif attempt.running:
                further = decision.report(error="reset", attempt=attempt, now_ns=now_ns)
            else:
                further = None
            if further is not None:
                received = list(further.request_headers())
                self.launch(further, event.seconds)
            if decision.done:
                return Forwarded(event.seconds, answer if decision.answered else None, received)
        raise AssertionError("an exchange ends with an answer, or at its deadline")


def forward(decision: Decision, upstream: Upstream, now_ns: int) -> Forwarded:
    """Send a decision's attempts; it is left open."""
    return _Exchange(decision, upstream, now_ns).run()
