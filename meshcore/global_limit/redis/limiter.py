"""What both limiters share: every decision, up to what is put to the server and from what it answers."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeAlias, TypeVar

from meshcore import _limit
from meshcore import _options as option
from meshcore.global_limit.guard import Guard, GuardStats, Unanswered
from meshcore.global_limit.redis.client import AsyncClient, Client, name_of
from meshcore.global_limit.redis.exchange import Question, Reply, classify
from meshcore.global_limit.redis.keys import Names
from meshcore.global_limit.redis.local import LocalView
from meshcore.global_limit.redis.units import MAX_DEBT, units_of
from meshcore.global_limit.result import GlobalLimitResult, Source

__all__ = ["Answers", "Asking", "Limiter", "RedisLimiterStats"]

C = TypeVar("C", bound="Client | AsyncClient")
T = TypeVar("T")

#: What comes back for questions: a reply or the server's error for each, or no answer at all.
Answers: TypeAlias = "list[Reply | Exception] | Unanswered"
#: A call that asks at most once.
Asking: TypeAlias = Generator[list[Question], Answers, T]


@dataclass(frozen=True)
class RedisLimiterStats:
    """Counts since the limiter was made."""

    remote: GuardStats  #: round trips, and what became of them
    local_allowed: int  #: calls that a lease served
    local_refused: int  #: calls that were known to be refused
    local_keys: int  #: keys of which something is known now


class Limiter(ABC, Generic[C]):
    """The parameters, and the calls as generators: they yield questions and are sent answers."""

    def __init__(
        self,
        remote: str | C,
        max_tokens: int,
        tokens_per_fill: int,
        fill_interval: float | timedelta,
        *,
        prefix: str = "meshcore",
        timeout: float = 0.1,
        failure_mode_deny: bool = False,
        consecutive_failures: int = 5,
        open_time: float = 1.0,
        recheck: float = 5.0,
        lease: int = 1,
        local_keys: int = 65536,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            remote: where Redis or Valkey is: an URL (``redis://``, ``rediss://``, ``unix://``), or a client.
            max_tokens, tokens_per_fill, fill_interval: as for ``meshcore.RateLimiter``; 71 years at most for
                a bucket to fill.
            prefix: what the names of keys begin with.
            timeout: seconds to wait for the server.
            failure_mode_deny: refuse where the server does not answer, instead of allowing.
            consecutive_failures: so many in a row open the breaker, and nobody asks; 0: none do.
            open_time: seconds for which it is open, before one call probes the server.
            recheck: for so many seconds a key that is known to be refused is refused without asking, if it
                is to be so long; 0: the server is always asked.
            lease: how many calls' tokens a round trip may take at most; 1: each call asks for its own.
            local_keys: of how many keys something is known without asking, at most.
            clock: seconds from anywhere; tells what is known locally how old it is.

        Raises:
            TypeError, ValueError: one of them is out of range, or no such thing; a client that blocks may
                wait longer than ``timeout``.
        """
        bucket = _limit.bucket_of(max_tokens, tokens_per_fill, fill_interval)
        self.max_tokens, self.tokens_per_fill = bucket[:2]
        self.fill_interval = bucket[2] / 1e9
        option.seconds("recheck", recheck)
        if option.whole("lease", lease, 1) > self.max_tokens:
            raise ValueError(f"lease is {lease}; expected 1 to max_tokens, which is {self.max_tokens}")
        self._units = units_of(*bucket)
        self._burst = self._units.burst
        self._names = Names(prefix, *bucket)
        self._open_time = open_time
        self._guard = Guard(
            classify,
            timeout=timeout,
            failure_mode_deny=failure_mode_deny,
            consecutive_failures=consecutive_failures,
            open_time=open_time,
            clock=clock,
        )
        self._local = LocalView(
            self._units, keys=_limit.checked_capacity(local_keys), recheck=recheck, lease=lease
        )
        self._clock = clock
        self._owned = isinstance(remote, str)
        self._client = self._client_of(remote, timeout)
        self._remote = name_of(remote)

    @abstractmethod
    def _client_of(self, remote: str | C, timeout: float) -> C:
        """The client to ask by: the one given, or a new one for an address."""

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} {self.tokens_per_fill} in {self.fill_interval:g} s, "
            f"at most {self.max_tokens}, at {self._remote}>"
        )

    def __reduce__(self) -> str:
        raise TypeError(f"a {type(self).__name__} cannot be pickled or copied; make another one")

    def stats(self) -> RedisLimiterStats:
        """How often the server was asked, and spared."""
        local = self._local
        return RedisLimiterStats(self._guard.stats(), local.allowed, local.refused, len(local))

    # allow(), the call that most make, goes without a generator.

    def _allowing(self, key: str | bytes, cost: int) -> Question | bool:
        """What allow() says, or has to ask."""
        name, cost, now = self._names.of(key), self._cost(cost), self._clock()
        verdict = self._local.take(name, cost, now)
        return self._taking(name, cost, now) if verdict is None else verdict

    def _allowed(self, question: Question, answers: Answers) -> bool:
        return self._answers([question], answers)[0].allowed

    def _checking(self, keys: Iterable[str | bytes], cost: int) -> Asking[list[GlobalLimitResult]]:
        cost, now = self._cost(cost), self._clock()
        names = [self._names.of(key) for key in _limit.checked_keys(keys)]
        results: list[GlobalLimitResult | None] = []
        questions = []
        for name in names:
            verdict = self._local.take(name, cost, now)
            if verdict is None:
                results.append(None)
                questions.append(self._taking(name, cost, now))
            else:
                known = self._local.known(name, cost, verdict, now)
                results.append(GlobalLimitResult(verdict, *known, Source.LOCAL))
        if questions:
            answers = yield questions
            rest = iter(self._results(questions, answers))
            return [next(rest) if result is None else result for result in results]
        return [result for result in results if result is not None]

    def _peeking(self, key: str | bytes, cost: int) -> Asking[GlobalLimitResult]:
        question = self._question(key, self._cost(cost), self._burst)._replace(take=False)
        answers = yield [question]
        return self._results([question], answers)[0]

    def _reserving(
        self, key: str | bytes, cost: int, max_wait: float | timedelta | None
    ) -> Asking[float | None]:
        cost, most = self._cost(cost), self._units.most(_limit.wait_of(max_wait))
        if cost > self.max_tokens:
            self._names.of(key)  # which checks it
            return None
        question = self._question(key, cost, most)
        [answer] = self._answers([question], (yield [question]))
        if isinstance(answer, Unanswered):
            return 0.0 if answer.allowed else None
        return self._units.wait(answer.debt, cost) if answer.allowed else None

    def _refunding(self, key: str | bytes, cost: int) -> Asking[None]:
        cost = min(_limit.checked_cost(cost), MAX_DEBT // self._units.token + 1)  # no bucket owes more
        if cost:
            question = self._question(key, -cost, 0)
            self._answers([question], (yield [question]))
            self._local.forget(question.name)

    def _cost(self, cost: int) -> int:
        """All that are above what a bucket holds are alike."""
        return min(_limit.checked_cost(cost), self.max_tokens + 1)

    def _taking(self, name: bytes, cost: int, now: float) -> Question:
        return Question(name, self._units, cost, self._burst, now, self._local.extra(name, cost, now))

    def _question(self, key: str | bytes, cost: int, most: int) -> Question:
        return Question(self._names.of(key), self._units, cost, most, self._clock())

    def _answers(self, questions: list[Question], answers: Answers) -> list[Reply | Unanswered]:
        """For each question, with what is learnt from it."""
        if isinstance(answers, Unanswered):
            return [answers] * len(questions)
        found: list[Reply | Unanswered] = []
        for question, answer in zip(questions, answers, strict=True):
            if isinstance(answer, Exception):
                found.append(self._guard.partial(answer))
                continue
            debt = max(0, answer.debt + answer.taken * self._units.token)
            self._local.learn(question.name, max(0, answer.taken - question.cost), debt, question.sent)
            found.append(answer)
        return found

    def _results(self, questions: list[Question], answers: Answers) -> list[GlobalLimitResult]:
        return [
            self._result(question, answer)
            for question, answer in zip(questions, self._answers(questions, answers), strict=True)
        ]

    def _result(self, question: Question, answer: Reply | Unanswered) -> GlobalLimitResult:
        if isinstance(answer, Unanswered):
            # Never 0 for a refusal: clients would be told to come again at once.
            wait = 0.0 if answer.allowed else answer.retry_after or self._open_time
            return GlobalLimitResult(answer.allowed, 0, wait, 0.0, Source.FAILURE_MODE)
        units = self._units
        debt = answer.debt + answer.taken * units.token
        wait = 0.0 if answer.allowed else units.wait(answer.debt, question.cost)
        return GlobalLimitResult(answer.allowed, units.remaining(debt), wait, units.seconds(debt))
