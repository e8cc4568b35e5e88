"""The whole of a configuration: what one Engine serves."""

from __future__ import annotations

from dataclasses import field
from enum import Enum

from meshcore.model._dataclass import dataclass
from meshcore.model.cluster import Cluster
from meshcore.model.fault import FaultPolicy
from meshcore.model.origin import Origin
from meshcore.model.printable import printable
from meshcore.model.route import RouteConfiguration, TraceSampling
from meshcore.model.session import StatefulSession
from meshcore.model.spans import DEFAULT_PATH_TAG_LENGTH, CustomTag

__all__ = [
    "Config",
    "ConfigWarning",
    "EscapedSlashes",
    "HttpOptions",
    "Listener",
    "TracingOptions",
    "Underscores",
]


class EscapedSlashes(Enum):
    """Envoy's ``path_with_escaped_slashes_action``."""

    KEEP_UNCHANGED = "KEEP_UNCHANGED"
    REJECT_REQUEST = "REJECT_REQUEST"
    UNESCAPE_AND_REDIRECT = "UNESCAPE_AND_REDIRECT"
    UNESCAPE_AND_FORWARD = "UNESCAPE_AND_FORWARD"


class Underscores(Enum):
    """Envoy's ``headers_with_underscores_action``."""

    ALLOW = "ALLOW"
    REJECT_REQUEST = "REJECT_REQUEST"
    DROP_HEADER = "DROP_HEADER"


@dataclass(frozen=True, slots=True)
class TracingOptions:
    """What tracing does to headers, and what spans tell."""

    provider: str = ""  #: "zipkin", "opentelemetry"; "" for sampling decisions only
    sampling: TraceSampling = TraceSampling()  #: of routes that have none
    trace_context: str = "USE_B3"  #: Zipkin's ``trace_context_option``
    shared_span_context: bool = True
    trace_id_128bit: bool = False
    spawn_upstream_span: bool = False
    outbound: bool = False  #: the listener is for requests that go out: each gets a span of its own
    use_request_id: bool = True  #: sampling goes by the request id; else every request is traced
    pack_trace_reason: bool = True  #: the request id tells why a request is traced
    server_spans: bool = True  #: requests that come in are reported, too
    custom_tags: tuple[CustomTag, ...] = ()  #: those of a route go before, tag by tag
    max_path_tag_length: int = DEFAULT_PATH_TAG_LENGTH
    operation: str = ""  #: a format that names spans; "": as Envoy does
    upstream_operation: str = ""  #: the same for spans of attempts


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """The connection manager's options that change decisions (defaults as in Envoy)."""

    normalize_path: bool = False
    merge_slashes: bool = False
    escaped_slashes: EscapedSlashes = EscapedSlashes.KEEP_UNCHANGED
    underscores: Underscores = Underscores.ALLOW  #: in the names of header lines
    strip_matching_host_port: bool = False
    strip_any_host_port: bool = False
    strip_trailing_host_dot: bool = False
    scheme_to_overwrite: str = ""
    use_remote_address: bool = False
    xff_num_trusted_hops: int = 0
    skip_xff_append: bool = False
    append_x_forwarded_port: bool = False
    generate_request_id: bool = True
    preserve_external_request_id: bool = False
    always_set_request_id_in_response: bool = False
    #: Address ranges that are internal; None: nobody is; (): RFC 1918 and loopback.
    internal_cidrs: tuple[str, ...] | None = None
    #: (type, enabled) of upgrades that are let through, lower-case; e.g. ("websocket", True). "*" is any.
    upgrades: tuple[tuple[str, bool], ...] = ()
    suppress_envoy_headers: bool = False
    respect_expected_rq_timeout: bool = False
    via: str = ""
    server_name: str = "envoy"
    tracing: TracingOptions | None = None
    access_log: bool = True  #: requests are logged, where the program logs any
    request_timeout: float | None = None
    stream_idle_timeout: float | None = None  #: None: Envoy's default of five minutes; 0: no limit
    max_stream_duration: float | None = None


@dataclass(frozen=True, slots=True)
class Listener:
    """A port and the route table behind it. ``port`` None: any port that no other listener has.

    ``address`` is where the documents say to listen ("" where they don't). ``tls``: the listener
    terminates TLS. ``fault`` is the fault filter's own policy, for routes without one; ``filters`` holds
    all HTTP filters, by name, in their order, and ``disabled_filters`` the names of those that do nothing
    unless a level of ``route_configuration`` has something for them in ``typed_per_filter_config``.
    ``session`` counts where no level has one there.
    """

    name: str
    port: int | None
    route_configuration: RouteConfiguration
    options: HttpOptions = HttpOptions()
    address: str = ""
    tls: bool = False
    fault: FaultPolicy | None = None
    session: StatefulSession | None = None
    filters: tuple[tuple[str, object], ...] = ()
    disabled_filters: frozenset[str] = frozenset()
    origin: Origin | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class ConfigWarning:
    """Something accepted that the user should know of; ``code`` names it where it has one (IST0130)."""

    message: str
    origin: Origin | None = None
    code: str = ""

    def __str__(self) -> str:
        text = f"warning[{self.code}]: {self.message}" if self.code else f"warning: {self.message}"
        return printable(f"{self.origin}: {text}" if self.origin else text)


@dataclass(frozen=True, slots=True)
class Config:
    """What ``load()`` returns: immutable, whole and valid.

    ``skipped`` lists documents that were left aside, one line each ("Deployment default/reviews").
    ``digest`` is the XXH3 of the sources, for /config and logs. ``files`` are those that the documents name
    and that were read with them.
    """

    listeners: tuple[Listener, ...]
    clusters: tuple[Cluster, ...] = ()
    warnings: tuple[ConfigWarning, ...] = field(default=(), compare=False)
    skipped: tuple[str, ...] = field(default=(), compare=False)
    sources: tuple[str, ...] = field(default=(), compare=False)
    files: tuple[str, ...] = field(default=(), compare=False)
    digest: str = field(default="", compare=False)

    def cluster(self, name: str) -> Cluster | None:
        """The cluster of that name, or None (a scan: not for the hot path)."""
        return next((cluster for cluster in self.clusters if cluster.name == name), None)

    def port_of_scheme(self, scheme: str, authority: str | None) -> int | None:
        """The port that a client connects to for a URL of https without one, if a listener has it.

        None: the authority says it, or it is for the engine to choose.
        """
        if scheme != "https" or (authority or "").rpartition(":")[2].isdigit():
            return None
        return 443 if any(listener.port == 443 for listener in self.listeners) else None
