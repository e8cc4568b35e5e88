"""Zone aware routing, from bootstraps to endpoints."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from meshcore.config import ConfigError, load
from meshcore.engine import Engine

TYPES = "type.googleapis.com/envoy.extensions"
PICKS = 4000


def cluster(name: str, zones: dict[str, int], weight: int = 1, **more: Any) -> dict[str, Any]:
    """``zones``: how many hosts each has."""
    number = 0
    groups = []
    for zone, count in zones.items():
        hosts = []
        for _ in range(count):
            number += 1
            address = {"socket_address": {"address": f"10.0.0.{number}", "port_value": 80}}
            hosts.append(
                {"endpoint": {"address": address, "hostname": zone}, "load_balancing_weight": weight}
            )
        groups.append({"locality": {"zone": zone}, "lb_endpoints": hosts})
    assignment = {"cluster_name": name, "endpoints": groups}
    return {"name": name, "type": "STATIC", "load_assignment": assignment, **more}


def bootstrap(*clusters: dict[str, Any], zone: str = "a", local: str = "self") -> dict[str, Any]:
    manager = {
        "@type": f"{TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "zones",
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "c"}}],
                }
            ]
        },
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": f"{TYPES}.filters.http.router.v3.Router"},
            }
        ],
    }
    network = {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}
    listener = {
        "name": "l",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 8080}},
        "filter_chains": [{"filters": [network]}],
    }
    return {
        "node": {"id": "n", "cluster": local, "locality": {"zone": zone}},
        "cluster_manager": {"local_cluster_name": local},
        "static_resources": {"listeners": [listener], "clusters": list(clusters)},
    }


def shares(document: dict[str, Any]) -> dict[str, int]:
    """Percents of the requests, by zone."""
    engine = Engine(load(document))
    hosts = {host.authority: host.hostname for host in engine.config.clusters[0].endpoints}
    found: Counter[str] = Counter()
    for seed in range(PICKS):
        with engine.decide("GET", "a.example", "/", seed=seed * 2654435761) as decision:
            found[hosts[decision.endpoint] if decision.endpoint else ""] += 1
    return {zone: round(100 * count / PICKS) for zone, count in found.items()}


def near(found: dict[str, int], **expected: int) -> bool:
    return all(abs(found.get(zone, 0) - expected.get(zone, 0)) <= 3 for zone in {*found, *expected})


def typed(**zone_aware: Any) -> dict[str, Any]:
    config = {
        "@type": f"{TYPES}.load_balancing_policies.round_robin.v3.RoundRobin",
        "locality_lb_config": {"zone_aware_lb_config": zone_aware},
    }
    entry = {"typed_extension_config": {"name": "round_robin", "typed_config": config}}
    return {"load_balancing_policy": {"policies": [entry]}}


EVEN = {"a": 2, "b": 2, "c": 2}
SELF = cluster("self", {"a": 2, "b": 1, "c": 1})


def test_it_is_on_wherever_the_local_cluster_is_named() -> None:
    assert near(shares(bootstrap(cluster("c", EVEN), cluster("self", EVEN))), a=100)


def test_what_does_not_fit_goes_to_the_others() -> None:
    """Half of the callers are in a, a third of the hosts: two thirds stay."""
    assert near(shares(bootstrap(cluster("c", EVEN), SELF)), a=67, b=17, c=17)


def test_a_hash_knows_no_zones() -> None:
    document = bootstrap(cluster("c", EVEN, lb_policy="RING_HASH"), cluster("self", EVEN))
    assert near(shares(document), a=33, b=33, c=33)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"routing_enabled": {"value": 0}}, {"a": 33, "b": 33, "c": 33}),
        ({"min_cluster_size": 7}, {"a": 33, "b": 33, "c": 33}),
        ({"min_cluster_size": 6}, {"a": 67, "b": 17, "c": 17}),
    ],
)
def test_the_clusters_own_options(options: dict[str, Any], expected: dict[str, int]) -> None:
    legacy = cluster("c", EVEN, common_lb_config={"zone_aware_lb_config": options})
    assert near(shares(bootstrap(legacy, SELF)), **expected)
    assert near(shares(bootstrap(cluster("c", EVEN, **typed(**options)), SELF)), **expected)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"force_locality_direct_routing": True}, {"a": 100}),
        ({"force_local_zone": {}}, {"a": 100}),
        ({"force_local_zone": {"min_size": 2}}, {"a": 100}),
        ({"force_local_zone": {"min_size": 3}}, {"a": 67, "b": 17, "c": 17}),
        ({"locality_basis": "HEALTHY_HOSTS_WEIGHT"}, {"a": 67, "b": 17, "c": 17}),
    ],
)
def test_the_options_of_typed_policies(options: dict[str, Any], expected: dict[str, int]) -> None:
    assert near(shares(bootstrap(cluster("c", EVEN, **typed(**options)), SELF)), **expected)


def test_the_local_cluster_must_be_there() -> None:
    with pytest.raises(ConfigError, match="there is no cluster 'self'"):
        load(bootstrap(cluster("c", EVEN)))


def test_a_place_of_which_nothing_is_known() -> None:
    assert near(shares(bootstrap(cluster("c", EVEN), SELF, zone="z")), a=33, b=33, c=33)


def test_subsets_know_zones_too() -> None:
    subsets = {"subset_selectors": [{"keys": ["v"]}], "fallback_policy": "ANY_ENDPOINT"}
    document = bootstrap(cluster("c", EVEN, lb_subset_config=subsets), cluster("self", EVEN))
    assert near(shares(document), a=100)
