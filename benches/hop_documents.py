"""What stands before one service: an Envoy bootstrap, which Envoy, our proxy and our middleware all take."""

from __future__ import annotations

from typing import Any

SERVICE = "reviews"
HOST = "reviews.example"
TYPES = "type.googleapis.com/envoy.extensions.filters"

#: What a service behind a gateway gets, as ASGI has it.
HEADERS: list[tuple[bytes, bytes]] = [
    (b"host", HOST.encode()),
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"),
    (b"accept", b"application/json"),
    (b"accept-language", b"en-GB,en;q=0.5"),
    (b"accept-encoding", b"gzip, deflate, br, zstd"),
    (b"cookie", b"session=0123456789abcdef0123456789abcdef; theme=dark"),
    (b"x-request-id", b"5a1d5c2e-0f43-4d05-9d4b-1b9c7a4fbb1e"),
    (b"cache-control", b"no-cache"),
    (b"end-user", b"jason"),
]


def path(routes: int) -> str:
    """A request for the last of the routes."""
    return f"/service-{routes - 1}/items/7"


def bootstrap(upstream: int, *, routes: int = 1, port: int = 10000, every: str = "15s") -> dict[str, Any]:
    """One route, and nothing else; or more of them, and then a ring hash by cookie, a limit that is never
    reached, and outlier detection.

    Args:
        upstream: the port of the service, on loopback.
        port: where the proxy listens.
        every: the timeout of each route; Envoy's default is 15 s, Istio's "0s".
    """
    rich = routes > 1
    action: dict[str, Any] = {"cluster": SERVICE, "timeout": every}
    if rich:
        action["hash_policy"] = [
            {"cookie": {"name": "session"}},
            {"connection_properties": {"source_ip": True}},
        ]
    limit = {
        "@type": f"{TYPES}.http.local_ratelimit.v3.LocalRateLimit",
        "stat_prefix": "limit",
        "token_bucket": {"max_tokens": 10**9, "tokens_per_fill": 10**9, "fill_interval": "1s"},
        "filter_enabled": {"default_value": {"numerator": 100}},
        "filter_enforced": {"default_value": {"numerator": 100}},
    }
    router = {"name": "router", "typed_config": {"@type": f"{TYPES}.http.router.v3.Router"}}
    manager = {
        "@type": f"{TYPES}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "bench",
        "http_filters": [*([{"name": "limit", "typed_config": limit}] if rich else []), router],
        "route_config": {
            "name": "bench",
            "virtual_hosts": [
                {
                    "name": SERVICE,
                    "domains": ["*"],
                    "routes": [
                        {"match": {"prefix": f"/service-{i}/"}, "route": action} for i in range(routes)
                    ],
                }
            ],
        },
    }
    endpoint = {"address": {"socket_address": {"address": "127.0.0.1", "port_value": upstream}}}
    cluster: dict[str, Any] = {
        "name": SERVICE,
        "type": "STATIC",
        "load_assignment": {
            "cluster_name": SERVICE,
            "endpoints": [{"lb_endpoints": [{"endpoint": endpoint}]}],
        },
    }
    if rich:
        cluster |= {"lb_policy": "RING_HASH", "outlier_detection": {}}
    listener = {
        "name": "bench",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": [{"filters": [{"name": "manager", "typed_config": manager}]}],
    }
    return {"static_resources": {"listeners": [listener], "clusters": [cluster]}}
