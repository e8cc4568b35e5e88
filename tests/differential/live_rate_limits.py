"""Listeners whose ratelimit filter asks our server, and the limits that it has."""

from __future__ import annotations

import textwrap
from typing import Any

from live_config import ROUTER, TYPES

__all__ = ["LIMITS", "LISTENERS", "SERVICE_CLUSTER", "UNITS", "service_cluster"]

SERVICE_CLUSTER = "ratelimit"

UNITS = ("second", "minute", "week", "month", "year")

#: Each request of a test has a user of its own; days are so long that no token comes meanwhile.
LIMITS = textwrap.dedent(
    """\
    domain: shop
    descriptors:
      - key: user
        rate_limit: {unit: day, requests_per_unit: 3, name: per-user}
      - key: user
        value: banned
        rate_limit: {unit: day, requests_per_unit: 0}
      - key: user
        value: free
        rate_limit: {unlimited: true}
      - key: plan
        descriptors:
          - key: user
            rate_limit: {unit: hour, requests_per_unit: 2}
      - key: double
        rate_limit: {unit: day, requests_per_unit: 5}
      - key: sized
        rate_limit: {unit: day, requests_per_unit: 100}
      - key: tried
        shadow_mode: true
        rate_limit: {unit: day, requests_per_unit: 1}
    """
) + "".join(f"  - {{key: {unit}, rate_limit: {{unit: {unit}, requests_per_unit: 9}}}}\n" for unit in UNITS)


def service_cluster(port: int) -> dict[str, Any]:
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    http2 = {"explicit_http_config": {"http2_protocol_options": {}}}
    return {
        "name": SERVICE_CLUSTER,
        "type": "STATIC",
        "connect_timeout": "5s",
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": f"{TYPES}.upstreams.http.v3.HttpProtocolOptions",
                **http2,
            }
        },
        "load_assignment": {
            "cluster_name": SERVICE_CLUSTER,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
    }


def _filter(**options: Any) -> dict[str, Any]:
    service = {
        "transport_api_version": "V3",
        "grpc_service": {"envoy_grpc": {"cluster_name": SERVICE_CLUSTER}},
    }
    config = {"domain": "shop", "timeout": "10s", "rate_limit_service": service, **options}
    return {
        "name": "envoy.filters.http.ratelimit",
        "typed_config": {"@type": f"{TYPES}.filters.http.ratelimit.v3.RateLimit", **config},
    }


def _header(name: str, key: str) -> dict[str, Any]:
    return {"request_headers": {"header_name": name, "descriptor_key": key, "skip_if_absent": False}}


#: What each request is asked about: by its user, by plan and user, by what is only tried.
_RATE_LIMITS = [
    {"actions": [_header("x-user", "user")]},
    {"actions": [_header("x-plan", "plan"), _header("x-user", "user")]},
    {"actions": [_header("x-tried", "tried")]},
    *({"actions": [_header(f"x-{unit}", unit)]} for unit in UNITS),
]

#: What the filter has of its own: hits count here alone.
_OWN_LIMITS = [
    {"actions": [_header("x-user", "user")]},
    {"actions": [_header("x-double", "double")], "hits_addend": {"number": 2}},
    {"actions": [_header("x-sized", "sized")], "hits_addend": {"format": "%REQ(x-size)%"}},
    {"actions": [_header("x-back", "sized")], "hits_addend": {"number": 30, "is_negative_hits": True}},
]


def _listener(**options: Any) -> dict[str, Any]:
    route = {"match": {"prefix": "/"}, "route": {"cluster": "alpha", "rate_limits": _RATE_LIMITS}}
    host = {"name": "all", "domains": ["*"], "routes": [route]}
    return {
        "route_config": {"name": "limited", "virtual_hosts": [host]},
        "http_filters": [_filter(**options), ROUTER],
    }


#: What differs from Envoy's defaults, by the listener's name.
LISTENERS: dict[str, dict[str, Any]] = {
    "plain": _listener(),
    "headers": _listener(enable_x_ratelimit_headers="DRAFT_VERSION_03", failure_mode_deny=True),
    "other": _listener(
        rate_limited_status={"code": "ServiceUnavailable"},
        disable_x_envoy_ratelimited_header=True,
        status_on_error={"code": "BadGateway"},
        failure_mode_deny=True,
    ),
    "own limits": _listener(enable_x_ratelimit_headers="DRAFT_VERSION_03", rate_limits=_OWN_LIMITS),
    "unknown domain": _listener(domain="nothing", enable_x_ratelimit_headers="DRAFT_VERSION_03"),
}
