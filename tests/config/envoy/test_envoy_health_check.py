"""Health checks of Envoy's documents, and what Envoy refuses of them."""

from __future__ import annotations

from typing import Any

import pytest
from envoy_support import cluster_problems, endpoints, loaded_cluster

from meshcore.model import (
    AppendAction,
    EndpointHealthCheck,
    GrpcHealthCheck,
    HeaderValue,
    HealthCheck,
    HttpHealthCheck,
    RangeMatch,
    StringKind,
    StringMatch,
    TcpHealthCheck,
)

TIMES = {"timeout": "1s", "interval": "5s", "unhealthy_threshold": 3, "healthy_threshold": 2}


def checked(**fields: Any) -> dict[str, Any]:
    return {"health_checks": [{**TIMES, **fields}]}


def check_of(**fields: Any) -> HealthCheck:
    check = loaded_cluster(**checked(**fields)).health_check
    assert check is not None
    return check


def test_no_check() -> None:
    assert loaded_cluster().health_check is None


def test_times_and_thresholds() -> None:
    assert check_of(tcp_health_check={}) == HealthCheck(
        TcpHealthCheck(), timeout=1, interval=5, unhealthy_threshold=3, healthy_threshold=2
    )
    assert check_of(
        tcp_health_check={},
        initial_jitter="0.5s",
        interval_jitter="0.25s",
        interval_jitter_percent=20,
        reuse_connection=False,
        no_traffic_interval="30s",
        no_traffic_healthy_interval="31s",
        unhealthy_interval="2s",
        unhealthy_edge_interval="3s",
        healthy_edge_interval="4s",
        tls_options={"alpn_protocols": ["h2", "x"]},
        always_log_health_check_failures=True,
        always_log_health_check_success=True,
    ) == HealthCheck(
        TcpHealthCheck(),
        timeout=1,
        interval=5,
        unhealthy_threshold=3,
        healthy_threshold=2,
        initial_jitter=0.5,
        interval_jitter=0.25,
        interval_jitter_percent=20,
        reuse_connection=False,
        no_traffic_interval=30,
        no_traffic_healthy_interval=31,
        unhealthy_interval=2,
        unhealthy_edge_interval=3,
        healthy_edge_interval=4,
        alpn_protocols=("h2", "x"),
        always_log_failures=True,
        always_log_success=True,
    )


def test_http() -> None:
    assert check_of(http_health_check={"path": "/h"}).checker == HttpHealthCheck("/h")
    assert check_of(
        http_health_check={
            "path": "/h?x=1",
            "host": "shop",
            "method": "POST",
            "send": {"text": "6869"},
            "receive": [{"text": "4f4B"}, {"binary": "AAE="}],
            "response_buffer_size": 4,
            "request_headers_to_add": [
                {
                    "header": {"key": "X-Who", "value": "%UPSTREAM_HOST% 100%%"},
                    "append_action": "ADD_IF_ABSENT",
                }
            ],
            "request_headers_to_remove": ["User-Agent"],
            "expected_statuses": [{"start": 200, "end": 300}],
            "retriable_statuses": [{"start": 503, "end": 504}],
            "codec_client_type": "HTTP2",
            "service_name_matcher": {"prefix": "shop"},
        }
    ).checker == HttpHealthCheck(
        "/h?x=1",
        host="shop",
        method="POST",
        send=b"hi",
        receive=(b"OK", b"\0\1"),
        response_buffer_size=4,
        request_headers_to_add=(HeaderValue("x-who", "%UPSTREAM_HOST% 100%%", AppendAction.ADD_IF_ABSENT),),
        request_headers_to_remove=("user-agent",),
        expected_statuses=(RangeMatch(200, 300),),
        retriable_statuses=(RangeMatch(503, 504),),
        http2=True,
        service_name=StringMatch(StringKind.PREFIX, "shop"),
    )


def test_tcp() -> None:
    check = check_of(tcp_health_check={"send": {"text": "00ff"}, "receive": [{"text": "01"}]})
    assert check.checker == TcpHealthCheck(b"\x00\xff", (b"\x01",))


