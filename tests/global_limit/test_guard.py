"""The guard around a remote service: what holds where it does not answer, and the counts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, NoReturn

import pytest

from meshcore.global_limit import Failure, Guard, Unanswered


class Broken(Exception):
    """The service cannot be reached."""


class Nonsense(Exception):
    """The service does not understand this question."""


def classify(error: Exception) -> Failure | None:
    return {Broken: Failure.REMOTE, Nonsense: Failure.QUESTION}.get(type(error))


def raising(error: BaseException) -> Callable[[], NoReturn]:
    def ask() -> NoReturn:
        raise error

    return ask


class Clock:
    def __init__(self) -> None:
        self.now = 7.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(params=["call", "acall"])
def call(request: pytest.FixtureRequest) -> Callable[[Guard, Callable[[], Any]], Any]:
    """Either kind of call, of a function that does not wait."""
    if request.param == "call":
        return Guard.call

    def acall(guard: Guard, ask: Callable[[], Any]) -> Any:
        async def aask() -> Any:
            return ask()

        return asyncio.run(guard.acall(aask))

    return acall


Call = Callable[[Guard, Callable[[], Any]], Any]


def counts(guard: Guard) -> dict[str, int]:
    """Those that are not 0."""
    return {name: value for name, value in asdict(guard.stats()).items() if value and type(value) is int}


def test_an_answer_comes_through(call: Call) -> None:
    guard = Guard(classify)
    assert call(guard, lambda: 42) == 42
    assert call(guard, lambda: None) is None
    assert counts(guard) == {"asked": 2, "answered": 2}
    assert guard.stats().breaker == "closed"
    assert guard.stats().last_error is None


@pytest.mark.parametrize("deny", [False, True])
def test_the_failure_mode_decides(call: Call, deny: bool) -> None:
    guard = Guard(classify, failure_mode_deny=deny)
    error = Broken("gone")
    assert call(guard, raising(error)) == Unanswered(Failure.REMOTE, not deny, 0.0, error)
    assert call(guard, raising(TimeoutError())).failure is Failure.TIMEOUT
    assert call(guard, raising(asyncio.TimeoutError())).failure is Failure.TIMEOUT
    decided = "failed_closed" if deny else "failed_open"
    assert counts(guard) == {"asked": 3, "failures": 1, "timeouts": 2, decided: 3}
    assert guard.stats().last_error == "TimeoutError: "


def test_an_open_breaker_spares_the_service(call: Call) -> None:
    clock = Clock()
    guard = Guard(classify, consecutive_failures=2, open_time=3.0, failure_mode_deny=True, clock=clock)
    call(guard, raising(Broken()))
    assert call(guard, raising(Broken())).retry_after == 3.0
    clock.now += 1
    assert call(guard, raising(AssertionError("asked"))) == Unanswered(Failure.SHORT_CIRCUIT, False, 2.0)
    clock.now += 2
    assert call(guard, lambda: "back") == "back"
    assert call(guard, lambda: "there") == "there"
    assert counts(guard) == {
        "asked": 4,
        "answered": 2,
        "failures": 2,
        "short_circuited": 1,
        "failed_closed": 3,
        "opened": 1,
    }
    assert guard.stats().breaker == "closed"


def test_a_question_without_an_answer_does_not_open_it(call: Call) -> None:
    guard = Guard(classify, consecutive_failures=2)
    for _ in range(5):
        assert call(guard, raising(Nonsense())).failure is Failure.QUESTION
    assert guard.stats().breaker == "closed"
    assert counts(guard) == {"asked": 5, "failures": 5, "failed_open": 5}


@pytest.mark.parametrize("error", [KeyError("a mistake"), KeyboardInterrupt(), SystemExit(3)])
def test_what_is_no_failure_of_the_service_is_raised(error: BaseException) -> None:
    guard = Guard(classify, consecutive_failures=1)
    with pytest.raises(type(error)):
        guard.call(raising(error))
    assert counts(guard) == {"asked": 1, "abandoned": 1}
    assert guard.stats().breaker == "closed"


def test_a_call_that_takes_too_long_is_cancelled() -> None:
    cancelled = []

    async def never() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append(True)

    guard = Guard(classify, timeout=0.001)
    answer = asyncio.run(guard.acall(never))
    assert isinstance(answer, Unanswered)
    assert answer.failure is Failure.TIMEOUT
    assert cancelled == [True]
    assert counts(guard) == {"asked": 1, "timeouts": 1, "failed_open": 1}


def test_a_caller_that_goes_away_leaves_nothing_behind() -> None:
    clock = Clock()
    guard = Guard(classify, consecutive_failures=1, open_time=1.0, clock=clock, timeout=60.0)

    async def scenario() -> None:
        async def broken() -> None:
            raise Broken

        await guard.acall(broken)
        clock.now += 1
        probe = asyncio.ensure_future(guard.acall(asyncio.Event().wait))
        await asyncio.sleep(0)
        assert isinstance(await guard.acall(broken), Unanswered)  # the probe is under way
        probe.cancel()
        with pytest.raises(asyncio.CancelledError):
            await probe

        async def fine() -> str:
            return "fine"

        assert await guard.acall(fine) == "fine"

    asyncio.run(scenario())
    assert counts(guard) == {
        "asked": 3,
        "answered": 1,
        "failures": 1,
        "abandoned": 1,
        "short_circuited": 1,
        "failed_open": 2,
        "opened": 1,
    }


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("timeout", 0),
        ("timeout", float("nan")),
        ("open_time", -1),
        ("open_time", float("inf")),
        ("consecutive_failures", -1),
    ],
)
def test_numbers_out_of_range(option: str, value: Any) -> None:
    with pytest.raises(ValueError, match=option):
        Guard(classify, **{option: value})
