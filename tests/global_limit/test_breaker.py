"""The breaker around a remote service: when it opens, whom it lets through, what it takes no notice of."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from meshcore.global_limit.breaker import Breaker


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def admitted(breaker: Breaker) -> int:
    permit = breaker.admit()
    assert permit is not None
    return permit


def opened(clock: Clock, failures: int = 3, open_time: float = 5.0) -> Breaker:
    breaker = Breaker(failures, open_time, clock)
    for _ in range(failures):
        breaker.failed(admitted(breaker))
    assert breaker.state == "open"
    return breaker


def test_it_opens_at_so_many_failures_in_a_row() -> None:
    breaker = Breaker(3, 5.0, Clock())
    for outcome in "ffsff":
        (breaker.failed if outcome == "f" else breaker.succeeded)(admitted(breaker))
    assert breaker.state == "closed"
    breaker.failed(admitted(breaker))
    assert breaker.state == "open"
    assert breaker.admit() is None
    assert breaker.retry_after == 5.0
    assert breaker.opened == 1


def test_none_opens_it_where_the_number_is_0() -> None:
    breaker = Breaker(0, 5.0, Clock())
    for _ in range(100):
        breaker.failed(admitted(breaker))
    assert breaker.state == "closed"


def test_one_probe_goes_through_and_closes_it() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 4.999
    assert breaker.admit() is None
    clock.now += 0.001
    assert breaker.state == "half-open"
    assert breaker.retry_after == 0.0
    probe = admitted(breaker)
    assert breaker.admit() is None, "a second probe"
    breaker.succeeded(probe)
    assert breaker.state == "closed"
    assert breaker.admit() is not None


def test_a_probe_that_fails_opens_it_for_as_long_again() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 5
    breaker.failed(admitted(breaker))
    assert breaker.retry_after == 5.0
    assert breaker.admit() is None
    assert breaker.opened == 2


def test_a_probe_that_is_abandoned_leaves_its_place_to_another() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 5
    breaker.abandoned(admitted(breaker))
    breaker.succeeded(admitted(breaker))
    assert breaker.state == "closed"


def test_calls_from_before_a_change_say_nothing_of_what_is_now() -> None:
    clock = Clock()
    breaker = Breaker(2, 5.0, clock)
    early = [admitted(breaker) for _ in range(4)]
    breaker.failed(early[0])
    breaker.failed(early[1])
    breaker.succeeded(early[2])
    assert breaker.state == "open"
    clock.now += 5
    probe = admitted(breaker)
    breaker.failed(early[3])
    assert breaker.state == "half-open"
    breaker.succeeded(probe)
    assert breaker.state == "closed"


def test_of_many_threads_one_has_the_probe() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 5
    start, permits = threading.Barrier(8), []

    def ask() -> None:
        start.wait()
        permits.append(breaker.admit())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(permit is not None for permit in permits) == 1


@given(
    limit=st.integers(1, 4),
    steps=st.lists(st.sampled_from(["begin", "succeed", "fail", "abandon", "second"]), max_size=60),
)
def test_it_is_never_stuck(limit: int, steps: list[str]) -> None:
    """Whatever came before: once all calls have ended and the time has passed, one goes through and closes
    it."""
    clock = Clock()
    breaker = Breaker(limit, 3.0, clock)
    under_way: list[int] = []
    for step in steps:
        if step == "second":
            clock.now += 1
        elif step == "begin":
            permit = breaker.admit()
            if permit is not None:
                under_way.append(permit)
        elif under_way:
            end = {"succeed": breaker.succeeded, "fail": breaker.failed, "abandon": breaker.abandoned}[step]
            end(under_way.pop(0))
    for permit in under_way:
        breaker.abandoned(permit)
    clock.now += 3
    breaker.succeeded(admitted(breaker))
    assert breaker.state == "closed"
