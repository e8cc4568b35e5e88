"""The judges of records: whether a token bucket could have let it all in, and how many were there at once.

A history is a list of admissions, each of them a time in nanoseconds, as the limiter was told it, and a
cost. It is accepted if in every window no more was let in than ``max_tokens`` and what came meanwhile: then,
and only then, there is an order in which one bucket, asked by one caller, would have allowed them all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Excess", "excess", "most_at_once"]


@dataclass(frozen=True)
class Excess:
    """A window that has too much in it."""

    start_ns: int
    end_ns: int
    admitted: int  #: tokens
    allowed: int  #: whole tokens


def excess(
    admissions: Iterable[tuple[int, int]], max_tokens: int, tokens_per_fill: int, fill_interval_ns: int
) -> Excess | None:
    """The first window with too much in it; None: there is none.

    It keeps, of the windows that end at each admission, the one that has the most: in integers, so exactly.
    Windows that begin and end at admissions are enough, since longer ones only gain tokens.
    """
    worst: tuple[int, int, int] | None = None  # what it begins with, its time, tokens before it
    before = 0
    for at, cost in sorted(admissions):
        begins = before * fill_interval_ns - at * tokens_per_fill
        if worst is None or begins < worst[0]:
            worst = begins, at, before
        before += cost
        if before * fill_interval_ns - at * tokens_per_fill - worst[0] > max_tokens * fill_interval_ns:
            came = (at - worst[1]) * tokens_per_fill // fill_interval_ns
            return Excess(worst[1], at, before - worst[2], max_tokens + came)
    return None


def most_at_once(stays: Iterable[tuple[int, int]]) -> int:
    """How many of these overlap at some instant; each is its begin and its end, both within what it held."""
    moments = sorted(moment for begin, end in stays if begin < end for moment in ((begin, 1), (end, -1)))
    now = most = 0
    for _, change in moments:  # who ends at an instant ends before others begin
        now += change
        most = max(most, now)
    return most
