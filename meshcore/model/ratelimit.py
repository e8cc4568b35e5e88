"""Rate limits: Envoy v3 ``RateLimit`` actions, the ``LocalRateLimit`` filter, the filter that asks a service.

Durations are seconds as floats; ``None`` means that the document said nothing.
"""

from __future__ import annotations

from enum import Enum

from meshcore.model._dataclass import dataclass
from meshcore.model.headers import HeaderValue
from meshcore.model.matching import Fraction, HeaderMatch, QueryParameterMatch

__all__ = [
    "GlobalRateLimit",
    "GlobalRateLimitLevel",
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
    """What an action makes a descriptor entry of. Envoy has all but the last three."""

    SOURCE_CLUSTER = "source_cluster"
    DESTINATION_CLUSTER = "destination_cluster"
    REQUEST_HEADERS = "request_headers"
    QUERY_PARAMETERS = "query_parameters"
    REMOTE_ADDRESS = "remote_address"
    MASKED_REMOTE_ADDRESS = "masked_remote_address"
    GENERIC_KEY = "generic_key"
    HEADER_VALUE_MATCH = "header_value_match"
    QUERY_PARAMETER_VALUE_MATCH = "query_parameter_value_match"
    METADATA = "metadata"  #: what the route's has at ``name``, or else ``value``
    CLIENT = "client"  #: as MASKED_REMOTE_ADDRESS, and IPv4 within IPv6 (``::ffff:192.0.2.7``) is IPv4
    COOKIE = "cookie"
    PATH = "path"  #: without query
    ROUTE = "route"  #: its name


@dataclass(frozen=True, slots=True)
class RateLimitAction:
    """One entry of a descriptor.

    ``name`` is the header, query parameter, cookie or place in the route's metadata that gives the value,
    ``key`` and ``value`` what the document fixes. ``expect_match`` False: the entry is made where the
    matchers do not match.
    """

    kind: RateLimitActionKind
    key: str = ""
    value: str = ""
    name: str = ""
    skip_if_absent: bool = False
    empty_if_absent: bool = False  #: the entry then has no value, and the requests without it share a bucket
    expect_match: bool = True
    headers: tuple[HeaderMatch, ...] = ()
    query_parameters: tuple[QueryParameterMatch, ...] = ()
    prefix_lengths: tuple[int, int] = (32, 128)  #: of IPv4 and IPv6 addresses


@dataclass(frozen=True, slots=True)
class RateLimit:
    """The actions that make one descriptor of a request.

    ``hits`` or ``hits_format`` say how many tokens it takes (1 where neither is set); ``refunds``: it gives
    them back. What ``hits_format`` finds counts up to 1,000,000,000; more makes no descriptor, as Envoy has
    it, or with ``excess_counts``, which is not Envoy's, one that no bucket has the tokens for.
    ``disable_key`` keeps local limits from it; ``share`` of the requests have it for global ones.
    """

    actions: tuple[RateLimitAction, ...]
    stage: int = 0
    disable_key: str = ""
    share: Fraction | None = None  #: None: all
    hits: int | None = None
    hits_format: str = ""
    refunds: bool = False
    excess_counts: bool = False
    rate_limit_headers: bool | None = None  #: None: as the limit has it


@dataclass(frozen=True, slots=True)
class RateLimitDescriptor:
    """A bucket of its own for requests whose descriptor has exactly these entries.

    An empty value stands for any, each of which has its own bucket. ``name`` and ``status`` are those of a
    ``RateLimits`` document: by which clients are told of it, and what refusals answer (None: the limit's).
    """

    entries: tuple[tuple[str, str], ...]
    bucket: TokenBucket
    shadow_mode: bool = False
    name: str = ""
    status: int | None = None


@dataclass(frozen=True, slots=True)
class LocalRateLimit:
    """Envoy's local rate limit. With ``enabled`` or ``enforced`` unset nothing is limited.

    ``ratelimit_headers``, ``retry_after``, ``zero_is_free`` (a request that takes no tokens passes) and
    ``tells_least`` (of rules that pass, the one with the least left is told of; of those in shadow, clients
    are told nothing, and what they would refuse counts as rate_limited) are not Envoy's.
    """

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
    ratelimit_headers: bool = False  #: RateLimit and RateLimit-Policy, draft version 10
    retry_after: bool = False
    virtual_host_limits: str = "OVERRIDE"
    always_consume_default_bucket: bool = True
    resource_exhausted: bool = False
    max_dynamic_descriptors: int = 20
    zero_is_free: bool = False
    tells_least: bool = False
    #: The cluster whose endpoints have their share of it each (``local_cluster_rate_limit``); "": none.
    divided_among: str = ""


@dataclass(frozen=True, slots=True)
class GlobalRateLimit:
    """Envoy's ``ratelimit`` filter: asks a rate limit service about the descriptors of a request.

    ``cluster`` or ``target_uri`` says where the service is. ``request_type`` is "internal", "external" or
    "both".
    """

    domain: str
    cluster: str = ""
    target_uri: str = ""
    authority: str = ""
    timeout: float = 0.02  #: of one question; 0: none
    stage: int = 0
    request_type: str = "both"
    rate_limits: tuple[RateLimit, ...] = ()
    enabled: Fraction | None = None  #: None: all
    enforced: Fraction | None = None  #: None: all
    deny_on_failure: Fraction = Fraction(0, 100)  #: failure_mode_deny
    status: int = 429
    status_on_error: int = 500
    rate_limit_headers: bool = False
    limited_header: bool = True  #: x-envoy-ratelimited
    resource_exhausted: bool = False
    response_headers: tuple[HeaderValue, ...] = ()


@dataclass(frozen=True, slots=True)
class GlobalRateLimitLevel:
    """Envoy's ``RateLimitPerRoute``. ``domain`` "": the filter's."""

    domain: str = ""
    virtual_host_limits: str = "OVERRIDE"
    rate_limits: tuple[RateLimit, ...] = ()
