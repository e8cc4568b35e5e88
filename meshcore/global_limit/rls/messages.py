"""What is asked of a rate limit service, and what it answers (envoy.service.ratelimit.v3)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

__all__ = [
    "Code",
    "Descriptor",
    "DescriptorStatus",
    "Entry",
    "Limit",
    "LimitOverride",
    "RateLimitRequest",
    "RateLimitResponse",
    "Unit",
]

#: Key and value.
Entry = tuple[str, str]


class Unit(IntEnum):
    """The time that a limit is for. A month has 30 days, a year 365."""

    UNKNOWN = 0
    SECOND = 1
    MINUTE = 2
    HOUR = 3
    DAY = 4
    MONTH = 5
    YEAR = 6
    WEEK = 7

    @property
    def seconds(self) -> int:
        """How long it is; 0 where it is not known."""
        return _SECONDS[self]


_DAY = 24 * 60 * 60
_SECONDS = {
    Unit.UNKNOWN: 0,
    Unit.SECOND: 1,
    Unit.MINUTE: 60,
    Unit.HOUR: 60 * 60,
    Unit.DAY: _DAY,
    Unit.WEEK: 7 * _DAY,
    Unit.MONTH: 30 * _DAY,
    Unit.YEAR: 365 * _DAY,
}


class Code(IntEnum):
    """What the service says of a descriptor, or of a request."""

    UNKNOWN = 0
    OK = 1
    OVER_LIMIT = 2


@dataclass(frozen=True, slots=True)
class LimitOverride:
    """A limit that comes with the request, in place of the configured one."""

    requests_per_unit: int = 0
    unit: Unit = Unit.UNKNOWN


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What is counted: keys and values, from the general to the special.

    ``hits_addend`` is how much this one counts; None: as much as the request says. With ``is_negative_hits``
    so much is given back instead.
    """

    entries: tuple[Entry, ...] = ()
    limit: LimitOverride | None = None
    hits_addend: int | None = None
    is_negative_hits: bool = False


@dataclass(frozen=True, slots=True)
class RateLimitRequest:
    """``hits_addend`` 0 counts as 1, as everywhere in this protocol."""

    domain: str = ""
    descriptors: tuple[Descriptor, ...] = ()
    hits_addend: int = 0

    def hits(self, descriptor: Descriptor) -> int:
        """How much one of its descriptors counts."""
        return max(self.hits_addend, 1) if descriptor.hits_addend is None else descriptor.hits_addend


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit as the service has it."""

    requests_per_unit: int = 0
    unit: Unit = Unit.UNKNOWN
    name: str = ""


@dataclass(frozen=True, slots=True)
class DescriptorStatus:
    """The answer for one descriptor; ``current_limit`` is None where it has none.

    ``duration_until_reset`` is in seconds.
    """

    code: Code = Code.UNKNOWN
    current_limit: Limit | None = None
    limit_remaining: int = 0
    duration_until_reset: float | None = None


@dataclass(frozen=True, slots=True)
class RateLimitResponse:
    """The answer: ``statuses`` has one for each descriptor, in their order."""

    overall_code: Code = Code.UNKNOWN
    statuses: tuple[DescriptorStatus, ...] = ()
    response_headers_to_add: tuple[tuple[str, str], ...] = ()
    request_headers_to_add: tuple[tuple[str, str], ...] = ()
    raw_body: bytes = b""
