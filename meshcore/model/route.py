"""Route tables: virtual hosts, routes and what a route does (Envoy v3 ``RouteConfiguration``).

Durations are seconds as floats; ``None`` means that the document said nothing.
"""

from __future__ import annotations

from dataclasses import field
from enum import Enum

from meshcore.model._dataclass import dataclass
from meshcore.model.fault import FaultPolicy
from meshcore.model.headers import HeaderEdits
from meshcore.model.matching import Fraction, HeaderMatch, RouteMatch
from meshcore.model.origin import Origin
from meshcore.model.policy import CorsPolicy, HashPolicy, HedgePolicy, MirrorPolicy, RetryPolicy, StickyKey
from meshcore.model.ratelimit import RateLimit
from meshcore.model.rewrite import HostRewrite, PathRewrite
from meshcore.model.spans import CustomTag, Decorator

__all__ = [
    "DEFAULT_BUFFER_LIMIT",
    "DEFAULT_ROUTE_TIMEOUT",
    "DEFAULT_STREAM_IDLE_TIMEOUT",
    "DirectResponse",
    "FilterSwitch",
    "ForwardAction",
    "Redirect",
    "RequireTls",
    "Route",
    "RouteConfiguration",
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
class FilterSwitch:
    """In ``typed_per_filter_config``: whether the filter acts there (Envoy's ``FilterConfig``), by the
    configuration that it has from elsewhere. A configuration in its place turns a filter on."""

    on: bool


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
    decorator: Decorator | None = None
    custom_tags: tuple[CustomTag, ...] = ()  #: of its spans, before the listener's
    operation: str = ""  #: formats that name its spans; "": the listener's
    upstream_operation: str = ""
    typed_per_filter_config: tuple[tuple[str, object], ...] = ()
    metadata: tuple[tuple[str, str], ...] = ()  #: texts by their place: what rate limit actions may read
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
    include_is_timeout_retry_header: bool = False
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
    internal_only_headers: tuple[str, ...] = ()  #: lower-case: dropped where who sends them is not internal
    most_specific_header_mutations_wins: bool = False
    mirrors: tuple[MirrorPolicy, ...] = ()
    max_direct_response_body_size: int = 4096
    typed_per_filter_config: tuple[tuple[str, object], ...] = ()
    origin: Origin | None = field(default=None, compare=False)
