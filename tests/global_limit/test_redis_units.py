"""Buckets in units of parts of a microsecond: exact where they can be, and never too generous."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
import redis_model  # noqa: F401 (skips where redis-py is missing)
from hypothesis import given
from hypothesis import strategies as st

from meshcore.global_limit.redis.units import MAX_DEBT, Units, units_of

SECOND = 10**9


@pytest.mark.parametrize(
    ("bucket", "units"),
    [
        ((100, 10, SECOND), Units(100, 1, 100_000)),
        ((3, 3, SECOND), Units(3, 3, 1_000_000)),
        ((5, 7, 60 * SECOND), Units(5, 7, 60_000_000)),
        ((10**6, 3 * 10**6, SECOND), Units(10**6, 3, 1)),
        ((10, 1, 1), Units(10, 1000, 1)),  # a token each nanosecond
        ((1, 1, 1500), Units(1, 2, 3)),
    ],
)
def test_usual_rates_are_exact(bucket: tuple[int, int, int], units: Units) -> None:
    assert units_of(*bucket) == units


@given(
    max_tokens=st.integers(1, 2**53),
    tokens=st.integers(1, 2**53),
    interval=st.integers(1, 9 * 10**18),
)
def test_a_token_takes_no_less_than_asked_for(max_tokens: int, tokens: int, interval: int) -> None:
    exact = Fraction(interval, 1000 * tokens)  # microseconds
    try:
        units = units_of(max_tokens, tokens, interval)
    except ValueError:
        assert max_tokens * max(exact, 1) > MAX_DEBT // 4
        return
    assert units.burst <= MAX_DEBT // 2
    assert 0 <= Fraction(units.token, units.scale) - exact <= Fraction(1, units.scale)


def test_a_bucket_that_takes_too_long_to_fill_is_refused() -> None:
    with pytest.raises(ValueError, match="more than 71 years"):
        units_of(2000, 1, 13 * 86400 * SECOND * 2)


def test_what_is_left_and_how_long_to_wait() -> None:
    units = units_of(3, 3, SECOND)
    empty = units.burst
    assert [units.remaining(debt) for debt in (0, 1, 10**6, empty, empty + 5)] == [3, 2, 2, 0, 0]
    assert units.wait(empty, 1) == 0.333334  # whole microseconds, after which it is there
    assert units.wait(empty - 10**6, 1) == 0.0
    assert units.wait(0, 4) == math.inf
    assert units.most(SECOND) == 2 * empty
    assert units.most(2**64) == MAX_DEBT
