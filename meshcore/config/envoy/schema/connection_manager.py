"""The HTTP connection manager (``envoy.extensions.filters.network.http_connection_manager.v3``)."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from meshcore.config.envoy.schema.base import (
    CidrRange,
    HeaderText,
    NonEmpty,
    Percent,
    TimeSpan,
    TypedExtensionConfig,
)
from meshcore.config.envoy.schema.filters import HttpFilter
from meshcore.config.envoy.schema.protocol import HttpProtocolOptions
from meshcore.config.envoy.schema.retry import Extension
from meshcore.config.envoy.schema.route import RouteConfiguration
from meshcore.config.envoy.schema.tags import CustomTag
from meshcore.config.scalar_types import Check, Duration, UInt32
from meshcore.config.schema import Meta, OneOf, Record
from meshcore.config.tree import MappingNode

__all__ = [
    "EscapedSlashesAction",
    "HttpConnectionManager",
    "InternalAddressConfig",
    "Tracing",
    "UpgradeConfig",
    "XffConfig",
]


class CodecType(Enum):
    AUTO = 0
    HTTP1 = 1
    HTTP2 = 2


class ServerHeaderTransformation(Enum):
    OVERWRITE = 0
    APPEND_IF_ABSENT = 1
    PASS_THROUGH = 2


class EscapedSlashesAction(Enum):
    IMPLEMENTATION_SPECIFIC_DEFAULT = 0
    KEEP_UNCHANGED = 1
    REJECT_REQUEST = 2
    UNESCAPE_AND_REDIRECT = 3
    UNESCAPE_AND_FORWARD = 4


class Tracing(Record):
    __noted__ = {"verbose": "spans have no annotations of single bytes"}

    client_sampling: Percent | None = None
    random_sampling: Percent | None = None
    overall_sampling: Percent | None = None
    provider: Extension | None = None
    spawn_upstream_span: bool | None = None
    max_path_tag_length: UInt32 | None = None
    custom_tags: list[CustomTag] = []
    operation: str = ""
    upstream_operation: str = ""


class RequestIdExtension(Record):
    typed_config: MappingNode | None = None


class InternalAddressConfig(Record):
    unix_sockets: bool = False
    cidr_ranges: list[CidrRange] = []


class UpgradeConfig(Record):
    __unsupported__ = {"filters": ""}

    upgrade_type: str = ""
    enabled: bool = True


class Rds(Record):
    """Where routes are asked for: we take them from the given RouteConfigurations, by name."""

    __ignored__ = frozenset({"config_source"})

    route_config_name: str = ""


_SCHEMES = Check(lambda value: value in ("http", "https"), "'http' or 'https'")


class SchemeHeaderTransformation(Record):
    __oneofs__ = (OneOf("transformation", ("scheme_to_overwrite",)),)
    __unsupported__ = {"match_upstream": ""}

    scheme_to_overwrite: Annotated[str, _SCHEMES] | None = None


_LOGS = "access logs are those of the server"
_SERVER = "the server's own limits hold"


class XffConfig(Record):
    """``envoy.extensions.http.original_ip_detection.xff.v3.XffConfig``."""

    __unsupported__ = {"xff_trusted_cidrs": "use xff_num_trusted_hops"}

    xff_num_trusted_hops: UInt32 = 0
    skip_xff_append: bool = True


class HttpConnectionManager(Record):
    __oneofs__ = (
        OneOf("route_specifier", ("rds", "route_config"), True),
        OneOf("strip_port_mode", ("strip_any_host_port",)),
    )
    __unsupported__ = {
        "scoped_routes": "",
        "early_header_mutation_extensions": "",
        "local_reply_config": "",
        "path_normalization_options": "use normalize_path, merge_slashes",
        "typed_header_validation_config": "",
        "forward_client_cert_matcher": "",
        "forward_proto_config": "",
        "proxy_status_config": "",
        "append_local_overload": "",
    }
    __noted__ = {
        "access_log": _LOGS,
        "access_log_flush_interval": _LOGS,
        "flush_access_log_on_new_request": _LOGS,
        "access_log_options": _LOGS,
        "add_user_agent": "user-agent and x-envoy-downstream-service-* are not added",
        "http_protocol_options": _SERVER,
        "http2_protocol_options": _SERVER,
        "http3_protocol_options": _SERVER,
        "stream_flush_timeout": _SERVER,
        "drain_timeout": _SERVER,
        "delayed_close_timeout": _SERVER,
        "stream_error_on_invalid_http_message": _SERVER,
        "http1_safe_max_connection_duration": _SERVER,
        "proxy_100_continue": _SERVER,
        "represent_ipv4_remote_address_as_ipv4_mapped_ipv6": "addresses are shown as they are",
        "forward_client_cert_details": "x-forwarded-client-cert is not handled",
        "set_current_client_cert_details": "x-forwarded-client-cert is not handled",
        "add_proxy_protocol_connection_state": "the proxy protocol is not spoken",
    }

    stat_prefix: NonEmpty
    codec_type: CodecType = CodecType.AUTO
    rds: Rds | None = None
    route_config: RouteConfiguration | None = None
    http_filters: list[HttpFilter] = []
    tracing: Tracing | None = None
    common_http_protocol_options: HttpProtocolOptions | None = None
    server_name: HeaderText = ""
    server_header_transformation: ServerHeaderTransformation = ServerHeaderTransformation.OVERWRITE
    scheme_header_transformation: SchemeHeaderTransformation | None = None
    max_request_headers_kb: Annotated[UInt32, Meta(gt=0, le=8192)] | None = None
    stream_idle_timeout: TimeSpan | None = None
    request_timeout: TimeSpan | None = None
    request_headers_timeout: Annotated[Duration, Meta(ge=0)] | None = None
    use_remote_address: bool = False
    xff_num_trusted_hops: UInt32 = 0
    internal_address_config: InternalAddressConfig | None = None
    skip_xff_append: bool = False
    original_ip_detection_extensions: list[TypedExtensionConfig] = []
    via: HeaderText = ""
    generate_request_id: bool = True
    request_id_extension: RequestIdExtension | None = None
    preserve_external_request_id: bool = False
    always_set_request_id_in_response: bool = False
    upgrade_configs: list[UpgradeConfig] = []
    normalize_path: bool = False
    merge_slashes: bool = False
    path_with_escaped_slashes_action: EscapedSlashesAction = (
        EscapedSlashesAction.IMPLEMENTATION_SPECIFIC_DEFAULT
    )
    strip_matching_host_port: bool = False
    strip_any_host_port: bool | None = None
    strip_trailing_host_dot: bool = False
    append_x_forwarded_port: bool = False
