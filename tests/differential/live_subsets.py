"""Random clusters with subsets over the same few upstreams, and a route for each way to ask them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from live_config import ROUTER, TYPES

__all__ = ["HOSTS", "bootstrap"]

HOSTS = 5
_CLUSTERS, _ROUTES = 100, 5
_KEYS = ("a", "b", "c")
_SCALARS = ("1", "2", "", 1, 1.5, True, False)


def _labels(draw: random.Random, keys: Sequence[str], lists: float) -> dict[str, Any]:
    return {
        key: draw.choices(_SCALARS, k=draw.randint(1, 3)) if draw.random() < lists else draw.choice(_SCALARS)
        for key in keys
        if draw.random() < 0.6
    }


def _metadata(labels: dict[str, Any]) -> dict[str, Any]:
    return {"filter_metadata": {"envoy.lb": labels}}


def _selector(draw: random.Random) -> dict[str, Any]:
    keys = draw.sample(_KEYS, draw.randint(1, 3))
    policies = ["NOT_DEFINED", "NO_FALLBACK", "ANY_ENDPOINT", "DEFAULT_SUBSET"]
    policy = draw.choice([*policies, "KEYS_SUBSET", "KEYS_SUBSET"] if len(keys) > 1 else policies)
    selector: dict[str, Any] = {"keys": keys, "fallback_policy": policy}
    if policy == "KEYS_SUBSET":
        selector["fallback_keys_subset"] = keys[: draw.randint(1, len(keys) - 1)]
    if len(keys) == 1 and draw.random() < 0.2:
        selector["single_host_per_subset"] = True
    return selector


def _typed(draw: random.Random, subsets: dict[str, Any]) -> dict[str, Any]:
    """The policy that came after the cluster's own fields; it alone can allow redundant keys."""
    inner = {"@type": f"{TYPES}.load_balancing_policies.round_robin.v3.RoundRobin"}
    config = {
        "@type": f"{TYPES}.load_balancing_policies.subset.v3.Subset",
        **subsets,
        "allow_redundant_keys": draw.random() < 0.5,
        "subset_lb_policy": _policies("round_robin", inner),
    }
    return {"load_balancing_policy": _policies("subset", config)}


def _policies(name: str, config: dict[str, Any]) -> dict[str, Any]:
    name = f"envoy.load_balancing_policies.{name}"
    return {"policies": [{"typed_extension_config": {"name": name, "typed_config": config}}]}


def _cluster(draw: random.Random, name: str, ports: Sequence[int]) -> dict[str, Any]:
    flags = ("list_as_any", "panic_mode_any")
    subsets = {
        "subset_selectors": [_selector(draw) for _ in range(draw.randint(1, 4))],
        "fallback_policy": draw.choice(["NO_FALLBACK", "ANY_ENDPOINT", "DEFAULT_SUBSET"]),
        "default_subset": {"a": draw.choice(_SCALARS)},
        "metadata_fallback_policy": draw.choice(["METADATA_NO_FALLBACK", "FALLBACK_LIST"]),
        **{flag: draw.random() < 0.5 for flag in flags},
    }
    spread = draw.random() < 0.4  # over two priorities; else some are unhealthy: what spills over is random
    groups: list[list[dict[str, Any]]] = [[], []]
    for port in ports:
        address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
        groups[spread and draw.random() < 0.4].append(
            {
                "endpoint": {"address": address},
                "health_status": "UNHEALTHY" if not spread and draw.random() < 0.3 else "HEALTHY",
                "metadata": _metadata(_labels(draw, _KEYS, 0.3)),
            }
        )
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "common_lb_config": {"healthy_panic_threshold": {"value": draw.choice([0, 50])}},
        **({"lb_subset_config": subsets} if draw.random() < 0.5 else _typed(draw, subsets)),
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [
                {"priority": priority, "lb_endpoints": group} for priority, group in enumerate(groups)
            ],
        },
    }


def _route(draw: random.Random, cluster: str, path: str) -> dict[str, Any]:
    criteria = _labels(draw, (*_KEYS, "d") if draw.random() < 0.3 else _KEYS, 0.1)
    if criteria and draw.random() < 0.3:
        criteria["fallback_list"] = [_labels(draw, _KEYS, 0) for _ in range(2)]
    action: dict[str, Any] = {"metadata_match": _metadata(criteria)} if criteria else {}
    kind = draw.randrange(3)
    if kind == 0:
        action["cluster"] = cluster
    elif kind == 1:
        action["cluster_header"] = "x-to"
    else:
        part: dict[str, Any] = {"name": cluster, "weight": 1}
        if draw.random() < 0.6:
            part["metadata_match"] = _metadata(_labels(draw, _KEYS, 0))
        action["weighted_clusters"] = {"clusters": [part]}
    return {"match": {"path": path}, "route": action}


def bootstrap(port: int, upstream_ports: Sequence[int]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """The bootstrap that both sides load, and each route's (path, cluster). The answer names its upstream."""
    draw = random.Random(13)
    names = [f"c{number}" for number in range(_CLUSTERS)]
    asked = [(f"/{name}/{number}", name) for name in names for number in range(_ROUTES)]
    header = {"header": {"key": "x-upstream", "value": "%UPSTREAM_REMOTE_ADDRESS%"}}
    manager = {
        "@type": f"{TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "subsets",
        "http_filters": [ROUTER],
        "route_config": {
            "response_headers_to_add": [header],
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    "routes": [_route(draw, cluster, path) for path, cluster in asked],
                }
            ],
        },
    }
    network = {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}
    listener = {
        "name": "subsets",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": [{"filters": [network]}],
    }
    clusters = [_cluster(draw, name, upstream_ports) for name in names]
    return {"static_resources": {"listeners": [listener], "clusters": clusters}}, asked
