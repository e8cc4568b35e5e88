"""What stands between a limiter and the service that it asks: a timeout, a breaker, what to do when neither
yields an answer, and the counts of all that."""

from __future__ import annotations

import asyncio
import enum
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from meshcore import _options as option
from meshcore.global_limit.breaker import Breaker, State

__all__ = ["Failure", "Guard", "GuardStats", "Unanswered"]

T = TypeVar("T")


class Failure(enum.Enum):
    """Why there is no answer."""

    TIMEOUT = "timeout"
    #: The service cannot be reached, or answers nobody.
    REMOTE = "remote"
    #: It answers others; this question it cannot answer. The breaker does not count it.
    QUESTION = "question"
    #: It was not asked: the breaker is open.
    SHORT_CIRCUIT = "short-circuit"


@dataclass(frozen=True)
class Unanswered:
    """In place of an answer: the failure mode decides."""

    failure: Failure
    allowed: bool
    retry_after: float  #: seconds until the service may be asked again
    error: BaseException | None = None


@dataclass(frozen=True)
class GuardStats:
    """Counts since the guard was made. ``asked`` is the sum of ``answered``, ``failures``, ``timeouts``,
    ``abandoned`` and of what is under way."""

    asked: int  #: calls that were made
    answered: int
    failures: int  #: not answered for other reasons than time
    timeouts: int
    abandoned: int  #: cancelled by the caller
    short_circuited: int  #: calls that the breaker spared the service
    failed_open: int  #: decisions of the failure mode: so many allowed,
    failed_closed: int  #: and so many refused
    breaker: State
    opened: int  #: times that the breaker opened
    last_error: str | None  #: the last that made a call fail


