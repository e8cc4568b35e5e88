"""Rate limits (Envoy v3 ``RateLimit`` actions and the ``LocalRateLimit`` filter).

Durations are seconds as floats; ``None`` means that the document said nothing.
"""

from __future__ import annotations

from enum import Enum

from meshcore.model._dataclass import dataclass
from meshcore.model.headers import HeaderValue
from meshcore.model.matching import Fraction, HeaderMatch, QueryParameterMatch

__all__ = [
    "LocalRateLimit",
    "RateLimit",
    "RateLimitAction",
    "RateLimitActionKind",
    "RateLimitDescriptor",
    "TokenBucket",
]


@dataclass(frozen=True, slots=True)
class TokenBucket:
    """Holds up to ``max_tokens``; gains ``tokens_per_fill`` each ``fill_interval`` seconds."""

    max_tokens: int
    fill_interval: float
    tokens_per_fill: int = 1


class RateLimitActionKind(Enum):
    """What an action makes a descriptor entry of."""

    SOURCE_CLUSTER = "source_cluster"
    DESTINATION_CLUSTER = "destination_cluster"
    REQUEST_HEADERS = "request_headers"
    QUERY_PARAMETERS = "query_parameters"
    REMOTE_ADDRESS = "remote_address"
    MASKED_REMOTE_ADDRESS = "masked_remote_address"
    GENERIC_KEY = "generic_key"
    HEADER_VALUE_MATCH = "header_value_match"
    QUERY_PARAMETER_VALUE_MATCH = "query_parameter_value_match"


@dataclass(frozen=True, slots=True)
class RateLimitAction:
    """One entry of a descriptor.

    ``name`` is the header or query parameter that gives the value, ``key`` and ``value`` what the
    document fixes. ``expect_match`` False: the entry is made where the matchers do not match.
    """

    kind: RateLimitActionKind
    key: str = ""
    value: str = ""
    name: str = ""
    skip_if_absent: bool = False
    expect_match: bool = True
    headers: tuple[HeaderMatch, ...] = ()
    query_parameters: tuple[QueryParameterMatch, ...] = ()
    prefix_lengths: tuple[int, int] = (32, 128)  #: of IPv4 and IPv6 addresses


@dataclass(frozen=True, slots=True)
class RateLimit:
    """The actions that make one descriptor of a request."""

    actions: tuple[RateLimitAction, ...]
    stage: int = 0


@dataclass(frozen=True, slots=True)
class RateLimitDescriptor:
    """A bucket of its own for requests whose descriptor has exactly these entries."""

    entries: tuple[tuple[str, str], ...]
    bucket: TokenBucket
    shadow_mode: bool = False


@dataclass(frozen=True, slots=True)
class LocalRateLimit:
    """Envoy's local rate limit. With ``enabled`` or ``enforced`` unset nothing is limited."""

    stat_prefix: str
    bucket: TokenBucket | None = None
    descriptors: tuple[RateLimitDescriptor, ...] = ()
    rate_limits: tuple[RateLimit, ...] = ()
    enabled: Fraction | None = None
    enforced: Fraction | None = None
    status: int = 429
    request_headers_when_not_enforced: tuple[HeaderValue, ...] = ()
    response_headers: tuple[HeaderValue, ...] = ()
    stage: int = 0
    per_connection: bool = False
    rate_limit_headers: bool = False  #: x-ratelimit-*, draft version 3
    virtual_host_limits: str = "OVERRIDE"
    always_consume_default_bucket: bool = True
    resource_exhausted: bool = False
