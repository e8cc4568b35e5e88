"""Route tables: virtual hosts, routes and what a route does (Envoy v3 ``RouteConfiguration``).

Durations are seconds as floats; ``None`` means that the document said nothing.
"""

from __future__ import annotations

from dataclasses import field
from enum import Enum

from meshcore.model._dataclass import dataclass
from meshcore.model.fault import FaultPolicy
from meshcore.model.headers import HeaderEdits
from meshcore.model.matching import Fraction, HeaderMatch, RouteMatch, StringMatch
from meshcore.model.origin import Origin
from meshcore.model.ratelimit import RateLimit

__all__ = [
    "DEFAULT_BUFFER_LIMIT",
    "DEFAULT_ROUTE_TIMEOUT",
    "DEFAULT_STREAM_IDLE_TIMEOUT",
    "CorsFilter",
    "CorsPolicy",
    "DirectResponse",
    "ForwardAction",
    "HashPolicy",
    "HashPolicyKind",
    "HedgePolicy",
    "HostRewrite",
    "HostRewriteKind",
    "MirrorPolicy",
    "PathRewrite",
    "PathRewriteKind",
    "Redirect",
    "RegexRewrite",
    "RequireTls",
    "RetryPolicy",
    "Route",
    "RouteConfiguration",
    "StickyKey",
    "TraceSampling",
    "VirtualCluster",
    "VirtualHost",
    "WeightedCluster",
    "WeightedClusters",
]


#: Bytes of a request's body that are kept for retries where neither route nor virtual host says anything:
#: what a connection of Envoy's holds.
DEFAULT_BUFFER_LIMIT = 1024 * 1024
#: Seconds for a whole request where its route says nothing (Envoy's default).
DEFAULT_ROUTE_TIMEOUT = 15.0
#: Seconds in which nothing happens on a stream, where neither route nor listener says anything (likewise).
DEFAULT_STREAM_IDLE_TIMEOUT = 300.0


@dataclass(frozen=True, slots=True)
class RegexRewrite:
    """Replace every match of ``pattern`` (RE2) by ``substitution`` (``\\1`` are groups)."""

    pattern: str
    substitution: str


class PathRewriteKind(Enum):
    PREFIX = "prefix_rewrite"
    REGEX = "regex_rewrite"
    TEMPLATE = "path_template_rewrite"
    FULL = "path_redirect"


@dataclass(frozen=True, slots=True)
class PathRewrite:
    """How the path changes: ``text`` for PREFIX, TEMPLATE and FULL, ``regex`` for REGEX.

    FULL replaces the whole path and keeps the query unless ``text`` has one of its own
    (redirects, and Istio's ``rewrite.uri`` on exact and regex matches).
    """

    kind: PathRewriteKind
    text: str = ""
    regex: RegexRewrite | None = None


class HostRewriteKind(Enum):
    LITERAL = "host_rewrite_literal"
    HEADER = "host_rewrite_header"
    PATH_REGEX = "host_rewrite_path_regex"
    AUTO = "auto_host_rewrite"


@dataclass(frozen=True, slots=True)
class HostRewrite:
    """How the authority changes: ``text`` is the literal or the header's name."""

    kind: HostRewriteKind
    text: str = ""
    regex: RegexRewrite | None = None
    append_x_forwarded_host: bool = False


class HashPolicyKind(Enum):
    HEADER = "header"
    COOKIE = "cookie"
    SOURCE_IP = "source_ip"
    QUERY_PARAMETER = "query_parameter"
    FILTER_STATE = "filter_state"


@dataclass(frozen=True, slots=True)
class HashPolicy:
    """One source of the hash that picks the endpoint. ``ttl`` None: no cookie is generated."""

    kind: HashPolicyKind
    name: str = ""
    regex: RegexRewrite | None = None
    ttl: float | None = None
    cookie_path: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    terminal: bool = False


