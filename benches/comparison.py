"""What each bench offers `python -m benches`: us beside named peers, and the peers that are not here.

A bench has ``compare(quick) -> Comparison``. It says what the work is, who does it, and what our targets are;
how it is timed, recorded, drawn and compared is the same for all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from timing import Contender, Cost, measure

T = TypeVar("T")

#: Samples of a recorded run: more than a bench takes by itself, since others build on them.
WHOLE: dict[str, Any] = {"rounds": 25, "sample": 0.02}
QUICK: dict[str, Any] = {"rounds": 3, "sample": 0.005}
#: What installs the peers.
EXTRA = "pip install 'meshcore-engine[bench]'"


@dataclass(frozen=True)
class Row:
    """An operation as we do it and as a peer does it, measured in turns."""

    concern: str
    operation: str
    ours: str
    peer: str
    cost: Cost
    peer_cost: Cost
    #: How many times as much as ours the peer must cost.
    target: float | None = None

    @property
    def ratio(self) -> float:
        """How many times as much as ours the peer costs, by minima: larger is better."""
        return self.peer_cost.minimum / self.cost.minimum

    @property
    def spread(self) -> float:
        """How far the machine moved both sides together, as a part of the ratio."""
        return self.cost.spread + self.peer_cost.spread

    @property
    def name(self) -> tuple[str, str, str, str]:
        """What makes it the same row in another run."""
        return self.concern, self.operation, self.ours, self.peer

    @property
    def met(self) -> bool:
        return self.target is None or self.ratio >= self.target


@dataclass(frozen=True)
class Count:
    """Instructions that an operation of ours takes, as callgrind counts them: the machine hardly matters."""

    concern: str
    operation: str
    instructions: int
    at_most: int

    @property
    def name(self) -> tuple[str, str]:
        """What makes it the same count in another run."""
        return self.concern, self.operation

    @property
    def met(self) -> bool:
        return self.instructions <= self.at_most


@dataclass(frozen=True)
class Missing:
    """A peer that is not here, and what it would need."""

    concern: str
    peer: str
    needs: str

    def __str__(self) -> str:
        return f"{self.concern}: without {self.peer}, which needs {self.needs}"


def present(makers: Mapping[str, Callable[[], T]]) -> tuple[dict[str, T], dict[str, str]]:
    """What can be made, and of the others the module that each of them lacks."""
    found: dict[str, T] = {}
    lacking: dict[str, str] = {}
    for name, make in makers.items():
        try:
            found[name] = make()
        except ImportError as error:
            if (error.name or "").partition(".")[0] == "meshcore":
                raise
            lacking[name] = f"the module {error.name or name} ({EXTRA})"
    return found, lacking


def present_or_said(makers: Mapping[str, Callable[[], T]]) -> dict[str, T]:
    """What can be made; the others are named on the terminal."""
    found, lacking = present(makers)
    for name, needs in lacking.items():
        print(f"without {name}, which needs {needs}")
    return found


@dataclass
class Comparison:
    """The rows of one bench."""

    concern: str
    quick: bool = False
    rows: list[Row] = field(default_factory=list)
    counts: list[Count] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)

    def present(self, makers: Mapping[str, Callable[[], T]]) -> dict[str, T]:
        """What can be made; the others are noted as missing."""
        found, lacking = present(makers)
        self.lack(lacking)
        return found

    def lack(self, lacking: Mapping[str, str]) -> None:
        """Note peers that are not here, by name, with what they need; each once."""
        noted = {missing.peer for missing in self.missing}
        self.missing += [Missing(self.concern, *one) for one in lacking.items() if one[0] not in noted]

    def measure(self, contenders: Mapping[str, Contender], **options: Any) -> dict[str, Cost]:
        """As timing.measure, by the effort of this run."""
        return measure(contenders, **{**(QUICK if self.quick else WHOLE), **options})

    def add(
        self,
        operation: str,
        costs: Mapping[str, Cost],
        ours: str,
        peers: Iterable[str],
        targets: Mapping[str, float | None] | None = None,
    ) -> None:
        """A row of ``ours`` beside each of the peers that was measured."""
        for peer in peers:
            if peer in costs:
                target = (targets or {}).get(peer)
                self.rows.append(Row(self.concern, operation, ours, peer, costs[ours], costs[peer], target))
