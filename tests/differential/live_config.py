"""What Envoy and the engine are compared with: one listener for each way of reading requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from live_routes import ROUTE_CONFIGURATION

__all__ = ["CLUSTERS", "LISTENERS", "ROUTER", "TYPES", "bootstrap"]

TYPES = "type.googleapis.com/envoy.extensions"
CLUSTERS = ("alpha", "beta", "gamma", "delta")

#: What differs from Envoy's defaults, by the listener's name.
LISTENERS: dict[str, dict[str, Any]] = {
    "plain": {},
    "normal": {"normalize_path": True, "merge_slashes": True},
    "unescaping": {
        "normalize_path": True,
        "path_with_escaped_slashes_action": "UNESCAPE_AND_FORWARD",
        "strip_any_host_port": True,
    },
    "redirecting": {
        "normalize_path": True,
        "merge_slashes": True,
        "path_with_escaped_slashes_action": "UNESCAPE_AND_REDIRECT",
        "strip_matching_host_port": True,
    },
    "rejecting": {"path_with_escaped_slashes_action": "REJECT_REQUEST", "append_x_forwarded_port": True},
}


ROUTER = {
    "name": "envoy.filters.http.router",
    "typed_config": {"@type": f"{TYPES}.filters.http.router.v3.Router"},
}


def cluster(name: str, port: int) -> dict[str, Any]:
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
    }


#: Makes Envoy tell why it answered by itself.
TELL_DETAILS = {
    "local_reply_config": {
        "mappers": [
            {
                "filter": {
                    "status_code_filter": {
                        "comparison": {"op": "GE", "value": {"default_value": 0, "runtime_key": "none"}}
                    }
                },
                "headers_to_add": [{"header": {"key": "x-details", "value": "%RESPONSE_CODE_DETAILS%"}}],
            }
        ]
    }
}


def listener(name: str, port: int, options: dict[str, Any]) -> dict[str, Any]:
    options = dict(options)
    direction = options.pop("traffic_direction", "UNSPECIFIED")  # the listener's, not the manager's
    manager = {
        "@type": f"{TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "generate_request_id": False,
        "route_config": ROUTE_CONFIGURATION,
        "http_filters": [ROUTER],
        **options,
    }
    network = {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}
    return {
        "name": name,
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "traffic_direction": direction,
        "filter_chains": [{"filters": [network]}],
    }


def bootstrap(
    listener_ports: Sequence[int],
    upstream_ports: Sequence[int],
    *,
    listeners: Mapping[str, dict[str, Any]] = LISTENERS,
    tell_details: bool = False,
    runtime: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The bootstrap that both sides load; ``tell_details`` is for Envoy alone."""
    more = TELL_DETAILS if tell_details else {}
    layers = [{"name": "static", "static_layer": dict(runtime or {})}]
    return {
        "layered_runtime": {"layers": layers},
        "static_resources": {
            "listeners": [
                listener(name, port, {**options, **more})
                for (name, options), port in zip(listeners.items(), listener_ports, strict=True)
            ],
            "clusters": [cluster(name, port) for name, port in zip(CLUSTERS, upstream_ports, strict=True)],
        },
    }
