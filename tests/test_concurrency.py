"""GradientLimiter and AimdLimiter: limits that move as their formulas say, and counts that come back."""

from __future__ import annotations

import asyncio
import copy
import math
import pickle
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Union

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from meshcore import AimdLimiter, ConcurrencyLimitReached, GradientLimiter

pytestmark = pytest.mark.usefixtures("each_backend")

# Not by "|", which PyPy 3.9 does not know.
Limiter = Union[AimdLimiter, GradientLimiter]  # noqa: UP007


class Clock:
    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def exchange(limiter: Limiter, latency: float, times: int = 1) -> None:
    for _ in range(times):
        assert limiter.acquire()
        limiter.release(latency)


def test_a_limiter_lets_so_many_in() -> None:
    limiter = AimdLimiter(initial_limit=2)
    assert (limiter.limit, limiter.in_flight, limiter.refused) == (2, 0, 0)
    assert limiter.acquire() is True
    assert limiter.acquire() is True
    assert limiter.acquire() is False
    assert (limiter.in_flight, limiter.refused) == (2, 1)
    limiter.release()
    assert limiter.acquire() is True
    assert repr(limiter) == "<AimdLimiter 2 of 2>"


def test_the_defaults_are_those_of_their_sources() -> None:
    gradient = GradientLimiter()
    given = gradient.parameters
    assert (given.max_concurrency_limit, given.min_concurrency, given.request_count) == (1000, 3, 50)
    assert (given.jitter, given.buffer, given.sample_aggregate_percentile) == (15.0, 25.0, 50.0)
    assert (gradient.limit, gradient.measuring, gradient.min_rtt, gradient.sample_rtt) == (
        3,
        True,
        None,
        None,
    )
    aimd = AimdLimiter()
    assert (aimd.limit, aimd.parameters.max_limit, aimd.parameters.backoff_ratio) == (20, 200, 0.9)
    assert aimd.parameters.latency_threshold == 5.0


def test_the_gradient_follows_the_formula_of_envoy() -> None:
    clock = Clock()
    limiter = GradientLimiter(min_rtt=0.010, max_concurrency_limit=200, clock=clock)
    limit = 3
    # What one sample makes of its window: the middle of its bin of two digits.
    for latency, sampled in (
        (0.010, 10_500),
        (0.010, 10_500),
        (0.0123, 12_500),
        (0.08, 80_500),
        (0.001, 1_050),
    ):
        exchange(limiter, latency)
        assert limiter.limit == limit
        clock.now += 0.1
        gradient = max(0.5, min(2.0, 10_000 * 1.25 / sampled))
        limit = max(3, min(200, int(limit * gradient + math.sqrt(limit * gradient))))
        assert limiter.limit == limit
        assert limiter.gradient == pytest.approx(gradient)
        assert limiter.sample_rtt == pytest.approx(sampled / 1e6)
        assert limiter.headroom > 0
    assert limiter.min_rtt == 0.010


def test_the_min_rtt_is_measured_while_few_are_let_in() -> None:
    clock = Clock()
    limiter = GradientLimiter(min_rtt_interval=10, jitter=0, request_count=4, min_concurrency=2, clock=clock)
    exchange(limiter, 0.020, 5)  # they began before the limiter did
    assert limiter.measuring
    clock.now += 0.1
    exchange(limiter, 0.020, 3)
    assert limiter.measuring
    exchange(limiter, 0.020)
    assert not limiter.measuring
    assert limiter.min_rtt == 0.0205
    for _ in range(20):
        exchange(limiter, 0.020)
        clock.now += 0.1
    before = limiter.limit
    assert before > 100
    clock.now += 8.0
    assert limiter.measuring
    assert limiter.limit == 2
    clock.now += 0.1
    exchange(limiter, 0.030, 4)
    assert (limiter.measuring, limiter.limit, limiter.min_rtt) == (False, before, 0.0305)


def test_what_failed_or_was_given_up_is_no_sample_to_the_gradient() -> None:
    clock = Clock()
    limiter = GradientLimiter(request_count=1, clock=clock)
    clock.now += 1
    for failed in (True, False):
        assert limiter.acquire()
        limiter.release(failed=failed)
    assert limiter.measuring
    exchange(limiter, 0.5)
    assert not limiter.measuring


