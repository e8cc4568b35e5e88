"""Active health checks (``envoy.config.core.v3.HealthCheck``)."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from meshcore.config.envoy.schema.base import (
    HeaderName,
    HeaderOptions,
    HeaderText,
    TimeSpan,
)
from meshcore.config.envoy.schema.matching import Int64Range, StringMatcher
from meshcore.config.envoy.schema.retry import PositiveDuration
from meshcore.config.scalar_types import Bytes, UInt32
from meshcore.config.schema import Meta, OneOf, Record

__all__ = [
    "CodecClientType",
    "GrpcHealthCheck",
    "HealthCheck",
    "HttpHealthCheck",
    "Payload",
    "TcpHealthCheck",
]

_EVENTS = "results go to the logger 'meshcore.health'"


class Payload(Record):
    __oneofs__ = (OneOf("payload", ("text", "binary"), True),)

    text: Annotated[str, Meta(min_length=1)] | None = None
    binary: Bytes | None = None


class CodecClientType(Enum):
    HTTP1 = 0
    HTTP2 = 1
    HTTP3 = 2


class RequestMethod(Enum):
    METHOD_UNSPECIFIED = 0
    GET = 1
    HEAD = 2
    POST = 3
    PUT = 4
    DELETE = 5
    CONNECT = 6
    OPTIONS = 7
    TRACE = 8
    PATCH = 9


class HttpHealthCheck(Record):
    path: Annotated[HeaderText, Meta(min_length=1)]
    host: HeaderText = ""
    send: Payload | None = None
    receive: list[Payload] = []
    response_buffer_size: UInt32 | None = None
    request_headers_to_add: HeaderOptions = []
    request_headers_to_remove: list[HeaderName] = []
    expected_statuses: list[Int64Range] = []
    retriable_statuses: list[Int64Range] = []
    codec_client_type: CodecClientType = CodecClientType.HTTP1
    service_name_matcher: StringMatcher | None = None
    method: RequestMethod = RequestMethod.METHOD_UNSPECIFIED


class TcpHealthCheck(Record):
    __unsupported__ = {"proxy_protocol_config": ""}

    send: Payload | None = None
    receive: list[Payload] = []


class GrpcHealthCheck(Record):
    service_name: str = ""
    authority: HeaderText = ""
    initial_metadata: HeaderOptions = []


class TlsOptions(Record):
    alpn_protocols: list[str] = []


class HealthCheck(Record):
    __oneofs__ = (
        OneOf("health_checker", ("http_health_check", "tcp_health_check", "grpc_health_check"), True),
    )
    __unsupported__ = {"custom_health_check": "use http_health_check, tcp_health_check or grpc_health_check"}
    __noted__ = {
        "alt_port": "Envoy does not read it: give the endpoints a health_check_config.port_value",
        "event_log_path": _EVENTS,
        "event_logger": _EVENTS,
        "event_service": _EVENTS,
        "transport_socket_match_criteria": "a cluster has one transport socket, which checks use as well",
    }

    timeout: PositiveDuration
    interval: PositiveDuration
    unhealthy_threshold: UInt32
    healthy_threshold: UInt32
    http_health_check: HttpHealthCheck | None = None
    tcp_health_check: TcpHealthCheck | None = None
    grpc_health_check: GrpcHealthCheck | None = None
    initial_jitter: TimeSpan | None = None
    interval_jitter: TimeSpan | None = None
    interval_jitter_percent: UInt32 = 0
    reuse_connection: bool | None = None
    no_traffic_interval: PositiveDuration | None = None
    no_traffic_healthy_interval: PositiveDuration | None = None
    unhealthy_interval: PositiveDuration | None = None
    unhealthy_edge_interval: PositiveDuration | None = None
    healthy_edge_interval: PositiveDuration | None = None
    tls_options: TlsOptions | None = None
    always_log_health_check_failures: bool = False
    always_log_health_check_success: bool = False
