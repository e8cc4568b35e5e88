"""Hash policies of load balancing policies: the same endpoint and the same cookie as a running Envoy."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
from live_balance import ADDRESSES, Addressed, bootstrap
from live_envoy import PATIENCE, Envoy, free_ports

from meshcore.config import load
from meshcore.engine import Engine

pytestmark = pytest.mark.envoy

PREFIX = "type.googleapis.com/envoy.extensions.load_balancing_policies."
NAMES = [f"h{i}" for i in range(40)]
REQUESTS = 15


def _sources(random: Random) -> list[dict[str, Any]]:
    rewrite = {"pattern": {"regex": "[0-9]+"}, "substitution": "<\\0>"}
    header: dict[str, Any] = {"header_name": random.choice(["x-user", ":path", "x-session"])}
    if random.random() < 0.3:
        header["regex_rewrite"] = rewrite
    cookie: dict[str, Any] = {"name": random.choice(["who", "what"])}
    if random.random() < 0.7:
        cookie["ttl"] = random.choice(["0s", "60s"])
        cookie["path"] = random.choice(["", "/p"])
        cookie["attributes"] = random.choice([[], [{"name": "SameSite", "value": "Lax"}]])
    return [
        {"header": header},
        {"cookie": cookie},
        {"connection_properties": {"source_ip": random.random() < 0.7}},
        {"query_parameter": {"name": "q"}},
    ]


def _hash_policies(random: Random) -> list[dict[str, Any]]:
    drawn = [random.choice(_sources(random)) for _ in range(random.choice([1, 1, 2, 3]))]
    return [{**one, "terminal": True} if random.random() < 0.2 else one for one in drawn]


def _cluster(name: str, port: int) -> dict[str, Any]:
    random = Random(name)
    kind = random.choice(["ring_hash.v3.RingHash", "maglev.v3.Maglev"])
    hashing = {"hash_policy": _hash_policies(random)}
    policy: dict[str, Any] = {"@type": PREFIX + kind, "consistent_hashing_lb_config": hashing}
    if random.random() < 0.3:
        policy = {
            "@type": PREFIX + "subset.v3.Subset",
            "fallback_policy": random.choice(["ANY_ENDPOINT", "NO_FALLBACK"]),
            "subset_selectors": [{"keys": ["v"], "single_host_per_subset": random.random() < 0.3}],
            "subset_lb_policy": _policies(policy),
        }
    sick = random.random() < 0.2
    endpoints = [
        {
            "endpoint": {"address": {"socket_address": {"address": address, "port_value": port}}},
            "metadata": {"filter_metadata": {"envoy.lb": {"v": address}}},
            **({"health_status": "UNHEALTHY"} if sick else {}),
        }
        for address in random.sample(ADDRESSES, random.choice([0, 1, 5, 12]))
    ]
    return {
        "name": name,
        "connect_timeout": "5s",
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
        "load_balancing_policy": _policies(policy),
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}]},
    }


def _policies(config: dict[str, Any]) -> dict[str, Any]:
    return {"policies": [{"typed_extension_config": {"name": "it", "typed_config": config}}]}


def _document(port: int, clusters: list[dict[str, Any]]) -> dict[str, Any]:
    """The route hashes x-key, which is not to count, and edits cookies."""
    document = bootstrap(port, clusters)
    manager = document["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    for route in manager["route_config"]["virtual_hosts"][0]["routes"]:
        random = Random(f"route of {route['match']['path']}")
        if random.random() < 0.3:
            route["response_headers_to_remove"] = ["set-cookie"]
        if random.random() < 0.3:
            route["response_headers_to_add"] = [{"header": {"key": "set-cookie", "value": "of-route=1"}}]
        if random.random() < 0.3:
            route["route"]["hash_policy"].append({"cookie": {"name": "of-route", "ttl": "1s"}})
    manager["use_remote_address"] = False
    return document


@dataclass(frozen=True)
class Pair:
    engine: Engine
    port: int
    clusters: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def pair(binary: str) -> Iterator[Pair]:
    (port,) = free_ports(1)
    with Addressed() as upstreams:
        clusters = {name: _cluster(name, upstreams.port) for name in NAMES}
        document = _document(port, list(clusters.values()))
        engine = Engine(load(document))
        with Envoy(binary, document):
            yield Pair(engine, port, clusters)


def _headers(random: Random) -> list[tuple[str, str]]:
    number = random.randrange(1000)
    some = [
        ("x-user", f"user-{number}"),
        ("x-user", f"{number}"),
        ("cookie", f"who={number}"),
        ("cookie", f"other=1; what={number}"),
        ("x-forwarded-for", f"10.1.2.{number % 256}"),
        ("x-forwarded-for", f"2001:db8::{number:x}"),
        ("content-type", "application/grpc"),
    ]
    return [one for one in some if random.random() < 0.4] + [("x-key", "k")]


def _requests(name: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    random = Random(f"requests to {name}")
    for _ in range(REQUESTS):
        yield f"/{name}" + random.choice(["", "?q=1", "?q=2"]), _headers(random)


@dataclass(frozen=True)
class Seen:
    status: str
    endpoint: str
    cookies: tuple[str, ...]


def _envoys(pair: Pair, target: str, headers: list[tuple[str, str]]) -> tuple[Seen, int]:
    """What Envoy answers, and from which port it was asked."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    with socket.create_connection(("127.0.0.1", pair.port), timeout=PATIENCE) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{lines}\r\n".encode())
        with connection.makefile("rb") as stream:
            head = [line.decode("latin-1").rstrip("\r\n") for line in iter(stream.readline, b"\r\n")]
        port: int = connection.getsockname()[1]
    fields = [line.split(": ", 1) for line in head[1:]]
    return _seen(head[0].split()[1], fields), port


def _seen(status: str, fields: list[Any]) -> Seen:
    endpoint = "".join(value for name, value in fields if name == "x-endpoint")
    return Seen(status, endpoint, tuple(value for name, value in fields if name == "set-cookie"))


def _ours(pair: Pair, target: str, headers: list[tuple[str, str]], source_port: int) -> tuple[Seen, bool]:
    """What we answer, and whether anything was hashed: chance does not matter then."""
    seen = []
    for seed in range(8):
        with pair.engine.decide(
            "GET", "a", target, headers, source="127.0.0.1", source_port=source_port,
            local="127.0.0.1", port=pair.port, seed=seed,
        ) as decision:  # fmt: skip
            upstream = [("x-endpoint", decision.endpoint or "")] if decision.endpoint else []
            status = 200 if decision.endpoint else None
            fields = decision.response_headers([("x", "y"), *upstream], status=status)
            seen.append(_seen(str(decision.status or 200), fields))
    return seen[0], len(set(seen)) == 1


@pytest.mark.parametrize("name", NAMES)
def test_the_same_endpoint_and_cookies(pair: Pair, name: str) -> None:
    for target, headers in _requests(name):
        envoys, source_port = _envoys(pair, target, headers)
        ours, settled = _ours(pair, target, headers, source_port)
        if settled:
            assert ours == envoys, (headers, pair.clusters[name])
        else:
            assert (ours.status, ours.cookies) == (envoys.status, envoys.cookies)


def test_few_requests_are_left_to_chance(pair: Pair) -> None:
    settled = [_ours(pair, *request, 4000)[1] for name in NAMES for request in _requests(name)]
    assert sum(settled) > 0.7 * len(settled)
