"""Route tables (``envoy.config.route.v3``)."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from meshcore.config.envoy.schema.base import (
    DataSource,
    FractionalPercent,
    HeaderName,
    HeaderOptions,
    HeaderText,
    Metadata,
    NonEmpty,
    OptionalHeaderName,
    RoutingPriority,
    SubstitutionFormatString,
    TimeSpan,
    TypedExtensionConfig,
)
from meshcore.config.envoy.schema.cors import CorsPolicy
from meshcore.config.envoy.schema.matching import HeaderMatcher, RegexMatchAndSubstitute, RouteMatch
from meshcore.config.envoy.schema.ratelimit import RateLimit
from meshcore.config.envoy.schema.retry import HashPolicy, HedgePolicy, RequestMirrorPolicy, RetryPolicy
from meshcore.config.envoy.schema.tags import CustomTag
from meshcore.config.scalar_types import UInt32, UInt64
from meshcore.config.schema import Meta, OneOf, Partial, Record
from meshcore.config.tree import MappingNode

__all__ = [
    "ClusterNotFoundResponseCode",
    "ClusterWeight",
    "DirectResponseAction",
    "RedirectAction",
    "RedirectResponseCode",
    "Route",
    "RouteAction",
    "RouteConfiguration",
    "TlsRequirementType",
    "UpgradeConfig",
    "VirtualHost",
    "WeightedCluster",
]

_BUFFERS = "bodies are streamed"


class ClusterWeight(Record):
    weight: UInt32
    name: str = ""
    cluster_header: OptionalHeaderName = ""
    metadata_match: Metadata | None = None
    request_headers_to_add: HeaderOptions = []
    request_headers_to_remove: list[OptionalHeaderName] = []
    response_headers_to_add: HeaderOptions = []
    response_headers_to_remove: list[OptionalHeaderName] = []
    typed_per_filter_config: dict[str, MappingNode] = {}
    host_rewrite_literal: HeaderText = ""


class WeightedCluster(Record):
    __oneofs__ = (OneOf("random_value_specifier", ("header_name", "use_hash_policy")),)
    __ignored__ = frozenset({"total_weight"})  # Envoy ignores it too

    clusters: Annotated[list[ClusterWeight], Meta(min_length=1)]
    runtime_key_prefix: str = ""
    header_name: OptionalHeaderName | None = None
    use_hash_policy: bool | None = None


class ClusterNotFoundResponseCode(Enum):
    SERVICE_UNAVAILABLE = 0
    NOT_FOUND = 1
    INTERNAL_SERVER_ERROR = 2


class UpgradeConfig(Record):
    __unsupported__ = {"connect_config": "", "filters": ""}

    upgrade_type: Annotated[HeaderText, Meta(min_length=1)]
    enabled: bool = True


class MaxStreamDuration(Record):
    max_stream_duration: TimeSpan | None = None
    grpc_timeout_header_max: TimeSpan | None = None
    grpc_timeout_header_offset: TimeSpan | None = None


class RouteAction(Record):
    __oneofs__ = (
        OneOf("cluster_specifier", ("cluster", "cluster_header", "weighted_clusters"), True),
        OneOf(
            "host_rewrite_specifier",
            (
                "host_rewrite_literal",
                "auto_host_rewrite",
                "host_rewrite_header",
                "host_rewrite_path_regex",
                "host_rewrite",
            ),
        ),
    )
    __unsupported__ = {
        "cluster_specifier_plugin": "",
        "inline_cluster_specifier_plugin": "",
        "retry_policy_typed_config": "use retry_policy",
        "internal_redirect_policy": "",
        "internal_redirect_action": "",
        "max_internal_redirects": "",
    }
    __noted__ = {
        "early_data_policy": "there is no early data",
        "flush_timeout": _BUFFERS,
    }

    cluster: NonEmpty | None = None
    cluster_header: HeaderName | None = None
    weighted_clusters: WeightedCluster | None = None
    cluster_not_found_response_code: ClusterNotFoundResponseCode = (
        ClusterNotFoundResponseCode.SERVICE_UNAVAILABLE
    )
    metadata_match: Metadata | None = None
    prefix_rewrite: HeaderText = ""
    regex_rewrite: RegexMatchAndSubstitute | None = None
    path_rewrite_policy: TypedExtensionConfig | None = None
    path_rewrite: str = ""
    host_rewrite: str | None = None
    host_rewrite_literal: HeaderText | None = None
    auto_host_rewrite: bool | None = None
    host_rewrite_header: OptionalHeaderName | None = None
    host_rewrite_path_regex: RegexMatchAndSubstitute | None = None
    append_x_forwarded_host: bool = False
    timeout: TimeSpan | None = None
    idle_timeout: TimeSpan | None = None
    retry_policy: RetryPolicy | None = None
    request_mirror_policies: list[RequestMirrorPolicy] = []
    priority: RoutingPriority = RoutingPriority.DEFAULT
    rate_limits: list[RateLimit] = []
    include_vh_rate_limits: bool = False
    hash_policy: list[HashPolicy] = []
    cors: CorsPolicy | None = None
    max_grpc_timeout: TimeSpan | None = None
    grpc_timeout_offset: TimeSpan | None = None
    upgrade_configs: list[UpgradeConfig] = []
    hedge_policy: HedgePolicy | None = None
    max_stream_duration: MaxStreamDuration | None = None


class RedirectResponseCode(Enum):
    MOVED_PERMANENTLY = 0
    FOUND = 1
    SEE_OTHER = 2
    TEMPORARY_REDIRECT = 3
    PERMANENT_REDIRECT = 4


class RedirectAction(Record):
    __oneofs__ = (
        OneOf("scheme_rewrite_specifier", ("https_redirect", "scheme_redirect")),
        OneOf("path_rewrite_specifier", ("path_redirect", "prefix_rewrite", "regex_rewrite")),
    )

    https_redirect: bool | None = None
    scheme_redirect: str | None = None
    host_redirect: HeaderText = ""
    port_redirect: UInt32 = 0
    path_redirect: HeaderText | None = None
    prefix_rewrite: HeaderText | None = None
    regex_rewrite: RegexMatchAndSubstitute | None = None
    response_code: RedirectResponseCode = RedirectResponseCode.MOVED_PERMANENTLY
    strip_query: bool = False


class DirectResponseAction(Record):
    status: Annotated[UInt32, Meta(ge=200, lt=600)]
    body: DataSource | None = None
    body_format: SubstitutionFormatString | None = None


class Tracing(Record):
    """Over the connection manager's."""

    client_sampling: FractionalPercent | None = None
    random_sampling: FractionalPercent | None = None
    overall_sampling: FractionalPercent | None = None
    custom_tags: list[CustomTag] = []
    operation: str = ""
    upstream_operation: str = ""


