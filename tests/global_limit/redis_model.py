"""What tests of the limiters in Redis share: the script in Python, on a clock that the test sets, and the
judge of what was admitted. Who imports it is skipped where redis-py is missing."""

from __future__ import annotations

from fractions import Fraction

import pytest

exceptions = pytest.importorskip(
    "redis.exceptions", reason="needs redis-py: pip install 'meshcore-engine[redis]'"
)

from meshcore.global_limit.redis.exchange import Question, Reply  # noqa: E402


class ModelServer:
    """What the script says and keeps, for each name."""

    def __init__(self) -> None:
        self.full_at: dict[bytes, Fraction] = {}

    def reply(self, question: Question, now_us: int) -> Reply:
        units = question.units
        debt = int(max(Fraction(0), self.full_at.get(question.name, Fraction(0)) - now_us) * units.scale)
        taken = question.cost
        if question.cost >= 0:
            room = question.most - debt
            if question.cost * units.token > room:
                return Reply(False, debt, 0)
            if not question.take:
                return Reply(True, debt, 0)
            taken += max(0, min(question.extra, (room // units.token - question.cost) // 2))
        after = max(0, debt + taken * units.token)
        if after != debt and after == 0:
            self.full_at.pop(question.name, None)
        elif after != debt:
            self.full_at[question.name] = now_us + Fraction(after, units.scale)
        return Reply(True, debt, taken)


def check_windows(admitted: list[tuple[Fraction, int]], burst: int, rate: Fraction) -> None:
    """In no stretch of time more than the burst and what came meanwhile. Times in order, and in the unit of
    which the rate is."""
    # The level of a bucket that fills without end: that it never drops by more than the burst below its
    # highest earlier value says the same, in one pass.
    total, least = 0, None
    for at, cost in admitted:
        before = total - rate * at
        least = before if least is None else min(least, before)
        total += cost
        assert total - rate * at - least <= burst, f"too many by {float(at)}"


def check_intervals(admitted: list[tuple[float, float]], burst: int, rate: float) -> None:
    """The same where of each admission it is known only that it was between two times."""
    by_end = sorted(admitted, key=lambda one: one[1])
    for begin, _ in admitted:
        count = 0
        for early, late in by_end:
            if early >= begin:
                count += 1
                assert count <= burst + rate * (late - begin) + 1e-6, f"{count} in {late - begin} s"
