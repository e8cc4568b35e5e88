"""A test: requests, and what is expected of the decision about each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from meshcore.check.exchange import Request, Response
from meshcore.check.seen import Seen
from meshcore.model import Origin

__all__ = ["Case", "Expectation"]


class Expectation(Protocol):
    """One thing that is expected of a decision."""

    def difference(self, seen: Seen) -> str | None:
        """How the decision differs, in words; None where it is as expected."""


@dataclass(frozen=True, slots=True)
class Case:
    """One test. ``seed`` None: what is expected must hold whatever chance says.

    ``split`` maps labels (a cluster, a subset, a host or an outcome) to percents. ``runtime`` is the
    runtime key that switches routes on (``router_check_tool`` only; None: all keys have their defaults).
    """

    name: str
    origin: Origin
    requests: tuple[Request, ...]
    expectations: tuple[Expectation, ...] = ()
    split: Mapping[str, float] = field(default_factory=dict)
    response: Response = field(default_factory=Response)
    seed: int | None = None
    runtime: str | None = None
