"""CircuitBreaker and RetryBudget: limits that hold, and counts that come back to nothing."""

from __future__ import annotations

import asyncio
import copy
import pickle
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from meshcore import CircuitBreaker, CircuitBreakerOpen, RetryBudget

pytestmark = pytest.mark.usefixtures("each_backend")


def test_a_breaker_lets_so_many_through() -> None:
    breaker = CircuitBreaker(2)
    assert (breaker.active, breaker.remaining, breaker.open) == (0, 2, False)
    assert breaker.acquire() is True
    assert breaker.acquire() is True
    assert breaker.acquire() is False
    assert (breaker.active, breaker.remaining, breaker.open, breaker.overflows) == (2, 0, True, 1)
    breaker.release()
    assert breaker.acquire() is True


def test_the_default_is_that_of_envoy() -> None:
    assert CircuitBreaker().max_requests == 1024
    budget = RetryBudget()
    assert (budget.budget_percent, budget.min_retry_concurrency) == (20.0, 3)


def test_a_breaker_of_none_refuses_all() -> None:
    breaker = CircuitBreaker(0)
    assert breaker.open
    assert not breaker.acquire()


def test_what_is_released_without_being_taken_is_a_mistake() -> None:
    breaker, budget = CircuitBreaker(1), RetryBudget()
    with pytest.raises(ValueError, match="no request is under way"):
        breaker.release()
    with pytest.raises(ValueError, match="no request is under way"):
        budget.end()
    with pytest.raises(ValueError, match="no retry is under way"):
        budget.release()
    assert (breaker.active, budget.active, budget.retries) == (0, 0, 0)


def test_with_gives_back_whatever_happens() -> None:
    breaker = CircuitBreaker(1)
    with breaker as entered:
        assert entered is breaker
        assert breaker.active == 1
    with pytest.raises(ZeroDivisionError), breaker:
        1 // 0  # noqa: B018
    assert breaker.active == 0


def test_with_raises_where_there_is_no_room() -> None:
    breaker = CircuitBreaker(1)
    with breaker:
        with pytest.raises(CircuitBreakerOpen, match="1 requests are under way"), breaker:
            pytest.fail("it was full")
        assert breaker.active == 1
    assert breaker.active == 0


def test_coroutines_that_are_cancelled_give_back() -> None:
    breaker = CircuitBreaker(3)

    async def request(inside: asyncio.Event) -> None:
        with breaker:
            inside.set()
            await asyncio.Event().wait()

    async def run() -> int:
        inside = [asyncio.Event() for _ in range(3)]
        tasks = [asyncio.create_task(request(event)) for event in inside]
        for event in inside:
            await event.wait()
        active = breaker.active
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return active

    assert asyncio.run(run()) == 3
    assert breaker.active == 0


def test_threads_never_pass_the_limit() -> None:
    breaker, gate = CircuitBreaker(3), threading.Barrier(8)
    inside: list[int] = []
    most: list[int] = []

    def work() -> None:
        gate.wait()
        for _ in range(500):
            if breaker.acquire():
                inside.append(1)
                most.append(len(inside))
                inside.pop()
                breaker.release()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) <= 3
    assert breaker.active == 0
    assert len(most) + breaker.overflows == 8 * 500


@pytest.mark.parametrize(
    ("percent", "least", "active", "limit"),
    # The first row is the example of Envoy's documentation.
    [(25, 3, 100, 25), (20, 3, 0, 3), (20, 3, 19, 3), (20, 3, 20, 4), (12.5, 0, 7, 0), (12.5, 0, 8, 1)],
)
def test_a_budget_is_a_share_of_the_requests(percent: float, least: int, active: int, limit: int) -> None:
    budget = RetryBudget(percent, least)
    for _ in range(active):
        budget.begin()
    assert (budget.active, budget.limit, budget.remaining) == (active, limit, limit)
    for _ in range(limit):
        assert budget.acquire() is True
    assert budget.acquire() is False
    assert (budget.retries, budget.remaining, budget.overflows) == (limit, 0, 1)


def test_retries_go_on_where_their_requests_have_ended() -> None:
    budget = RetryBudget(50, 0)
    with budget, budget:
        assert budget.acquire()
    assert (budget.active, budget.limit, budget.retries, budget.remaining) == (0, 0, 1, 0)
    budget.release()


@pytest.mark.parametrize("value", [-1, 2**32])
def test_limits_out_of_range(value: int) -> None:
    with pytest.raises(ValueError, match=r"expected 0 to 4,294,967,295"):
        CircuitBreaker(value)
    with pytest.raises(ValueError, match="min_retry_concurrency"):
        RetryBudget(20, value)


@pytest.mark.parametrize("value", [-0.1, 100.1, float("nan")])
def test_percentages_out_of_range(value: float) -> None:
    with pytest.raises(ValueError, match=r"budget_percent is .*expected 0 to 100"):
        RetryBudget(value)


@pytest.mark.parametrize("value", ["3", None, 1.5, True])
def test_limits_are_ints(value: Any) -> None:
    with pytest.raises(TypeError, match="expected an int"):
        CircuitBreaker(value)


def test_a_percentage_is_a_number() -> None:
    text: Any = "20"
    with pytest.raises(TypeError, match="expected a number"):
        RetryBudget(text)


def test_they_are_not_copied() -> None:
    for one in (CircuitBreaker(), RetryBudget()):
        with pytest.raises(TypeError, match="cannot be pickled or copied"):
            pickle.dumps(one)
        with pytest.raises(TypeError, match="cannot be pickled or copied"):
            copy.copy(one)


def test_they_say_what_they_are() -> None:
    breaker, budget = CircuitBreaker(5), RetryBudget()
    breaker.acquire()
    budget.acquire()
    assert repr(breaker) == "<CircuitBreaker 1 of 5>"
    assert repr(budget) == "<RetryBudget 1 of 3 retries>"


@given(st.integers(0, 5), st.lists(st.booleans(), max_size=60))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_a_breaker_is_a_counter_with_a_limit(limit: int, steps: list[bool]) -> None:
    breaker, active, refused = CircuitBreaker(limit), 0, 0
    for begin in steps:
        if begin:
            admitted = active < limit
            assert breaker.acquire() is admitted
            active, refused = active + admitted, refused + (not admitted)
        elif active:
            breaker.release()
            active -= 1
        assert (breaker.active, breaker.overflows) == (active, refused)
        assert breaker.open is (active >= limit)


class Budget(RuleBasedStateMachine):
    """Requests and retries come and go; the budget is what its definition says at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.budget = RetryBudget(30, 1)
        self.active = self.retries = 0

    @rule()
    def begin(self) -> None:
        self.budget.begin()
        self.active += 1

    @rule()
    def end(self) -> None:
        if self.active:
            self.budget.end()
            self.active -= 1

    @rule()
    def retry(self) -> None:
        admitted = self.retries < max(1, self.active * 30 // 100)
        assert self.budget.acquire() is admitted
        self.retries += admitted

    @rule()
    def retried(self) -> None:
        if self.retries:
            self.budget.release()
            self.retries -= 1

    @invariant()
    def counts(self) -> None:
        assert (self.budget.active, self.budget.retries) == (self.active, self.retries)


def test_a_budget_at_any_time() -> None:
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(
        Budget, settings=settings(max_examples=40, stateful_step_count=60, deadline=None, derandomize=True)
    )
