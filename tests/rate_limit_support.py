"""Configurations with rate limits, in a few words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from meshcore.config.envoy import load_parts
from meshcore.engine import Decision, Engine
from meshcore.model import Config

TYPES = "type.googleapis.com/envoy.extensions.filters.http."
ALL: dict[str, Any] = {"default_value": {"numerator": 100}}
NONE: dict[str, Any] = {"default_value": {"numerator": 0}}
ENDPOINT = {"endpoint": {"address": {"socket_address": {"address": "10.0.0.1", "port_value": 80}}}}
CLUSTER = {
    "name": "one",
    "type": "STATIC",
    "load_assignment": {"cluster_name": "one", "endpoints": [{"lb_endpoints": [ENDPOINT]}]},
}


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def bucket(most: int, fill: int = 1, interval: str = "60s") -> dict[str, Any]:
    return {"max_tokens": most, "tokens_per_fill": fill, "fill_interval": interval}


def rule(tokens: dict[str, Any], *, shadow: bool = False, **entries: str) -> dict[str, Any]:
    """A bucket for a descriptor."""
    listed = [{"key": key, "value": value} for key, value in entries.items()]
    return {"entries": listed, "token_bucket": tokens, "shadow_mode": shadow}


def generic(value: str) -> dict[str, Any]:
    return {"actions": [{"generic_key": {"descriptor_value": value}}]}


def header_key(name: str, key: str) -> dict[str, Any]:
    return {"actions": [{"request_headers": {"header_name": name, "descriptor_key": key}}]}


def limit(
    tokens: dict[str, Any] | None,
    *,
    name: str = "limits",
    response_headers: Mapping[str, str] | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """A local rate limit filter; fields that are None are left out."""
    lines = [{"header": {"key": key, "value": value}} for key, value in (response_headers or {}).items()]
    config = {
        "@type": f"{TYPES}local_ratelimit.v3.LocalRateLimit",
        "stat_prefix": "x",
        "token_bucket": tokens,
        "filter_enabled": ALL,
        "filter_enforced": ALL,
        "response_headers_to_add": lines,
        **fields,
    }
    given = {key: value for key, value in config.items() if value is not None}
    return {"name": name, "typed_config": given}


def service(**fields: Any) -> dict[str, Any]:
    """A filter that asks a rate limit service."""
    grpc = {"envoy_grpc": {"cluster_name": "one"}}
    config = {
        "@type": f"{TYPES}ratelimit.v3.RateLimit",
        "domain": "d",
        "rate_limit_service": {"grpc_service": grpc, "transport_api_version": "V3"},
        **fields,
    }
    return {"name": "service", "typed_config": config}


def config_of(
    *filters: Mapping[str, Any],
    rate_limits: Sequence[Mapping[str, Any]] = (),
    route: Mapping[str, Any] | None = None,
    host: Mapping[str, Any] | None = None,
    action: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Config:
    """One route for all paths; ``rate_limits`` are the route's, ``fields`` those of the table."""
    forward = {"cluster": "one", "rate_limits": rate_limits, **(action or {})}
    routes = [{"name": "all", "match": {"prefix": "/"}, "route": forward, **(route or {})}]
    hosts = [{"name": "v", "domains": ["*"], "routes": routes, **(host or {})}]
    return load_parts({"name": "web", "virtual_hosts": hosts, **fields}, [CLUSTER], http_filters=filters)


def ask(engine: Engine, headers: Mapping[str, str] | None = None, **more: Any) -> Decision:
    return engine.decide("GET", "a.example", "/", headers or {}, **more)
