"""Listeners whose ratelimit filter asks our server, and the limits that it has."""

from __future__ import annotations

import textwrap
from typing import Any

from live_config import ROUTER, TYPES

__all__ = [
    "LIMITS",
    "LISTENERS",
    "METADATA",
    "SERVICE_CLUSTER",
    "TURNED_OFF",
    "UNITS",
    "service_cluster",
]

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


_OFF = {"@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig", "disabled": True}
_BUCKET = {"max_tokens": 3, "tokens_per_fill": 1, "fill_interval": "86400s"}


def _wrapped(config: dict[str, Any]) -> dict[str, Any]:
    return {"@type": _OFF["@type"], "config": config}


def _local(tokens: int, **options: Any) -> dict[str, Any]:
    whole = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
    return {
        "@type": f"{TYPES}.filters.http.local_ratelimit.v3.LocalRateLimit",
        "stat_prefix": "local",
        "token_bucket": {**_BUCKET, "max_tokens": tokens},
        "filter_enabled": whole,
        "filter_enforced": whole,
        "enable_x_ratelimit_headers": "DRAFT_VERSION_03",
        **options,
    }


def _turned_off(chain: dict[str, Any], on: dict[str, Any], *, outer: bool) -> dict[str, Any]:
    """One filter, turned off by the route of x-off, or by all (``outer``), and on by the route of x-on."""
    name = chain["name"]
    action = {"cluster": "alpha", "rate_limits": _RATE_LIMITS}

    def route(header: str, **more: Any) -> dict[str, Any]:
        headers = [{"name": header, "present_match": True}] if header else []
        return {"match": {"prefix": "/", "headers": headers}, "route": action, **more}

    routes = [
        route("x-on", typed_per_filter_config={name: on}),
        route("x-off", typed_per_filter_config={name: _OFF}),
        route(""),
    ]
    host: dict[str, Any] = {"name": "all", "domains": ["*"], "routes": routes}
    if outer:
        host["typed_per_filter_config"] = {name: _OFF}
    table = {"name": "limited", "virtual_hosts": [host]}
    return {"route_config": table, "http_filters": [chain, ROUTER]}


def _local_filter() -> dict[str, Any]:
    return {"name": "envoy.filters.http.local_ratelimit", "typed_config": _local(3)}


_PER_ROUTE = {"@type": f"{TYPES}.filters.http.ratelimit.v3.RateLimitPerRoute"}

#: A filter that levels turn off and on, by the listener's name.
TURNED_OFF: dict[str, dict[str, Any]] = {
    "local": _turned_off(_local_filter(), _wrapped(_local(2)), outer=False),
    "local, outer": _turned_off(_local_filter(), _wrapped(_local(2)), outer=True),
    "service": _turned_off(_filter(), _wrapped(_PER_ROUTE), outer=False),
    "service, outer": _turned_off(_filter(), _wrapped(_PER_ROUTE), outer=True),
}


def _from_metadata(source: str, **options: Any) -> dict[str, Any]:
    """A plan that metadata says, and the user."""
    key = {"key": "shop", "path": [{"key": "who"}, {"key": "plan"}]}
    plan = {"descriptor_key": "plan", "metadata_key": key, "source": source, **options}
    limits = [{"actions": [{"metadata": plan}, _header("x-user", "user")]}]
    metadata = {"filter_metadata": {"shop": {"who": {"plan": "gold", "number": 1}}}}
    route = {
        "match": {"prefix": "/"},
        "route": {"cluster": "alpha", "rate_limits": limits},
        "metadata": metadata,
    }
    host = {"name": "all", "domains": ["*"], "routes": [route]}
    table = {"name": "limited", "virtual_hosts": [host]}
    return {"route_config": table, "http_filters": [_filter(), ROUTER]}


_NOT_THERE = {"key": "shop", "path": [{"key": "who"}, {"key": "number"}]}

#: Descriptors of metadata, and whether there is one, by the listener's name.
METADATA: dict[str, tuple[dict[str, Any], bool]] = {
    "of the route": (_from_metadata("ROUTE_ENTRY"), True),
    "of the route, no text": (_from_metadata("ROUTE_ENTRY", metadata_key=_NOT_THERE), False),
    "of the route, no text, default": (
        _from_metadata("ROUTE_ENTRY", metadata_key=_NOT_THERE, default_value="free"),
        True,
    ),
    "dynamic": (_from_metadata("DYNAMIC"), False),
    "dynamic, default": (_from_metadata("DYNAMIC", default_value="free"), True),
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
