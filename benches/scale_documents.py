"""Configurations of any size, the same for the same size: what bench_scale.py loads.

Ten routes for each host, as a busy gateway or mesh has them: prefixes, exact paths, header and
query predicates, regexes, splits, rewrites, timeouts. Every host has services of its own behind it.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROUTES_PER_HOST = 10
PORT = 80

#: What reads each kind of documents best: a file's name and the function that writes it.
DIALECTS = ("envoy-json", "envoy-yaml", "istio-yaml")


def hosts(routes: int) -> int:
    """How many virtual hosts hold so many routes."""
    return max(1, routes // ROUTES_PER_HOST)


def authority(dialect: str, host: int) -> str:
    """What a client calls a host."""
    if dialect != "istio-yaml":
        return f"app-{host}.example.com"
    return f"svc-{host}.default.svc.cluster.local" if host % 2 == 0 else f"svc-{host}.example.com"


def path(host: int, route: int) -> str:
    """A request's path that the route of that number gets, if its other predicates hold."""
    return f"{_prefix(host, route)}/items/{host * 31 + route}"


def write(folder: Path, dialect: str, routes: int) -> Path:
    """Write the documents of a size; the file."""
    file = folder / f"{dialect}-{routes}.{'json' if dialect == 'envoy-json' else 'yaml'}"
    if dialect == "envoy-json":
        file.write_text(json.dumps(_bootstrap(routes)), encoding="ascii")
    elif dialect == "envoy-yaml":
        file.write_text("\n".join(_block(_bootstrap(routes), "")) + "\n", encoding="ascii")
    else:
        texts = ("\n".join(_block(document, "")) for document in _istio(routes))
        file.write_text("\n---\n".join(texts) + "\n", encoding="ascii")
    return file


def _prefix(host: int, route: int) -> str:
    return f"/team-{host % 97}/api/v{route % 3 + 1}/resource-{route}"


# -- Envoy ------------------------------------------------------------------------------------


def _bootstrap(routes: int) -> dict[str, Any]:
    chance = random.Random(routes)
    count = hosts(routes)
    manager = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3"
        ".HttpConnectionManager",
        "stat_prefix": "scale",
        "route_config": {
            "name": "scale",
            "virtual_hosts": [
                {
                    "name": f"app-{host}",
                    "domains": [f"app-{host}.example.com", f"app-{host}.example.com:8080"],
                    "routes": [_envoy_route(chance, host, route) for route in range(routes // count)],
                }
                for host in range(count)
            ],
        },
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
                },
            }
        ],
    }
    return {
        "static_resources": {
            "listeners": [
                {
                    "name": "scale",
                    "address": {"socket_address": {"address": "0.0.0.0", "port_value": PORT}},
                    "filter_chains": [
                        {
                            "filters": [
                                {
                                    "name": "envoy.filters.network.http_connection_manager",
                                    "typed_config": manager,
                                }
                            ]
                        }
                    ],
                }
            ],
            "clusters": [_envoy_cluster(host, kind) for host in range(count) for kind in ("v1", "v2")],
        }
    }


def _envoy_route(chance: random.Random, host: int, route: int) -> dict[str, Any]:
    prefix = _prefix(host, route)
    match: dict[str, Any] = {"path_separated_prefix": prefix}
    if route % 10 == 1:
        match = {"prefix": f"{prefix}/"}
    elif route % 10 == 2:
        match = {"safe_regex": {"regex": f"{prefix}/items/[0-9]+"}}
    elif route % 10 == 3:
        match["headers"] = [{"name": "x-user", "string_match": {"exact": f"user-{chance.randrange(100)}"}}]
    elif route % 10 == 4:
        match["query_parameters"] = [{"name": "debug", "present_match": True}]
    action: dict[str, Any] = {"cluster": f"app-{host}-v1", "timeout": f"{chance.randrange(1, 30)}s"}
    if route % 10 == 5:
        action = {
            "weighted_clusters": {
                "clusters": [
                    {"name": f"app-{host}-v1", "weight": 90},
                    {"name": f"app-{host}-v2", "weight": 10},
                ]
            }
        }
    elif route % 10 == 6:
        action["prefix_rewrite"] = f"/v2/resource-{route}"
    return {"name": f"app-{host}-{route}", "match": match, "route": action}


def _envoy_cluster(host: int, kind: str) -> dict[str, Any]:
    endpoints = [
        {
            "endpoint": {
                "address": {"socket_address": {"address": address, "port_value": 8080}},
            }
        }
        for address in _addresses(host, kind)
    ]
    return {
        "name": f"app-{host}-{kind}",
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {
            "cluster_name": f"app-{host}-{kind}",
            "endpoints": [{"lb_endpoints": endpoints}],
        },
    }


