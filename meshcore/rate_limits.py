"""What decisions tell of rate limits, and what they are told of them.

Local limits are decided with the request: :class:`AppliedLimit`. Of a global one the decision says what its
service is to be asked (:class:`RateLimitQuestion`); whoever does the I/O asks, and tells the answer by
``Decision.answer_rate_limit()``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from meshcore.model import GlobalRateLimit

__all__ = ["AppliedLimit", "Descriptor", "RateLimitQuestion", "ServiceLimit"]

#: Entries of a descriptor: key and value of each.
Descriptor = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class AppliedLimit:
    """What one local limit made of a request, by the bucket that decided.

    Of several buckets it is the one that refused, or else the first that was asked, which fills slowest.
    Times are seconds, as they were when it was decided; ``math.inf``: never.
    """

    filter: str  #: the filter's name
    stat_prefix: str  #: the limit's own, where it has one
    rule: str  #: name of the rule, its entries, or "default": the bucket of all requests
    descriptor: Descriptor  #: of the request; () of the bucket of all requests
    allowed: bool  #: by all buckets that are not in shadow mode
    enforced: bool  #: refused because of it
    limit: int  #: tokens that the bucket holds
    remaining: int
    retry_after: float  #: until the same request would pass; 0: it does
    reset: float  #: until the bucket is full


@dataclass(frozen=True, slots=True)
class RateLimitQuestion:
    """What a rate limit service is to be asked before the request goes on.

    ``filter`` says where the service is, how long to wait, and what counts where it fails. ``hits`` are those
    of each descriptor; None: not said, which counts as 1. ``refunds``: whether they are given back.
    """

    number: int  #: among those of the decision
    filter: GlobalRateLimit
    domain: str
    descriptors: tuple[Descriptor, ...]
    hits: tuple[int | None, ...]
    refunds: tuple[bool, ...]


class ServiceLimit(NamedTuple):
    """What the service tells of the limit that a descriptor falls under (``DescriptorStatus``)."""

    limit: int  #: requests in a window
    window: int  #: seconds; 0: not known
    remaining: int
    reset: int  #: seconds until the window ends
    name: str = ""
