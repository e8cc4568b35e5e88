"""Envoy finds the endpoints that the engine finds, in random clusters with subsets."""

from __future__ import annotations

import pytest
from live_envoy import Envoy, exchange, free_ports
from live_subsets import HOSTS, bootstrap
from live_upstream import EchoServers

from meshcore.config import load
from meshcore.engine import Engine

pytestmark = pytest.mark.envoy

#: Enough for the rotation to come by every host, of two priorities too.
PICKS = 14


def by_envoy(port: int, path: str, cluster: str) -> str:
    request = f"GET {path} HTTP/1.1\r\nHost: a.example\r\nx-to: {cluster}\r\n\r\n"
    answer = exchange(port, request.encode())
    return answer.values("x-upstream")[0] if answer.status == 200 else str(answer.status)


def by_engine(engine: Engine, port: int, path: str, cluster: str) -> str:
    with engine.decide("GET", "a.example", path, {"x-to": cluster}, port=port) as decision:
        return decision.endpoint or str(decision.status)


def test_the_same_endpoints(binary: str) -> None:
    (port,) = free_ports(1)
    with EchoServers(HOSTS) as upstreams:
        document, asked = bootstrap(port, upstreams.ports)
        engine = Engine(load(document))
        with Envoy(binary, document):
            theirs = {each: {by_envoy(port, *each) for _ in range(PICKS)} for each in asked}
    ours = {each: {by_engine(engine, port, *each) for _ in range(PICKS)} for each in asked}
    assert len({frozenset(found) for found in theirs.values()}) > 10  # they are not all alike
    assert {each: (found, theirs[each]) for each, found in ours.items() if found != theirs[each]} == {}