def _addresses(host: int, kind: str) -> list[str]:
    last = 1 if kind == "v1" else 3
    return [f"10.{host >> 8 & 255}.{host & 255}.{last + index}" for index in range(2)]


# -- Istio ------------------------------------------------------------------------------------


def _istio(routes: int) -> Iterator[dict[str, Any]]:
    """Hosts of even numbers are Services with their Pods, the others ServiceEntries with endpoints."""
    chance = random.Random(routes)
    count = hosts(routes)
    for host in range(count):
        name = f"svc-{host}"
        yield from _service(host, name) if host % 2 == 0 else _service_entry(host, name)
        yield {
            "apiVersion": "networking.istio.io/v1",
            "kind": "DestinationRule",
            "metadata": {"name": name, "namespace": "default"},
            "spec": {
                "host": authority("istio-yaml", host),
                "trafficPolicy": {"loadBalancer": {"simple": "ROUND_ROBIN"}},
                "subsets": [{"name": kind, "labels": {"version": kind}} for kind in ("v1", "v2")],
            },
        }
        yield {
            "apiVersion": "networking.istio.io/v1",
            "kind": "VirtualService",
            "metadata": {"name": name, "namespace": "default"},
            "spec": {
                "hosts": [authority("istio-yaml", host)],
                "http": [_istio_rule(chance, host, route) for route in range(routes // count)],
            },
        }


def _service(host: int, name: str) -> Iterator[dict[str, Any]]:
    yield {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"selector": {"app": name}, "ports": [{"name": "http", "port": PORT, "targetPort": 8080}]},
    }
    for kind in ("v1", "v2"):
        for index, address in enumerate(_addresses(host, kind)):
            yield {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {
                    "name": f"{name}-{kind}-{index}",
                    "namespace": "default",
                    "labels": {"app": name, "version": kind},
                },
                "status": {"podIP": address, "phase": "Running"},
            }


def _service_entry(host: int, name: str) -> Iterator[dict[str, Any]]:
    yield {
        "apiVersion": "networking.istio.io/v1",
        "kind": "ServiceEntry",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "hosts": [authority("istio-yaml", host)],
            "resolution": "STATIC",
            "location": "MESH_INTERNAL",
            "ports": [{"name": "http", "number": PORT, "protocol": "HTTP"}],
            "endpoints": [
                {"address": address, "labels": {"app": name, "version": kind}}
                for kind in ("v1", "v2")
                for address in _addresses(host, kind)
            ],
        },
    }


def _istio_rule(chance: random.Random, host: int, route: int) -> dict[str, Any]:
    name, prefix = authority("istio-yaml", host), _prefix(host, route)
    match: dict[str, Any] = {"uri": {"prefix": prefix}}
    if route % 10 == 1:
        match = {"uri": {"prefix": f"{prefix}/"}}
    elif route % 10 == 2:
        match = {"uri": {"regex": f"{prefix}/items/[0-9]+"}}
    elif route % 10 == 3:
        match["headers"] = {"x-user": {"exact": f"user-{chance.randrange(100)}"}}
    elif route % 10 == 4:
        match["queryParams"] = {"debug": {"exact": "1"}}
    destination = {"host": name, "port": {"number": PORT}}
    rule: dict[str, Any] = {
        "name": f"svc-{host}-{route}",
        "match": [match],
        "route": [{"destination": destination}],
        "timeout": f"{chance.randrange(1, 30)}s",
    }
    if route % 10 == 5:
        rule["route"] = [
            {"destination": {**destination, "subset": "v1"}, "weight": 90},
            {"destination": {**destination, "subset": "v2"}, "weight": 10},
        ]
    elif route % 10 == 6:
        rule["rewrite"] = {"uri": f"/v2/resource-{route}"}
    return rule


# -- YAML ---------------------------------------------------------------------------------------


def _block(value: dict[str, Any] | list[Any], indent: str) -> Iterator[str]:
    """Block style, as people write it: a hundred times faster than PyYAML's dumper."""
    if isinstance(value, list):
        for item in value:
            if isinstance(item, dict | list):
                lines = _block(item, indent + "  ")
                yield f"{indent}- {next(lines).lstrip()}"
                yield from lines
            else:
                yield f"{indent}- {_scalar(item)}"
        return
    for key, item in value.items():
        name = _scalar(key)
        if isinstance(item, dict | list):
            yield f"{indent}{name}:"
            yield from _block(item, indent if isinstance(item, list) else indent + "  ")
        else:
            yield f"{indent}{name}: {_scalar(item)}"


def _scalar(value: object) -> str:
    text = json.dumps(value)
    inner = text[1:-1]
    plain = isinstance(value, str) and inner[:1].isalpha() and inner.replace("-", "").isalnum()
    return inner if plain else text
