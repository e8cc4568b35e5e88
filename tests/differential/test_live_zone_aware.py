"""Envoy keeps as much of the traffic in its zone as the engine does: shares of many requests, compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from live_config import ROUTER, TYPES
from live_envoy import Envoy, exchange, free_ports
from live_upstream import EchoServers

from meshcore.config import load
from meshcore.engine import Engine

pytestmark = pytest.mark.envoy

PICKS = 500
HOSTS = 9
HALF = {"routing_enabled": {"value": 50}}
#: By cluster: healthy hosts in each zone, unhealthy ones in a, and the cluster's options.
CLUSTERS: dict[str, tuple[Sequence[int], int, dict[str, Any]]] = {
    "direct": ((4, 2, 2), 0, {}),
    "residual": ((2, 2, 4), 0, {}),
    "unwell": ((3, 3, 2), 1, {}),
    "none_here": ((0, 4, 4), 0, {}),
    "small": ((2, 1, 2), 0, {}),
    "half": (
        (4, 2, 2),
        0,
        {"common_lb_config": {"zone_aware_lb_config": {"routing_enabled": {"value": 50}}}},
    ),
    "random": ((2, 2, 4), 0, {"lb_policy": "RANDOM"}),
    "weighted": ((2, 2, 4), 0, {"common_lb_config": {"locality_weighted_lb_config": {}}}),
}
SELF = (4, 1, 3)


def _cluster(name: str, zones: Sequence[int], unwell: int, ports: Sequence[int]) -> dict[str, Any]:
    left = list(ports)
    groups = []
    for zone, count in zip("abc", zones, strict=True):
        hosts = []
        for at in range(count + (unwell if zone == "a" else 0)):
            address = {"socket_address": {"address": "127.0.0.1", "port_value": left.pop()}}
            health = "HEALTHY" if at < count else "UNHEALTHY"
            hosts.append({"endpoint": {"address": address}, "health_status": health})
        groups.append({"locality": {"zone": zone}, "lb_endpoints": hosts, "load_balancing_weight": 1})
    assignment = {"cluster_name": name, "endpoints": groups}
    return {"name": name, "type": "STATIC", "connect_timeout": "1s", "load_assignment": assignment}


def bootstrap(port: int, ports: Sequence[int]) -> dict[str, Any]:
    header = {"header": {"key": "x-upstream", "value": "%UPSTREAM_REMOTE_ADDRESS%"}}
    routes = [{"match": {"path": f"/{name}"}, "route": {"cluster": name}} for name in CLUSTERS]
    manager = {
        "@type": f"{TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "zones",
        "http_filters": [ROUTER],
        "route_config": {
            "response_headers_to_add": [header],
            "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}],
        },
    }
    network = {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}
    listener = {
        "name": "zones",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": [{"filters": [network]}],
    }
    clusters = [
        {**_cluster(name, zones, unwell, ports), **options}
        for name, (zones, unwell, options) in CLUSTERS.items()
    ]
    return {
        "node": {"id": "n", "cluster": "self", "locality": {"zone": "a"}},
        "cluster_manager": {"local_cluster_name": "self"},
        "static_resources": {
            "listeners": [listener],
            "clusters": [*clusters, _cluster("self", SELF, 0, ports)],
        },
    }


def by_envoy(port: int, name: str) -> str:
    request = f"GET /{name} HTTP/1.1\r\nHost: a.example\r\n\r\n"
    return exchange(port, request.encode()).values("x-upstream")[0]


def by_engine(engine: Engine, port: int, name: str) -> str:
    with engine.decide("GET", "a.example", f"/{name}", port=port) as decision:
        assert decision.endpoint is not None
        return decision.endpoint


def test_the_same_shares(binary: str) -> None:
    (port,) = free_ports(1)
    with EchoServers(HOSTS) as upstreams:
        document = bootstrap(port, upstreams.ports)
        engine = Engine(load(document))
        with Envoy(binary, document):
            theirs = {name: Counter(by_envoy(port, name) for _ in range(PICKS)) for name in CLUSTERS}
    for name, counted in theirs.items():
        ours = Counter(by_engine(engine, port, name) for _ in range(20 * PICKS))
        for host in {*counted, *ours}:
            # Five standard deviations of a share of PICKS requests are 11 % of them at most.
            assert abs(counted[host] - ours[host] / 20) <= 0.11 * PICKS, (name, host, counted, ours)
        assert counted.keys() == ours.keys(), name