def test_aimd_goes_up_by_rounds_and_down_by_its_ratio() -> None:
    clock = Clock()
    limiter = AimdLimiter(initial_limit=10, backoff_ratio=0.5, latency_threshold=0.1, clock=clock)
    held = [limiter.acquire() for _ in range(5)]
    assert all(held)
    exchange(limiter, 0.05, 11)
    assert limiter.limit == 11
    clock.now += 1
    exchange(limiter, 0.11)
    assert limiter.limit == 5
    limiter.release(failed=True)
    assert limiter.limit == 2  # it began now, as far as is known
    exchange_began_before = 0.5
    limiter.release(exchange_began_before)
    assert limiter.limit == 2  # what began before the last fall says nothing new


def test_an_admission_is_released_once() -> None:
    clock = Clock()
    limiter = AimdLimiter(initial_limit=4, latency_threshold=1.0, backoff_ratio=0.5, clock=clock)
    admitted = limiter.admit()
    clock.now += 2
    admitted.release()
    admitted.release(failed=True)
    admitted.cancel()
    assert (limiter.in_flight, limiter.limit) == (0, 2)
    clock.now += 1
    with limiter.admit() as entered:
        assert limiter.in_flight == 1
        entered.release()
        assert limiter.in_flight == 0
    assert limiter.in_flight == 0


def test_a_block_that_fails_tells_so() -> None:
    clock = Clock()
    limiter = AimdLimiter(initial_limit=8, backoff_ratio=0.5, clock=clock)
    with pytest.raises(ZeroDivisionError), limiter.admit():
        1 // 0  # noqa: B018
    assert (limiter.in_flight, limiter.limit) == (0, 4)
    clock.now += 1
    with pytest.raises(KeyboardInterrupt), limiter.admit():
        raise KeyboardInterrupt
    assert (limiter.in_flight, limiter.limit) == (0, 4)


def test_no_room_raises_where_a_block_would_begin() -> None:
    limiter = AimdLimiter(initial_limit=1)
    with limiter.admit():
        with pytest.raises(ConcurrencyLimitReached), limiter.admit():
            pytest.fail("it was full")
        assert limiter.in_flight == 1
    assert limiter.in_flight == 0


def test_coroutines_that_are_cancelled_give_back_and_teach_nothing() -> None:
    limiter = AimdLimiter(initial_limit=3)

    async def request(inside: asyncio.Event) -> None:
        with limiter.admit():
            inside.set()
            await asyncio.Event().wait()

    async def run() -> None:
        inside = [asyncio.Event() for _ in range(3)]
        tasks = [asyncio.create_task(request(event)) for event in inside]
        for event in inside:
            await event.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(run())
    assert (limiter.in_flight, limiter.limit) == (0, 3)


def test_what_is_released_without_being_taken_is_a_mistake() -> None:
    for limiter in (AimdLimiter(), GradientLimiter()):
        with pytest.raises(ValueError, match="no request is under way"):
            limiter.release(0.1)
        assert limiter.in_flight == 0


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: GradientLimiter(buffer=101), ValueError, "buffer: found 101, expected 0 to 100"),
        (lambda: GradientLimiter(min_concurrency=0), ValueError, "min_concurrency: found 0"),
        (lambda: GradientLimiter(concurrency_update_interval=0.0001), ValueError, "0.001 or more"),
        (lambda: GradientLimiter(min_rtt=0), ValueError, "min_rtt: found 0"),
        (lambda: GradientLimiter(request_count=2.5), TypeError, "request_count is 2.5; expected an int"),
        (lambda: GradientLimiter(jitter="15%"), TypeError, "jitter is '15%'; expected a number"),
        (lambda: GradientLimiter(max_limit=3), TypeError, r"^GradientLimiter\(\) .* argument 'max_limit'"),
        (lambda: AimdLimiter(buffer=3), TypeError, r"^AimdLimiter\(\) .* argument 'buffer'"),
        (
            lambda: GradientLimiter(min_concurrency_limit=9, max_concurrency_limit=8),
            ValueError,
            r"min_concurrency_limit: found 9, expected max_concurrency_limit \(8\) or less",
        ),
        (lambda: GradientLimiter(buffer=math.nan), ValueError, "buffer: found nan"),
        (lambda: AimdLimiter(backoff_ratio=1.0), ValueError, "more than 0 and less than 1"),
        (lambda: AimdLimiter(initial_limit=300), ValueError, "initial_limit: found 300, expected 1 to 200"),
        (
            lambda: AimdLimiter(min_limit=9, max_limit=8),
            ValueError,
            r"min_limit: found 9, expected max_limit \(8\)",
        ),
        (lambda: AimdLimiter(increase=True), TypeError, "increase is True"),
        (lambda: AimdLimiter(seed=3), TypeError, "seed"),
    ],
)
def test_parameters_are_checked(make: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    ("latency", "error"), [(-1, ValueError), (math.nan, ValueError), ("1", TypeError), (True, TypeError)]
)
def test_a_latency_is_a_time(latency: Any, error: type[Exception]) -> None:
    limiter = AimdLimiter()
    assert limiter.acquire()
    with pytest.raises(error, match="latency is"):
        limiter.release(latency)
    assert limiter.in_flight == 1
    limiter.release(timedelta(seconds=9))
    assert limiter.limit == 18


