"""The parameters of load balancing policies: the one place that says their names, types, defaults and ranges.

Validators of both config dialects and the standalone components read them here. Durations are seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field, fields
from enum import Enum
from typing import Any

from meshcore.model._dataclass import dataclass

__all__ = [
    "ClientSideWeighted",
    "LeastRequest",
    "Maglev",
    "PeakEwma",
    "Policy",
    "Range",
    "RingHash",
    "SlowStart",
    "check_parameters",
    "is_prime",
    "range_of",
]


class Policy(Enum):
    """The load balancing policy."""

    ROUND_ROBIN = "ROUND_ROBIN"
    LEAST_REQUEST = "LEAST_REQUEST"
    RING_HASH = "RING_HASH"
    RANDOM = "RANDOM"
    MAGLEV = "MAGLEV"
    CLUSTER_PROVIDED = "CLUSTER_PROVIDED"
    PEAK_EWMA = "PEAK_EWMA"
    CLIENT_SIDE_WEIGHTED_ROUND_ROBIN = "CLIENT_SIDE_WEIGHTED_ROUND_ROBIN"


@dataclass(frozen=True, slots=True)
class Range:
    """The values that a parameter may have. ``above`` and ``below`` are excluded, the others included."""

    least: float | None = None
    above: float | None = None
    most: float | None = None
    below: float | None = None
    prime: bool = False
    options: tuple[str, ...] = ()

    def __contains__(self, value: object) -> bool:
        if self.options:
            return value in self.options
        if not isinstance(value, (int, float)):
            return not self.bounded
        return (
            (self.least is None or value >= self.least)
            and (self.above is None or value > self.above)
            and (self.most is None or value <= self.most)
            and (self.below is None or value < self.below)
            and (not self.prime or (isinstance(value, int) and is_prime(value)))
        )

    @property
    def bounded(self) -> bool:
        return self != Range()

    def __str__(self) -> str:
        if self.options:
            return "one of " + ", ".join(self.options)
        if self.prime:
            return "a prime number" + (f" up to {self.most:,}" if self.most is not None else "")
        if self.least is not None and self.most is not None:
            return f"{self.least:,} to {self.most:,}"
        if self.least is not None:
            return f"{self.least:,} or more"
        if self.above is not None and self.below is not None:
            return f"more than {self.above:,} and less than {self.below:,}"
        if self.above is not None:
            return f"more than {self.above:,}"
        return f"{self.most:,} or less" if self.most is not None else "any value"


def is_prime(number: int) -> bool:
    """By trial division: tables are small enough for it."""
    if number < 4:
        return number > 1
    if number % 2 == 0:
        return False
    divisor = 3
    while divisor * divisor <= number:
        if number % divisor == 0:
            return False
        divisor += 2
    return True


def _parameter(default: Any, **bounds: Any) -> Any:
    return field(default=default, metadata={"range": Range(**bounds)})


@dataclass(frozen=True, slots=True)
class SlowStart:
    """New endpoints get ``max(min_weight_percent / 100, (age / window) ** (1 / aggression))`` of their
    weight."""

    window: float = _parameter(0.0, least=0)
    aggression: float = _parameter(1.0, above=0)
    min_weight_percent: float = _parameter(10.0, least=0, most=100)


@dataclass(frozen=True, slots=True)
class LeastRequest:
    choice_count: int = _parameter(2, least=2, most=2**32 - 1)
    active_request_bias: float = _parameter(1.0, least=0)
    full_scan: bool = False


@dataclass(frozen=True, slots=True)
class RingHash:
    hash_function: str = _parameter("XX_HASH", options=("XX_HASH", "MURMUR_HASH_2"))
    minimum_ring_size: int = _parameter(1024, least=0, most=8388608)
    maximum_ring_size: int = _parameter(8388608, least=1, most=8388608)


@dataclass(frozen=True, slots=True)
class Maglev:
    table_size: int = _parameter(65537, most=5000011, prime=True)


@dataclass(frozen=True, slots=True)
class PeakEwma:
    decay_time: float = _parameter(10.0, least=0)  #: the time constant
    default_rtt: float = _parameter(0.010, least=0)  #: of endpoints that were never asked
    penalty_value: float = _parameter(1_000_000.0, least=0)  #: cost of those that never answered


@dataclass(frozen=True, slots=True)
class ClientSideWeighted:
    """Weights are requests a second by utilisation, as endpoints report both (ORCA)."""

    blackout_period: float = _parameter(10.0, least=0)
    weight_expiration_period: float = _parameter(180.0, least=0)
    weight_update_period: float = _parameter(1.0, least=0)  #: less than 0.1 counts as 0.1
    error_utilization_penalty: float = _parameter(1.0, least=0)
    metric_names: tuple[str, ...] = ()  #: of utilisation, where the application tells none


def range_of(parameters: type, name: str) -> Range:
    """The range of one parameter: ``range_of(LeastRequest, "choice_count")``."""
    for one in fields(parameters):
        if one.name == name:
            found: Range = one.metadata.get("range", Range())
            return found
    raise AttributeError(f"{parameters.__name__} has no parameter {name!r}")


def check_parameters(parameters: object) -> Iterator[str]:
    """What is wrong with parameters out of their range: "choice_count: found 1, expected 2 or more"."""
    for one in fields(parameters):  # type: ignore[arg-type]
        allowed: Range = one.metadata.get("range", Range())
        value = getattr(parameters, one.name)
        if value is None and one.metadata.get("optional"):
            continue
        if value not in allowed:
            yield f"{one.name}: found {value!r}, expected {allowed}"