class Decorator(Record):
    operation: Annotated[HeaderText, Meta(min_length=1)]
    propagate: bool = True


class Route(Record):
    __oneofs__ = (OneOf("action", ("route", "redirect", "direct_response"), True),)
    __unsupported__ = {"filter_action": "", "non_forwarding_action": ""}
    __ignored__ = frozenset({"stat_prefix"})

    match: RouteMatch
    decorator: Decorator | None = None
    tracing: Tracing | None = None
    metadata: Metadata | None = None
    name: str = ""
    route: RouteAction | None = None
    redirect: RedirectAction | None = None
    direct_response: DirectResponseAction | None = None
    typed_per_filter_config: dict[str, MappingNode] = {}
    request_headers_to_add: HeaderOptions = []
    request_headers_to_remove: list[HeaderName] = []
    response_headers_to_add: HeaderOptions = []
    response_headers_to_remove: list[HeaderName] = []
    per_request_buffer_limit_bytes: UInt32 | None = None
    request_body_buffer_limit: UInt64 | None = None


class TlsRequirementType(Enum):
    NONE = 0
    EXTERNAL_ONLY = 1
    ALL = 2


class VirtualCluster(Record):
    name: NonEmpty
    headers: Annotated[list[HeaderMatcher], Meta(min_length=1)]


class VirtualHost(Record):
    __unsupported__ = {"matcher": "use routes", "retry_policy_typed_config": "use retry_policy"}

    name: NonEmpty
    domains: Annotated[list[HeaderText], Meta(min_length=1)]
    metadata: Metadata | None = None
    routes: Annotated[list[Route], Partial] = []
    virtual_clusters: list[VirtualCluster] = []
    require_tls: TlsRequirementType = TlsRequirementType.NONE
    rate_limits: list[RateLimit] = []
    request_headers_to_add: HeaderOptions = []
    request_headers_to_remove: list[HeaderName] = []
    response_headers_to_add: HeaderOptions = []
    response_headers_to_remove: list[HeaderName] = []
    cors: CorsPolicy | None = None
    typed_per_filter_config: dict[str, MappingNode] = {}
    include_request_attempt_count: bool = False
    include_attempt_count_in_response: bool = False
    include_is_timeout_retry_header: bool = False
    retry_policy: RetryPolicy | None = None
    hedge_policy: HedgePolicy | None = None
    request_mirror_policies: list[RequestMirrorPolicy] = []
    per_request_buffer_limit_bytes: UInt32 | None = None
    request_body_buffer_limit: UInt64 | None = None


class RouteConfiguration(Record):
    __unsupported__ = {
        "vhds": "virtual hosts must be in the document",
        "cluster_specifier_plugins": "",
    }

    name: str = ""
    metadata: Metadata | None = None
    virtual_hosts: Annotated[list[VirtualHost], Partial] = []
    request_headers_to_add: HeaderOptions = []
    request_headers_to_remove: list[OptionalHeaderName] = []
    response_headers_to_add: HeaderOptions = []
    response_headers_to_remove: list[OptionalHeaderName] = []
    most_specific_header_mutations_wins: bool = False
    validate_clusters: bool | None = None
    max_direct_response_body_size_bytes: UInt32 = 4096
    request_mirror_policies: list[RequestMirrorPolicy] = []
    internal_only_headers: list[HeaderName] = []
    ignore_port_in_host_matching: bool = False
    ignore_path_parameters_in_path_matching: bool = False
    vhost_header: str = ""
    typed_per_filter_config: dict[str, MappingNode] = {}
