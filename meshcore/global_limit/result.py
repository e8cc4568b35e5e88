"""What a limiter that asks a service says of a call."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["GlobalLimitResult", "Source"]


class Source(enum.Enum):
    """Who decided."""

    REMOTE = "remote"  #: the service
    LOCAL = "local"  #: what this process knew, or had leased, from the service
    FAILURE_MODE = "failure-mode"  #: nobody answered; the other fields are no more than a guess


@dataclass(frozen=True, eq=False)
class GlobalLimitResult:
    """As ``meshcore.LimitResult``: it unpacks into ``allowed, remaining, retry_after``, equals the tuple of
    them, and is true where ``allowed`` is. ``source`` says who decided."""

    allowed: bool
    remaining: int  #: whole tokens that are left; of a lease those of the lease
    #: Seconds after which the same would be allowed if nobody else came; 0.0 where it is, ``math.inf`` where
    #: it costs more than ``max_tokens``; of a refusal by the failure mode until the service may be asked
    #: again, ``open_time`` where it may be now.
    retry_after: float
    reset: float  #: seconds until the bucket is full again
    source: Source = Source.REMOTE

    def __bool__(self) -> bool:
        return self.allowed

    def __len__(self) -> int:
        return 3

    def __iter__(self) -> Iterator[bool | int | float]:
        return iter((self.allowed, self.remaining, self.retry_after))

    def __getitem__(self, index: int) -> bool | int | float:
        return (self.allowed, self.remaining, self.retry_after)[index]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, (GlobalLimitResult, tuple)):
            return tuple(self) == tuple(other)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))
