"""What both backends of the circuit breakers share: the error, and the checks of what they are given."""

from __future__ import annotations

from meshcore._options import whole

__all__ = ["CircuitBreakerOpen", "checked_limit", "checked_percent"]

MAX_LIMIT = 2**32 - 1


class CircuitBreakerOpen(Exception):
    """``with breaker:`` found no room: as many requests are under way as there may be."""


def checked_limit(name: str, value: object) -> int:
    """A count that the core can hold.

    Raises:
        TypeError, ValueError: where it is none.
    """
    return whole(name, value, 0, MAX_LIMIT)


def checked_percent(name: str, value: object) -> float:
    """A share of 0 to 100.

    Raises:
        TypeError, ValueError: where it is none.
    """
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise TypeError(f"{name} is {value!r}; expected a number")
    if not 0 <= value <= 100:
        raise ValueError(f"{name} is {value}; expected 0 to 100")
    return float(value)