class Guard:
    """Asks a remote service, and says what holds where it does not answer.

    A caller hands ``call()`` (or ``acall()``) a function that asks once. What comes back is its value, or an
    ``Unanswered`` that says what the failure mode decides: allow (fail open) unless ``failure_mode_deny``,
    as in Envoy's rate limit filter. Errors that ``classify`` does not know as failures of the service are
    raised: they are mistakes.

        guard = Guard(classify, timeout=0.05)
        answer = guard.call(lambda: stub.ShouldRateLimit(request, timeout=guard.timeout))
        if isinstance(answer, Unanswered):
            return answer.allowed

    ``acall()`` cancels a call that takes longer than ``timeout``. Nothing can cancel a blocking call:
    whoever uses ``call()`` gives its socket or stub the ``timeout`` and classifies what it then raises.

    Safe to use from many threads and coroutines.
    """

    def __init__(
        self,
        classify: Callable[[Exception], Failure | None],
        *,
        timeout: float = 0.1,
        failure_mode_deny: bool = False,
        consecutive_failures: int = 5,
        open_time: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            classify: says of an exception how the service failed; None: it did not, and the error is raised.
                The built-in TimeoutError and asyncio's need not be known to it.
            timeout: seconds for a call.
            failure_mode_deny: refuse where there is no answer, instead of allowing.
            consecutive_failures: so many in a row open the breaker; 0: none do.
            open_time: seconds for which it stays open, before one call probes the service.
            clock: gives seconds, from anywhere.

        Raises:
            TypeError, ValueError: an option is none of its kind.
        """
        for name, value in (("timeout", timeout), ("open_time", open_time)):
            option.seconds(name, value, above=True)
        option.flag("failure_mode_deny", failure_mode_deny)
        option.whole("consecutive_failures", consecutive_failures, 0)
        option.function("clock", clock, "a function that returns seconds")
        self.timeout = timeout
        self.failure_mode_deny = failure_mode_deny
        self._classify = classify
        self._breaker = Breaker(consecutive_failures, open_time, clock)
        self._lock = threading.Lock()
        self._asked = self._answered = self._abandoned = 0
        self._failures = dict.fromkeys(Failure, 0)
        self._decided = 0  # by the failure mode
        self._last_error: BaseException | None = None

    def call(self, ask: Callable[[], T], decisions: int = 1) -> T | Unanswered:
        """Ask, unless the breaker is open. So many decisions hang on the answer."""
        permit = self.begin(decisions)
        if isinstance(permit, Unanswered):
            return permit
        try:
            answer = ask()
        except BaseException as error:
            return self.failed(permit, error, decisions)
        self.answered(permit)
        return answer

    async def acall(self, ask: Callable[[], Awaitable[T]], decisions: int = 1) -> T | Unanswered:
        """As call(), and wait no longer than ``timeout``."""
        permit = self.begin(decisions)
        if isinstance(permit, Unanswered):
            return permit
        try:
            answer = await _within(self.timeout, ask())
        except BaseException as error:
            return self.failed(permit, error, decisions)
        self.answered(permit)
        return answer

    def stats(self) -> GuardStats:
        """The counts, all of one moment."""
        with self._lock:
            failures = self._failures
            return GuardStats(
                asked=self._asked,
                answered=self._answered,
                failures=failures[Failure.REMOTE] + failures[Failure.QUESTION],
                timeouts=failures[Failure.TIMEOUT],
                abandoned=self._abandoned,
                short_circuited=failures[Failure.SHORT_CIRCUIT],
                failed_open=0 if self.failure_mode_deny else self._decided,
                failed_closed=self._decided if self.failure_mode_deny else 0,
                breaker=self._breaker.state,
                opened=self._breaker.opened,
                last_error=_text_of(self._last_error),
            )

    # What both kinds of call are made of; other drivers (streams, batches) may be as well.

    def begin(self, decisions: int = 1) -> int | Unanswered:
        """A permit to ask, to be handed in by answered() or failed(), exactly once; or what holds instead."""
        permit = self._breaker.admit()
        if permit is None:
            return self._unanswered(Failure.SHORT_CIRCUIT, None, decisions)
        with self._lock:
            self._asked += 1
        return permit

    def answered(self, permit: int) -> None:
        """There is an answer."""
        self._breaker.succeeded(permit)
        with self._lock:
            self._answered += 1

    def failed(self, permit: int, error: BaseException, decisions: int = 1) -> Unanswered:
        """The call ended by an error; raises it again where it says nothing of the service."""
        failure = self._failure_of(error)
        if failure is None:
            self._breaker.abandoned(permit)
            with self._lock:
                self._abandoned += 1
            raise error
        if failure is Failure.QUESTION:
            self._breaker.succeeded(permit)
        else:
            self._breaker.failed(permit)
        return self._unanswered(failure, error, decisions)

    def partial(self, error: Exception) -> Unanswered:
        """What holds for one decision of an answered call, for which the answer has an error."""
        failure = self._failure_of(error)
        if failure is None:
            raise error
        with self._lock:
            return self._decide(failure, error, 1)

    def _unanswered(self, failure: Failure, error: BaseException | None, decisions: int) -> Unanswered:
        with self._lock:
            self._failures[failure] += 1
            return self._decide(failure, error, decisions)

    def _decide(self, failure: Failure, error: BaseException | None, decisions: int) -> Unanswered:
        self._decided += decisions
        if error is not None:
            self._last_error = error.with_traceback(None)
        return Unanswered(failure, not self.failure_mode_deny, self._breaker.retry_after, error)

    def _failure_of(self, error: BaseException) -> Failure | None:
        if not isinstance(error, Exception):
            return None  # a cancelled task, an interrupt
        if isinstance(error, (TimeoutError, asyncio.TimeoutError)):  # two classes until Python 3.11
            return Failure.TIMEOUT
        return self._classify(error)


async def _within(seconds: float, answer: Awaitable[T]) -> T:
    if sys.version_info >= (3, 11):  # it makes no task, which costs more than the rest
        async with asyncio.timeout(seconds):
            return await answer
    return await asyncio.wait_for(answer, seconds)


def _text_of(error: BaseException | None) -> str | None:
    return None if error is None else f"{type(error).__name__}: {error}"