def test_a_limiter_is_not_copied() -> None:
    for limiter in (AimdLimiter(), GradientLimiter()):
        with pytest.raises(TypeError, match="cannot be pickled or copied"):
            copy.copy(limiter)
        with pytest.raises(TypeError, match="cannot be pickled or copied"):
            pickle.dumps(limiter)


@pytest.mark.parametrize(
    "make", [lambda: AimdLimiter(initial_limit=3, max_limit=3), lambda: GradientLimiter()]
)
def test_threads_never_pass_the_limit(make: Callable[[], Limiter]) -> None:
    limiter, gate = make(), threading.Barrier(8)
    inside: list[int] = []
    most: list[int] = []

    def work() -> None:
        gate.wait()
        for _ in range(300):
            if limiter.acquire():
                inside.append(1)
                most.append(len(inside))
                inside.pop()
                limiter.release()  # which never moves the limit

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) <= 3
    assert limiter.in_flight == 0
    assert len(most) + limiter.refused == 8 * 300


class Requests(RuleBasedStateMachine):
    """Requests of any length that end in any way, on any clock that does not go back."""

    @initialize(
        gradient=st.booleans(),
        least=st.integers(1, 5),
        more=st.integers(0, 30),
        interval=st.floats(0.001, 5.0),
    )
    def make(self, gradient: bool, least: int, more: int, interval: float) -> None:
        self.clock = Clock()
        self.least, self.most = least, least + more
        self.limiter: Limiter
        if gradient:
            self.limiter = GradientLimiter(
                min_concurrency=least,
                max_concurrency_limit=self.most,
                concurrency_update_interval=interval,
                min_rtt_interval=interval * 7,
                request_count=3,
                clock=self.clock,
                seed=more,
            )
        else:
            self.limiter = AimdLimiter(
                initial_limit=least,
                min_limit=least,
                max_limit=self.most,
                latency_threshold=interval,
                clock=self.clock,
            )
        self.began: list[float] = []

    @rule(seconds=st.floats(0, 3))
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule()
    def acquire(self) -> None:
        room = len(self.began) < self.limiter.limit
        assert self.limiter.acquire() is room
        if room:
            self.began.append(self.clock.now)

    @rule(which=st.integers(0, 40), how=st.sampled_from(["answered", "failed", "given up"]))
    def end(self, which: int, how: str) -> None:
        if self.began:
            began = self.began.pop(which % len(self.began))
            latency = self.clock.now - began if how == "answered" else None
            self.limiter.release(latency, failed=how == "failed")

    @invariant()
    def holds(self) -> None:
        if hasattr(self, "limiter"):
            assert self.least <= self.limiter.limit <= self.most
            assert self.limiter.in_flight == len(self.began)


def test_requests_of_any_kind_keep_within_the_limit() -> None:
    run_state_machine_as_test(
        Requests, settings=settings(max_examples=60, stateful_step_count=60, deadline=None, derandomize=True)
    )
