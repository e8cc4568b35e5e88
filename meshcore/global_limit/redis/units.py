"""The arithmetic of buckets whose state is numbers of Lua: doubles, exact for integers up to 2**53.

Redis tells time in microseconds since 1970, 51 bits that leave no room for parts of them. So a time is two
integers, whole microseconds and *units*, of which ``scale`` make a microsecond, and what is computed with is
a bucket's debt, counted in units from now: how much is missing until it is full. ``scale`` is chosen so that
a token is a whole number of units, and nothing is ever rounded. Where that would make a debt too long for
2**52, units are coarser and a token takes up to a unit longer than asked for, never less.
"""

from __future__ import annotations

import math
from typing import NamedTuple

__all__ = ["MAX_DEBT", "MOST_EXACT", "Units", "units_of"]

#: The most that a bucket may owe, reservations included; a full one owes at most half of it.
MAX_DEBT = 2**52
#: Whole numbers up to this one are exact in Lua.
MOST_EXACT = 2**53


class Units(NamedTuple):
    """A token bucket in units of 1/scale microsecond."""

    max_tokens: int
    scale: int
    token: int

    @property
    def burst(self) -> int:
        """What an empty bucket owes."""
        return self.max_tokens * self.token

    @property
    def token_seconds(self) -> float:
        """How long a token takes to come."""
        return self.token / self.scale / 1e6

    def most(self, wait_ns: int) -> int:
        """What a bucket may owe for someone who waits as long."""
        return min(MAX_DEBT, self.burst + wait_ns * self.scale // 1000)

    def seconds(self, units: int) -> float:
        """How long that many take: whole microseconds, after which they have passed."""
        return -(-units // self.scale) / 1e6

    def remaining(self, debt: int) -> int:
        """Whole tokens that are left with that debt."""
        return max(0, self.burst - debt) // self.token

    def wait(self, debt: int, cost: int) -> float:
        """How long until so many tokens are there; ``math.inf``: for ever."""
        if cost > self.max_tokens:
            return math.inf
        return self.seconds(max(0, debt + cost * self.token - self.burst))


def units_of(max_tokens: int, tokens_per_fill: int, interval_ns: int) -> Units:
    """The units of a bucket.

    Raises:
        ValueError: a bucket would take more than 71 years to fill.
    """
    divisor = math.gcd(tokens_per_fill * 1000, interval_ns)
    # A token takes interval / tokens microseconds.
    tokens, interval = tokens_per_fill * 1000 // divisor, interval_ns // divisor
    longest = MAX_DEBT // 2 // max_tokens  # units of a token
    scale = min(tokens, longest * tokens // interval, MAX_DEBT // 2)
    if scale < 1:
        raise ValueError("max_tokens would take more than 71 years to come")
    return Units(max_tokens, scale, -(-interval * scale // tokens))
