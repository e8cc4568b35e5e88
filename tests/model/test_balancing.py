"""The registry of policies' parameters."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshcore.config.balancing import limits
from meshcore.model import (
    ClientSideWeighted,
    LeastRequest,
    Maglev,
    PeakEwma,
    Range,
    RingHash,
    SlowStart,
    check_parameters,
    is_prime,
    range_of,
)


@pytest.mark.parametrize("kind", [SlowStart, LeastRequest, RingHash, Maglev, PeakEwma, ClientSideWeighted])
def test_defaults_are_in_range(kind: type) -> None:
    assert list(check_parameters(kind())) == []


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        (LeastRequest(choice_count=1), "choice_count: found 1, expected 2 to 4,294,967,295"),
        (LeastRequest(active_request_bias=math.nan), "active_request_bias: found nan, expected 0 or more"),
        (SlowStart(aggression=0), "aggression: found 0, expected more than 0"),
        (SlowStart(min_weight_percent=101), "min_weight_percent: found 101, expected 0 to 100"),
        (RingHash("MD5"), "hash_function: found 'MD5', expected one of XX_HASH, MURMUR_HASH_2"),
        (Maglev(100), "table_size: found 100, expected a prime number up to 5,000,011"),
        (PeakEwma(decay_time=-1), "decay_time: found -1, expected 0 or more"),
    ],
)
def test_what_is_out_of_range(parameters: object, problem: str) -> None:
    assert list(check_parameters(parameters)) == [problem]


def test_one_range() -> None:
    assert range_of(LeastRequest, "choice_count") == Range(least=2, most=2**32 - 1)
    assert range_of(LeastRequest, "full_scan") == Range()
    assert str(Range(most=3)) == "3 or less"
    assert str(Range()) == "any value"
    with pytest.raises(AttributeError, match="LeastRequest has no parameter 'choices'"):
        range_of(LeastRequest, "choices")


def test_limits_of_schemas() -> None:
    found = limits(SlowStart, "min_weight_percent")
    assert (found.ge, found.gt, found.le) == (0, None, 100)
    found = limits(SlowStart, "aggression")
    assert (found.ge, found.gt, found.le) == (None, 0, None)


@given(st.integers(-10, 2000))
def test_primes(number: int) -> None:
    assert is_prime(number) == (number > 1 and all(number % divisor for divisor in range(2, number)))
