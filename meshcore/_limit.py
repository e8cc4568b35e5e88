"""What both backends of rate limits share: checks of what they are given, seconds as nanoseconds."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from meshcore._options import checked_clock, checked_keys, instance, whole

if TYPE_CHECKING:  # PyPy may be of Python 3.9, which has none
    from typing import ParamSpec

    P = ParamSpec("P")

__all__ = [
    "MAX_TOKENS",
    "NEVER",
    "bucket_given",
    "bucket_of",
    "checked_capacity",
    "checked_cost",
    "checked_keys",
    "limiter_given",
    "nanoseconds",
    "wait_of",
]

T = TypeVar("T")

MAX_TOKENS = 2**53  #: as the core has it: what a double can tell from its neighbours
NEVER = 2**64 - 1  #: of a wait, as the core has it
_MAX_SECONDS = 9e9  # 285 years: in nanoseconds it fits 63 bits


def _called(name: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """A function whose errors name what people have called; those of compiled classes name no class."""

    def rename(function: Callable[P, T]) -> Callable[P, T]:
        function.__qualname__ = name
        return function

    return rename


@_called("TokenBucket")
def bucket_given(
    max_tokens: object,
    tokens_per_fill: object,
    fill_interval: object,
    *,
    shared_state: object = None,
    name: object = "",
    clock: object = None,
) -> tuple[object, ...]:
    """What a TokenBucket is made with, in order."""
    _check_common(name, clock)
    return max_tokens, tokens_per_fill, fill_interval, shared_state, name, clock


@_called("RateLimiter")
def limiter_given(
    max_tokens: object,
    tokens_per_fill: object,
    fill_interval: object,
    *,
    capacity: object = 65536,
    shared_state: object = None,
    name: object = "",
    clock: object = None,
) -> tuple[object, ...]:
    """What a RateLimiter is made with, in order."""
    _check_common(name, clock)
    return max_tokens, tokens_per_fill, fill_interval, capacity, shared_state, name, clock


def bucket_of(max_tokens: object, tokens_per_fill: object, fill_interval: object) -> tuple[int, int, int]:
    """The parameters of a token bucket, the interval in nanoseconds.

    Raises:
        TypeError, ValueError: where they are none.
    """
    tokens = [
        whole(name, value, 1, MAX_TOKENS)
        for name, value in (("max_tokens", max_tokens), ("tokens_per_fill", tokens_per_fill))
    ]
    seconds = _seconds("fill_interval", fill_interval)
    if not 1e-9 <= seconds <= _MAX_SECONDS:
        raise ValueError(f"fill_interval is {seconds} s; expected a nanosecond to {_MAX_SECONDS:,.0f} s")
    return tokens[0], tokens[1], round(seconds * 1e9)


def checked_capacity(value: object) -> int:
    """How many keys a limiter is made for.

    Raises:
        TypeError, ValueError: where it is no number of keys.
    """
    return whole("capacity", value, 1, 2**48)


def checked_cost(value: object) -> int:
    """A number of tokens, as the core takes it: all that are more than any bucket holds are alike.

    Raises:
        TypeError, ValueError: where it is none.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"cost is {value!r}; expected an int")
    if value < 0:
        raise ValueError(f"cost is {value}; expected 0 or more (refund() gives back)")
    return min(value, 2 * MAX_TOKENS)


def wait_of(seconds: object) -> int:
    """The longest wait in nanoseconds; None is any.

    Raises:
        TypeError, ValueError: where it is none.
    """
    if seconds is None:
        return NEVER
    value = _seconds("max_wait", seconds)
    if not value >= 0:
        raise ValueError(f"max_wait is {value} s; expected 0 or more")
    return round(value * 1e9) if value <= _MAX_SECONDS else NEVER


def nanoseconds(now: float) -> int:
    """What a clock says, as the core takes it: modulo 2**64.

    Raises:
        ValueError: where it is no time.
    """
    if not -_MAX_SECONDS <= now <= _MAX_SECONDS:
        raise ValueError(f"the clock says {now}; expected seconds")
    return round(now * 1e9) & NEVER


def _check_common(name: object, clock: object) -> None:
    instance("name", name, (str, bytes), "a name, str or bytes")
    checked_clock(clock)


def _seconds(name: str, value: object) -> float:
    if isinstance(value, timedelta):
        return value.total_seconds()
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise TypeError(f"{name} is {value!r}; expected seconds or a timedelta")
    if math.isnan(value):
        raise ValueError(f"{name} is no number")
    return float(value)