@dataclass(frozen=True, slots=True)
class StickyKey:
    """What keeps a request at its destination (an extension of ours; docs/sticky.md).

    A HEADER, a COOKIE or the SOURCE_IP. ``ttl``: seconds for which a cookie is given to clients without one,
    0: until their session ends; None: none is given. ``path``: where that cookie applies.
    """

    kind: HashPolicyKind
    name: str = ""
    ttl: float | None = None
    path: str = ""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Envoy's ``RetryPolicy``; ``num_retries`` counts attempts after the first.

    ``omit_host_metadata``: hosts that have all labels of one of these sets are passed over.
    """

    retry_on: tuple[str, ...] = ()
    num_retries: int = 1
    per_try_timeout: float | None = None
    per_try_idle_timeout: float | None = None
    retriable_status_codes: tuple[int, ...] = ()
    retriable_headers: tuple[HeaderMatch, ...] = ()
    retriable_request_headers: tuple[HeaderMatch, ...] = ()
    back_off_base: float | None = None
    back_off_max: float | None = None
    rate_limited_reset_headers: tuple[tuple[str, str], ...] = ()
    rate_limited_max_interval: float | None = None
    avoid_previous_hosts: bool = False
    omit_host_metadata: tuple[tuple[tuple[str, object], ...], ...] = ()
    previous_priorities_frequency: int | None = None
    host_selection_max_attempts: int = 1


@dataclass(frozen=True, slots=True)
class HedgePolicy:
    initial_requests: int = 1
    additional_request_chance: Fraction | None = None
    hedge_on_per_try_timeout: bool = False


@dataclass(frozen=True, slots=True)
class MirrorPolicy:
    """A copy of ``fraction`` (None: all) of the requests goes to ``cluster`` (or the one a header names).

    ``host_rewrite``: the copy's authority; without one it is the request's, with ``-shadow`` at the end of
    the host where ``append_shadow_suffix``. ``edits``: of the copy's request headers, one after the other.
    """

    cluster: str
    fraction: Fraction | None = None
    cluster_header: str = ""
    append_shadow_suffix: bool = True
    host_rewrite: str = ""
    edits: tuple[HeaderEdits, ...] = ()


@dataclass(frozen=True, slots=True)
class CorsFilter:
    """The CORS filter of a listener; what it does is said by :class:`CorsPolicy`."""


@dataclass(frozen=True, slots=True)
class CorsPolicy:
    """Envoy's ``CorsPolicy``. What is None or empty is left to the policy of the next level: a weighted
    cluster's, the route's, the virtual host's, the route configuration's. ``enabled``: the share of requests
    that the innermost policy applies to (None: all)."""

    allow_origins: tuple[StringMatch, ...] = ()
    allow_methods: str = ""
    allow_headers: str = ""
    expose_headers: str = ""
    max_age: str = ""
    allow_credentials: bool | None = None
    allow_private_network_access: bool | None = None
    forward_not_matching_preflights: bool | None = None
    enabled: Fraction | None = None
    shadow_enabled: Fraction | None = None


@dataclass(frozen=True, slots=True)
class WeightedCluster:
    """One destination of a split: ``cluster``, or the cluster that the header ``cluster_header`` names."""

    cluster: str
    weight: int
    cluster_header: str = ""
    edits: HeaderEdits = HeaderEdits()
    host_rewrite: str = ""
    metadata_match: tuple[tuple[str, object], ...] = ()
    typed_per_filter_config: tuple[tuple[str, object], ...] = ()
    origin: Origin | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class WeightedClusters:
    """A split by weight: random, or by ``header_name``, the route's hash policy or a sticky key."""

    clusters: tuple[WeightedCluster, ...]
    header_name: str = ""
    use_hash_policy: bool = False
    sticky: StickyKey | None = None


