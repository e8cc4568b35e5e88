"""What the demo has found so far: the state that the displays show."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum

__all__ = ["Board", "Check", "State", "binomial_band"]


class State(Enum):
    WAITING = "waiting"
    RUNNING = "running"
    OK = "ok"
    FAILED = "FAILED"


@dataclass(slots=True)
class Check:
    """One promise of the configuration: what the rule is, what must be seen, what was seen."""

    name: str
    rule: str
    expected: str
    seen: str = ""
    state: State = State.WAITING

    def close(self, ok: bool, seen: str) -> None:
        self.seen = seen
        self.state = State.OK if ok else State.FAILED


@dataclass(slots=True)
class Board:
    """All checks, and how often which version of reviews answered."""

    checks: list[Check]
    versions: dict[str, Counter[str]]  #: by stage, in their order
    requests: int = 0
    failures: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.failures and all(check.state is State.OK for check in self.checks)


def binomial_band(trials: int, share: float, tail: float = 1e-7) -> tuple[int, int]:
    """The least and the greatest count that chance explains.

    A count below the first comes with a probability under ``tail``, one above the second likewise:
    at two bands a run, a sound split fails the demo less than once in two million runs.
    """
    if not 0 < share < 1:
        return round(trials * share), round(trials * share)
    mass = [
        math.exp(
            math.lgamma(trials + 1)
            - math.lgamma(count + 1)
            - math.lgamma(trials - count + 1)
            + count * math.log(share)
            + (trials - count) * math.log1p(-share)
        )
        for count in range(trials + 1)
    ]
    return _cut(mass, tail), trials - _cut(mass[::-1], tail)


def _cut(mass: list[float], tail: float) -> int:
    """How many of the first outcomes have less than ``tail`` together."""
    total = 0.0
    for count, probability in enumerate(mass):
        total += probability
        if total >= tail:
            return count
    return len(mass)
