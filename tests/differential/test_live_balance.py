"""Ring hash and Maglev pick, key by key, the endpoint that a running Envoy picks, for random clusters."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
from live_balance import Addressed, bootstrap, cluster
from live_envoy import PATIENCE, Envoy, free_ports

from meshcore.config import load
from meshcore.engine import Engine

pytestmark = pytest.mark.envoy

CLUSTERS = [f"c{i}" for i in range(60)]
BOUNDED = [f"b{i}" for i in range(12)]
KEYS = 40


@dataclass(frozen=True)
class Hashing:
    engine: Engine
    port: int
    clusters: dict[str, dict[str, Any]]

    def envoys(self, keys: list[str], name: str) -> list[str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        found = []
        for key in keys:
            connection.request("GET", f"/{name}", headers={"x-key": key})
            answer = connection.getresponse()
            answer.read()
            found.append(answer.headers["x-endpoint"] if answer.status == 200 else str(answer.status))
        connection.close()
        return found

    def envoys_held(self, keys: list[str], name: str) -> list[str]:
        """The same, each request still under way when the next one comes."""
        found = []
        with ExitStack() as held:
            for key in keys:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
                held.callback(connection.close)
                connection.request("GET", f"/{name}", headers={"x-key": key, "x-hold": "1"})
                answer = connection.getresponse()
                held.callback(answer.close)
                found.append(answer.headers["x-endpoint"] if answer.status == 200 else str(answer.status))
        return found

    def ours(self, key: str, name: str) -> str:
        with self.engine.decide("GET", "a.example", f"/{name}", [("x-key", key)], port=self.port) as decision:
            return decision.endpoint or str(decision.status)


@pytest.fixture(scope="module")
def hashing(binary: str) -> Iterator[Hashing]:
    (port,) = free_ports(1)
    with Addressed() as upstreams:
        clusters = {
            name: cluster(name, upstreams.port, Random(name), bounded=name in BOUNDED)
            for name in (*CLUSTERS, *BOUNDED)
        }
        document = bootstrap(port, list(clusters.values()))
        engine = Engine(load(document))
        with Envoy(binary, document):
            yield Hashing(engine, port, clusters)


@pytest.mark.parametrize("name", CLUSTERS)
def test_the_same_endpoint_for_every_key(hashing: Hashing, name: str) -> None:
    random = Random(f"keys of {name}")
    keys = [f"{random.getrandbits(random.choice([8, 64, 256])):x}" for _ in range(KEYS)]
    expected = hashing.envoys(keys, name)
    assert [hashing.ours(key, name) for key in keys] == expected, hashing.clusters[name]


@pytest.mark.parametrize("name", BOUNDED)
def test_bounded_loads_evade_to_the_same_endpoints(hashing: Hashing, name: str) -> None:
    random = Random(f"keys of {name}")
    keys = [f"key-{random.randrange(6)}" for _ in range(50)]
    expected = hashing.envoys_held(keys, name)
    with ExitStack() as held:
        decisions = [
            held.enter_context(
                hashing.engine.decide("GET", "a.example", f"/{name}", [("x-key", key)], port=hashing.port)
            )
            for key in keys
        ]
        ours = [decision.endpoint or str(decision.status) for decision in decisions]
    assert ours == expected, hashing.clusters[name]
