"""What the engine answers for backends that are not there or not permitted."""

from __future__ import annotations

from collections import Counter

import pytest
from gateway_api_support import gateway, route
from istio_support import Compile

from meshcore import Engine
from meshcore.config import Node


def answers(compiled: Compile, text: str, count: int = 1) -> Counter[int]:
    """Statuses of so many requests; 0 for one that is forwarded."""
    endpoints = {"web": [{"address": "10.0.0.1", "port": 80}]}
    node = Node(gateway="default/gw")
    engine = Engine(compiled(text, "web", node=node, endpoints=endpoints).config)
    found: Counter[int] = Counter()
    for seed in range(count):
        with engine.decide("GET", "www.example", "/", [], seed=seed, now_ns=1, port=80) as decision:
            found[decision.status or 0] += 1
    return found


@pytest.mark.parametrize(
    "backend",
    [
        "{name: gone, port: 80}",
        "{name: web, port: 81}",
        "{name: web, namespace: other, port: 80}",
        "{name: pool, kind: InferencePool, group: inference.networking.k8s.io}",
    ],
)
def test_a_backend_that_is_not_there_answers_500(compiled: Compile, backend: str) -> None:
    assert answers(compiled, gateway() + route(f"[{{backendRefs: [{backend}]}}]")) == {500: 1}


def test_it_answers_for_its_share(compiled: Compile) -> None:
    rules = "[{backendRefs: [{name: web, port: 80, weight: 3}, {name: gone, port: 80, weight: 1}]}]"
    found = answers(compiled, gateway() + route(rules), 400)
    assert found.keys() == {0, 500}
    assert 60 < found[500] < 140


def test_one_without_endpoints_answers_503(compiled: Compile) -> None:
    text = gateway() + route("[{backendRefs: [{name: idle, port: 80}]}]")
    text += "apiVersion: v1\nkind: Service\nmetadata: {name: idle}\nspec: {ports: [{port: 80, name: http}]}\n"
    assert answers(compiled, text) == {503: 1}
