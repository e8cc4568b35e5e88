"""The judge of admissions: it must refuse what no bucket lets in, or the stress tests would show nothing."""

from __future__ import annotations

from admissions import Excess, excess, most_at_once
from hypothesis import given
from hypothesis import strategies as st

from meshcore import TokenBucket

SECOND = 1_000_000_000


def test_what_a_bucket_holds_may_come_at_once() -> None:
    assert excess([(5, 1)] * 3, 3, 1, SECOND) is None
    assert excess([(5, 1)] * 4, 3, 1, SECOND) == Excess(5, 5, 4, 3)


def test_what_comes_meanwhile_is_allowed_to_the_nanosecond() -> None:
    burst = [(0, 1)] * 3
    assert excess([*burst, (SECOND, 1)], 3, 1, SECOND) is None
    assert excess([*burst, (SECOND - 1, 1)], 3, 1, SECOND) == Excess(0, SECOND - 1, 4, 3)


def test_costs_count() -> None:
    assert excess([(0, 2), (0, 1)], 3, 1, SECOND) is None
    assert excess([(0, 2), (0, 2)], 3, 1, SECOND) == Excess(0, 0, 4, 3)


def test_a_window_in_the_middle_is_found() -> None:
    quiet = [(second * 10 * SECOND, 1) for second in range(5)]
    busy = [(23 * SECOND, 1)] * 4
    assert excess(quiet + busy, 3, 1, SECOND) == Excess(23 * SECOND, 23 * SECOND, 4, 3)


def test_limits_that_processes_have_for_themselves_are_found_out() -> None:
    """Two workers, each with a bucket of its own."""
    now = [0.0]
    workers = [TokenBucket(10, 10, 1.0, clock=lambda: now[0]) for _ in range(2)]
    let_in = []
    for step in range(100):
        now[0] = step / 50
        let_in += [(round(now[0] * SECOND), 1) for worker in workers if worker.allow()]
    assert excess(let_in, 10, 10, SECOND) is not None


moments = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 3)), max_size=12)


@given(moments, st.integers(1, 4), st.integers(1, 3), st.integers(1, 7))
def test_as_all_windows_say(history: list[tuple[int, int]], most: int, rate: int, interval: int) -> None:
    times = sorted({at for at, _ in history})
    bad = any(
        sum(cost for at, cost in history if start <= at <= end) * interval
        > most * interval + rate * (end - start)
        for start in times
        for end in times
        if start <= end
    )
    assert (excess(history, most, rate, interval) is not None) == bad


def test_how_many_are_there_at_once() -> None:
    assert most_at_once([]) == 0
    assert most_at_once([(1, 5), (5, 9), (6, 7)]) == 2
    assert most_at_once([(1, 9), (2, 3), (4, 8), (5, 6), (7, 8)]) == 3
    assert most_at_once([(3, 3)] * 5) == 0


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=8))
def test_as_all_instants_say(stays: list[tuple[int, int]]) -> None:
    instants = [instant + 0.5 for instant in range(13)]
    most = max(sum(begin < instant < end for begin, end in stays) for instant in instants)
    assert most_at_once(stays) == most
