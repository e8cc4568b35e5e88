"""``VirtualService``: the fields of the networking API, version v1."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, ClassVar

from meshcore.config.istio.schema.common import Destination, Percent, StringMatch
from meshcore.config.scalar_types import Bytes, GoDuration, Int32, UInt32
from meshcore.config.schema import Meta, OneOf, Partial, Record
from meshcore.model import StickyKey

__all__ = [
    "Abort",
    "Body",
    "CorsPolicy",
    "Delay",
    "Delegate",
    "DerivePort",
    "DirectResponse",
    "Fault",
    "HTTPMatch",
    "HTTPRoute",
    "HeaderOperations",
    "Headers",
    "L4Match",
    "L4Route",
    "MirrorPolicy",
    "Redirect",
    "RegexRewrite",
    "Retries",
    "Rewrite",
    "RouteDestination",
    "TLSMatch",
    "TLSRoute",
    "UnmatchedPreflights",
    "VirtualService",
    "WeightedDestination",
]


class HTTPMatch(Record):
    name: str = ""
    uri: StringMatch | None = None
    scheme: StringMatch | None = None
    method: StringMatch | None = None
    authority: StringMatch | None = None
    headers: dict[str, StringMatch] = {}
    port: UInt32 = 0
    source_labels: dict[str, str] = {}
    gateways: list[str] = []
    query_params: dict[str, StringMatch] = {}
    ignore_uri_case: bool = False
    without_headers: dict[str, StringMatch] = {}
    source_namespace: str = ""
    stat_prefix: str = ""


class HeaderOperations(Record):
    set: dict[str, str] = {}
    add: dict[str, str] = {}
    remove: list[str] = []


class Headers(Record):
    request: HeaderOperations | None = None
    response: HeaderOperations | None = None


class RouteDestination(Record):
    destination: Destination | None = None
    weight: Int32 = 0
    headers: Headers | None = None


class DerivePort(Enum):
    FROM_PROTOCOL_DEFAULT = 0
    FROM_REQUEST_PORT = 1


class Redirect(Record):
    __oneofs__: ClassVar[tuple[OneOf, ...]] = (OneOf("redirect_port", ("port", "derive_port")),)

    uri: str | None = None
    prefix_rewrite: str | None = None
    authority: str = ""
    scheme: str = ""
    port: UInt32 | None = None
    derive_port: DerivePort | None = None
    redirect_code: UInt32 = 0


class Body(Record):
    __oneofs__: ClassVar[tuple[OneOf, ...]] = (OneOf("specifier", ("string", "bytes")),)

    string: str | None = None
    bytes: Bytes | None = None


class DirectResponse(Record):
    status: UInt32 = 0
    body: Body | None = None


class Delegate(Record):
    name: str = ""
    namespace: str = ""


class RegexRewrite(Record):
    match: str = ""
    rewrite: str = ""


class Rewrite(Record):
    uri: str = ""
    authority: str = ""
    uri_regex_rewrite: RegexRewrite | None = None


class Retries(Record):
    attempts: Int32 = 0
    per_try_timeout: GoDuration | None = None
    retry_on: Annotated[str, Meta(description="a text with commas, such as 5xx,reset")] = ""
    retry_remote_localities: bool | None = None
    retry_ignore_previous_hosts: bool | None = None
    backoff: GoDuration | None = None


class Delay(Record):
    __oneofs__: ClassVar[tuple[OneOf, ...]] = (
        OneOf("http_delay_type", ("fixed_delay", "exponential_delay")),
    )

    percentage: Percent | None = None
    percent: Int32 = 0
    fixed_delay: GoDuration | None = None
    exponential_delay: GoDuration | None = None


class Abort(Record):
    __oneofs__: ClassVar[tuple[OneOf, ...]] = (
        OneOf("error_type", ("http_status", "grpc_status", "http2_error")),
    )

    percentage: Percent | None = None
    http_status: Int32 | None = None
    grpc_status: str | None = None
    http2_error: str | None = None


class Fault(Record):
    delay: Delay | None = None
    abort: Abort | None = None


class MirrorPolicy(Record):
    destination: Destination | None = None
    percentage: Percent | None = None


class UnmatchedPreflights(Enum):
    UNSPECIFIED = 0
    FORWARD = 1
    IGNORE = 2


class CorsPolicy(Record):
    allow_origin: list[str] = []
    allow_origins: list[StringMatch] = []
    allow_methods: list[str] = []
    allow_headers: list[str] = []
    expose_headers: list[str] = []
    max_age: GoDuration | None = None
    allow_credentials: bool | None = None
    unmatched_preflights: UnmatchedPreflights = UnmatchedPreflights.UNSPECIFIED


class HTTPRoute(Record):
    name: str = ""
    match: Annotated[list[HTTPMatch], Partial] = []
    route: Annotated[list[RouteDestination], Partial] = []
    redirect: Redirect | None = None
    direct_response: DirectResponse | None = None
    delegate: Delegate | None = None
    rewrite: Rewrite | None = None
    timeout: GoDuration | None = None
    retries: Retries | None = None
    fault: Fault | None = None
    mirror: Destination | None = None
    mirrors: list[MirrorPolicy] = []
    mirror_percent: UInt32 | None = None
    mirror_percentage: Percent | None = None
    cors_policy: CorsPolicy | None = None
    headers: Headers | None = None

    #: What the annotation of the rule's own document says of its split.
    record_sticky: StickyKey | None = None


class WeightedDestination(Record):
    """A destination of the tcp and tls rules."""

    destination: Destination | None = None
    weight: Int32 = 0


class L4Match(Record):
    destination_subnets: list[str] = []
    port: UInt32 = 0
    source_subnet: str = ""
    source_labels: dict[str, str] = {}
    gateways: list[str] = []
    source_namespace: str = ""


class TLSMatch(Record):
    sni_hosts: list[str] = []
    destination_subnets: list[str] = []
    port: UInt32 = 0
    source_labels: dict[str, str] = {}
    gateways: list[str] = []
    source_namespace: str = ""


class L4Route(Record):
    match: list[L4Match] = []
    route: list[WeightedDestination] = []


class TLSRoute(Record):
    match: list[TLSMatch] = []
    route: list[WeightedDestination] = []


class VirtualService(Record):
    hosts: list[str] = []
    gateways: list[str] = []
    http: Annotated[list[HTTPRoute], Partial] = []
    tls: Annotated[list[TLSRoute], Partial] = []
    tcp: Annotated[list[L4Route], Partial] = []
    export_to: list[str] = []
