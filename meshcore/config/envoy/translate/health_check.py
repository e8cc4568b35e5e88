"""Active health checks."""

from __future__ import annotations

from collections.abc import Sequence

from meshcore.config.envoy.schema import health_check as schema
from meshcore.config.envoy.schema.base import HeaderValueOption
from meshcore.config.envoy.schema.cluster import Cluster
from meshcore.config.envoy.schema.endpoint import HealthCheckConfig
from meshcore.config.envoy.schema.matching import Int64Range
from meshcore.config.envoy.translate.context import Context
from meshcore.config.envoy.translate.headers import header_values, removals
from meshcore.config.envoy.translate.matching import string_match
from meshcore.config.findings import quoted
from meshcore.config.schema import Record
from meshcore.model import (
    EndpointHealthCheck,
    GrpcHealthCheck,
    HeaderValue,
    HealthCheck,
    HttpHealthCheck,
    RangeMatch,
    TcpHealthCheck,
)
from meshcore.model.format import FormatError, parse_format
from meshcore.model.health_check import CHECK_COMMANDS

__all__ = ["endpoint_health_check", "health_check"]

#: Methods whose requests have no body.
_WITHOUT_BODY = ("GET", "HEAD", "DELETE", "TRACE")


def health_check(context: Context, cluster: Cluster, http2: bool) -> HealthCheck | None:
    """The check of a cluster; ``http2``: its endpoints speak HTTP/2."""
    if not cluster.health_checks:
        return None
    if len(cluster.health_checks) > 1:
        context.error(cluster.health_checks[1], "", "a cluster has at most one health check")
    source = cluster.health_checks[0]
    if source.grpc_health_check is not None and not http2:
        message = "the cluster must speak HTTP/2 for it: give it http2_protocol_options"
        context.error(source, "grpc_health_check", message)
    return HealthCheck(
        _checker(context, source),
        timeout=source.timeout,
        interval=source.interval,
        unhealthy_threshold=source.unhealthy_threshold,
        healthy_threshold=source.healthy_threshold,
        initial_jitter=source.initial_jitter or 0.0,
        interval_jitter=source.interval_jitter or 0.0,
        interval_jitter_percent=source.interval_jitter_percent,
        reuse_connection=source.reuse_connection is not False,
        no_traffic_interval=60.0 if source.no_traffic_interval is None else source.no_traffic_interval,
        no_traffic_healthy_interval=source.no_traffic_healthy_interval,
        unhealthy_interval=source.unhealthy_interval,
        unhealthy_edge_interval=source.unhealthy_edge_interval,
        healthy_edge_interval=source.healthy_edge_interval,
        alpn_protocols=tuple(source.tls_options.alpn_protocols) if source.tls_options is not None else (),
        always_log_failures=source.always_log_health_check_failures,
        always_log_success=source.always_log_health_check_success,
    )


def endpoint_health_check(context: Context, config: HealthCheckConfig | None) -> EndpointHealthCheck | None:
    """What is special about checking one endpoint."""
    if config is None:
        return None
    address, port = "", config.port_value
    if config.address is not None:
        if config.address.pipe is not None:
            address, port = config.address.pipe.path, 0
        elif config.address.socket_address is not None:
            # As in Envoy, an address comes with its port.
            address = config.address.socket_address.address
            port = config.address.socket_address.port_value or 0
    return EndpointHealthCheck(address, port, config.hostname, config.disable_active_health_check)


def _checker(
    context: Context, source: schema.HealthCheck
) -> HttpHealthCheck | TcpHealthCheck | GrpcHealthCheck:
    if source.http_health_check is not None:
        return _http(context, source.http_health_check)
    if source.grpc_health_check is not None:
        grpc = source.grpc_health_check
        return GrpcHealthCheck(grpc.service_name, grpc.authority, _headers(context, grpc.initial_metadata))
    assert source.tcp_health_check is not None  # the schema requires one of them
    tcp = source.tcp_health_check
    return TcpHealthCheck(_payload(context, tcp.send), _payloads(context, tcp.receive))


def _http(context: Context, source: schema.HttpHealthCheck) -> HttpHealthCheck:
    method = source.method.name
    if method == "METHOD_UNSPECIFIED":
        method = "GET"
    if method == "CONNECT":
        context.error(source, "method", found="CONNECT", expected="another method")
    if source.send is not None and method in _WITHOUT_BODY:
        context.error(
            source, "send", f"a {method} request has no body", expected="POST, PUT, PATCH or OPTIONS"
        )
    if source.codec_client_type is schema.CodecClientType.HTTP3:
        context.error(source, "codec_client_type", "HTTP3 is not supported", expected="HTTP1 or HTTP2")
    receive = _payloads(context, source.receive)
    size = 1024 if source.response_buffer_size is None else source.response_buffer_size
    length = sum(map(len, receive))
    if size and length > size:
        context.error(
            source, "receive", found=f"{length} bytes", expected=f"at most {size}, the response_buffer_size"
        )
    if " " in source.path or not source.path.isascii() or not source.path.isprintable():
        context.error(source, "path", found=quoted(source.path), expected="a path as requests have it")
    return HttpHealthCheck(
        source.path,
        host=source.host,
        method=method,
        send=_payload(context, source.send),
        receive=receive,
        response_buffer_size=size,
        request_headers_to_add=_headers(context, source.request_headers_to_add),
        request_headers_to_remove=removals(
            context, source, "request_headers_to_remove", source.request_headers_to_remove
        ),
        expected_statuses=_ranges(context, source.expected_statuses) or (RangeMatch(200, 201),),
        retriable_statuses=_ranges(context, source.retriable_statuses),
        http2=source.codec_client_type is schema.CodecClientType.HTTP2,
        service_name=(
            string_match(context, source.service_name_matcher)
            if source.service_name_matcher is not None
            else None
        ),
    )


def _ranges(context: Context, ranges: Sequence[Int64Range]) -> tuple[RangeMatch, ...]:
    for one in ranges:
        if one.start >= one.end:
            context.error(one, "end", found=str(one.end), expected=f"more than the start, {one.start}")
        elif one.start < 100:
            context.error(one, "start", found=str(one.start), expected="100 or more")
        elif one.end > 600:
            context.error(one, "end", found=str(one.end), expected="600 or less (the end is not included)")
    return tuple(RangeMatch(one.start, one.end) for one in ranges)


def _payloads(context: Context, payloads: Sequence[schema.Payload]) -> tuple[bytes, ...]:
    return tuple(_payload(context, payload) for payload in payloads)


def _payload(context: Context, payload: schema.Payload | None) -> bytes:
    if payload is None:
        return b""
    if payload.text is None:
        return payload.binary or b""
    try:
        if any(letter.isspace() for letter in payload.text):
            raise ValueError
        return bytes.fromhex(payload.text)
    except ValueError:
        context.error(payload, "text", found=quoted(payload.text), expected="hexadecimal digits, two a byte")
        return b""


def _headers(context: Context, options: Sequence[HeaderValueOption]) -> tuple[HeaderValue, ...]:
    for option in options:
        _check_commands(context, option.header, option.header.value)
    return header_values(context, options)


def _check_commands(context: Context, header: Record, text: str) -> None:
    """There is no request behind a check that most commands could read."""
    try:
        segments = parse_format(text)
    except FormatError:
        return  # header_values reports it
    for segment in segments:
        if segment.command and segment.command not in CHECK_COMMANDS:
            found = f"%{segment.command}%"
            expected = "plain text, or " + ", ".join(f"%{name}%" for name in sorted(CHECK_COMMANDS))
            context.error(header, "value", "a health check has no such thing", found=found, expected=expected)