@dataclass(frozen=True, slots=True)
class ForwardAction:
    """Send the request on: to exactly one of ``cluster``, ``cluster_header``, ``weighted_clusters``.

    ``stream_limits``: the route says something of ``max_stream_duration``, so that ``timeout`` does not count
    and the ``grpc_timeout_header`` fields do. ``max_grpc_timeout`` and its offset are the older way: they
    count where it says nothing.
    """

    cluster: str = ""
    cluster_header: str = ""
    weighted_clusters: WeightedClusters | None = None
    cluster_not_found_status: int = 503
    path_rewrite: PathRewrite | None = None
    host_rewrite: HostRewrite | None = None
    timeout: float | None = None  #: None: Envoy's default of 15 s; 0: no timeout
    idle_timeout: float | None = None
    stream_limits: bool = False
    max_stream_duration: float | None = None
    grpc_timeout_header_max: float | None = None
    grpc_timeout_header_offset: float | None = None
    max_grpc_timeout: float | None = None
    grpc_timeout_offset: float | None = None
    retry_policy: RetryPolicy | None = None
    hedge_policy: HedgePolicy | None = None
    hash_policies: tuple[HashPolicy, ...] = ()
    rate_limits: tuple[RateLimit, ...] = ()
    include_virtual_host_rate_limits: bool = False  #: the virtual host's count beside these
    mirrors: tuple[MirrorPolicy, ...] = ()
    cors: CorsPolicy | None = None  #: counts where no level has one in ``typed_per_filter_config``
    metadata_match: tuple[tuple[str, object], ...] = ()
    priority_high: bool = False
    include_request_attempt_count: bool = False
    upgrades: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Redirect:
    """Answer with a redirect. ``None`` and "" leave a part of the URL as it is."""

    status: int = 301
    scheme: str = ""
    https: bool = False
    host: str = ""
    port: int | None = None
    path: PathRewrite | None = None
    strip_query: bool = False


@dataclass(frozen=True, slots=True)
class DirectResponse:
    """Answer at once. ``body_format``: a format string (meshcore.model.format) used in place of ``body``."""

    status: int
    body: bytes = b""
    body_format: str | None = None
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class TraceSampling:
    """Which requests are traced: shares of those that ask for it, of all others by their id, and of both."""

    client: Fraction = Fraction(100)
    random: Fraction = Fraction(100)
    overall: Fraction = Fraction(100)


@dataclass(frozen=True, slots=True)
class Route:
    """A rule: what it asks, and what happens then."""

    match: RouteMatch
    action: ForwardAction | Redirect | DirectResponse
    name: str = ""
    edits: HeaderEdits = HeaderEdits()
    fault: FaultPolicy | None = None
    request_buffer_limit: int | None = None  #: bytes of a body that are kept for retries and mirrors
    sampling: TraceSampling | None = None  #: None: the listener's
    typed_per_filter_config: tuple[tuple[str, object], ...] = ()
    origin: Origin | None = field(default=None, compare=False)


class RequireTls(Enum):
    NONE = "NONE"
    EXTERNAL_ONLY = "EXTERNAL_ONLY"
    ALL = "ALL"


@dataclass(frozen=True, slots=True)
class VirtualCluster:
    """A name for the requests of a virtual host that match ``headers``; it decides nothing."""

    name: str
    headers: tuple[HeaderMatch, ...]


@dataclass(frozen=True, slots=True)
class VirtualHost:
    """Routes for a set of domains, in order: the first that matches wins."""

    name: str
    domains: tuple[str, ...]
    routes: tuple[Route, ...] = ()
    require_tls: RequireTls = RequireTls.NONE
    edits: HeaderEdits = HeaderEdits()
    retry_policy: RetryPolicy | None = None
    hedge_policy: HedgePolicy | None = None
    cors: CorsPolicy | None = None
    rate_limits: tuple[RateLimit, ...] = ()
    mirrors: tuple[MirrorPolicy, ...] = ()
    virtual_clusters: tuple[VirtualCluster, ...] = ()
    request_buffer_limit: int | None = None  #: of routes that have none
    include_request_attempt_count: bool = False
    include_attempt_count_in_response: bool = False
    typed_per_filter_config: tuple[tuple[str, object], ...] = ()
    origin: Origin | None = field(default=None, compare=False)
    require_tls_origin: Origin | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class RouteConfiguration:
    """A route table: exact domains, then the longest ``*suffix``, the longest ``prefix*``, and ``*``."""

    name: str = ""
    virtual_hosts: tuple[VirtualHost, ...] = ()
    edits: HeaderEdits = HeaderEdits()
    vhost_header: str = ""
    ignore_port_in_host_matching: bool = False
    most_specific_header_mutations_wins: bool = False
    mirrors: tuple[MirrorPolicy, ...] = ()
    max_direct_response_body_size: int = 4096
    typed_per_filter_config: tuple[tuple[str, object], ...] = ()
    origin: Origin | None = field(default=None, compare=False)