def test_grpc() -> None:
    cluster = loaded_cluster(
        http2_protocol_options={},
        **checked(
            grpc_health_check={
                "service_name": "shop.Cart",
                "authority": "cart",
                "initial_metadata": [{"header": {"key": "x-a", "value": "b"}}],
            }
        ),
    )
    assert cluster.health_check is not None
    assert cluster.health_check.checker == GrpcHealthCheck("shop.Cart", "cart", (HeaderValue("x-a", "b"),))


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, EndpointHealthCheck()),
        ({"port_value": 81, "hostname": "h"}, EndpointHealthCheck("", 81, "h")),
        (
            {"port_value": 81, "address": {"socket_address": {"address": "10.0.0.9", "port_value": 82}}},
            EndpointHealthCheck("10.0.0.9", 82),
        ),
        ({"address": {"pipe": {"path": "/run/x"}}}, EndpointHealthCheck("/run/x", 0)),
        ({"disable_active_health_check": True}, EndpointHealthCheck(disabled=True)),
    ],
)
def test_endpoints(config: dict[str, Any], expected: EndpointHealthCheck) -> None:
    assignment = endpoints("10.0.0.1")
    assignment["endpoints"][0]["lb_endpoints"][0]["endpoint"]["health_check_config"] = config
    (endpoint,) = loaded_cluster(load_assignment=assignment).endpoints
    assert endpoint.health_check == expected


def test_options_of_the_cluster() -> None:
    cluster = loaded_cluster(
        ignore_health_on_host_removal=True,
        common_lb_config={"ignore_new_hosts_until_first_hc": True},
        **checked(tcp_health_check={}),
    )
    assert cluster.ignore_health_on_host_removal
    assert cluster.common_lb.ignore_new_hosts_until_first_hc


HTTP = "health_checks[0].http_health_check"
RANGE = f"{HTTP}.expected_statuses[0]"


def http(**fields: Any) -> dict[str, Any]:
    return checked(http_health_check={"path": "/", **fields})


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (checked(), "health_checks[0]: found none of them, expected one of"),
        (checked(tcp_health_check={}, timeout="0s"), "health_checks[0].timeout: found '0s'"),
        (checked(tcp_health_check={}, interval_jitter="-1s"), "health_checks[0].interval_jitter: found"),
        (checked(tcp_health_check={}, no_traffic_interval="0s"), "health_checks[0].no_traffic_interval"),
        (
            checked(custom_health_check={"name": "envoy.health_checkers.redis"}),
            "health_checks[0].custom_health_check: not supported: use",
        ),
        (
            {"health_checks": [{**TIMES, "tcp_health_check": {}}, {**TIMES, "tcp_health_check": {}}]},
            "health_checks[1]: a cluster has at most one health check",
        ),
        (checked(grpc_health_check={}), "health_checks[0].grpc_health_check: the cluster must speak HTTP/2"),
        (http(path=""), f"{HTTP}.path: found ''"),
        (http(path="/a b"), f"{HTTP}.path: found '/a b'"),
        (http(path="/ä"), f"{HTTP}.path: found '/ä'"),
        (http(host="a\nb"), f"{HTTP}.host: found"),
        (http(method="CONNECT"), f"{HTTP}.method: found CONNECT"),
        (http(send={"text": "00"}), f"{HTTP}.send: a GET request has no body"),
        (http(codec_client_type="HTTP3"), f"{HTTP}.codec_client_type: HTTP3 is not supported"),
        (http(receive=[{"text": "0g"}]), f"{HTTP}.receive[0].text: found '0g', expected hexadecimal"),
        (http(receive=[{"text": "00 11"}]), f"{HTTP}.receive[0].text: found '00 11'"),
        (http(receive=[{"text": "0011"}], response_buffer_size=1), f"{HTTP}.receive: found 2 bytes"),
        (http(expected_statuses=[{"start": 200, "end": 200}]), f"{RANGE}.end: found 200"),
        (http(expected_statuses=[{"start": 99, "end": 200}]), f"{RANGE}.start: found 99"),
        (http(expected_statuses=[{"start": 200, "end": 601}]), f"{RANGE}.end: found 601"),
        (http(retriable_statuses=[{"start": 5, "end": 6}]), f"{HTTP}.retriable_statuses[0].start: found 5"),
        (
            http(request_headers_to_add=[{"header": {"key": "a", "value": "%REQ(b)%"}}]),
            f"{HTTP}.request_headers_to_add[0].header.value: a health check has no such thing",
        ),
        (
            http(request_headers_to_add=[{"header": {"key": "a", "value": "50%"}}]),
            f"{HTTP}.request_headers_to_add[0].header.value: not a format",
        ),
        (http(request_headers_to_remove=["host"]), f"{HTTP}.request_headers_to_remove[0]: pseudo headers"),
        (
            checked(tcp_health_check={"proxy_protocol_config": {}}),
            "health_checks[0].tcp_health_check.proxy_protocol_config: not supported",
        ),
        (checked(tcp_health_check={"send": {}}), "health_checks[0].tcp_health_check.send: found none"),
    ],
)
def test_what_is_refused(fields: dict[str, Any], problem: str) -> None:
    assert cluster_problems(**fields)[0].startswith(problem)
