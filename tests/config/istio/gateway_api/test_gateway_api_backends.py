"""Backends: their shares, and what becomes of those that may not be used."""

from __future__ import annotations

import pytest
from gateway_api_support import Derive, gateway, route

GRANT = """
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: {{name: g, namespace: other}}
spec:
  from: [{{group: gateway.networking.k8s.io, kind: {kind}, namespace: {namespace}}}]
  to: [{{group: "", kind: Service{name}}}]
"""


@pytest.mark.parametrize(
    ("backends", "weights"),
    [
        ("[{name: web, port: 80, weight: 7}]", [0]),
        ("[{name: web, port: 80}, {name: web, port: 81}]", [1, 1]),
        ("[{name: web, port: 80, weight: 0}, {name: web, port: 81, weight: 3}]", [0]),
        ("[{name: web, port: 80, weight: 9}, {name: gone, port: 80}]", [9, 1]),
    ],
)
def test_weights(derived: Derive, backends: str, weights: list[int]) -> None:
    made = derived(gateway() + route(f"[{{backendRefs: {backends}}}]"), "web:80,81").only
    assert [it.weight for it in made.route] == weights
    assert made.direct_response is None


@pytest.mark.parametrize("backends", ["[]", "[{name: web, port: 80, weight: 0}]"])
def test_without_a_share_there_is_500(derived: Derive, backends: str) -> None:
    made = derived(gateway() + route(f"[{{backendRefs: {backends}}}]"), "web").only
    assert made.route == []
    assert made.direct_response is not None
    assert made.direct_response.status == 500


@pytest.mark.parametrize(
    ("kind", "namespace", "name", "granted"),
    [
        ("HTTPRoute", "default", "", True),
        ("HTTPRoute", "default", ", name: web", True),
        ("HTTPRoute", "default", ", name: mail", False),
        ("HTTPRoute", "shop", "", False),
        ("GRPCRoute", "default", "", False),
    ],
)
def test_other_namespaces_must_grant(
    derived: Derive, kind: str, namespace: str, name: str, granted: bool
) -> None:
    text = gateway() + route("[{backendRefs: [{name: web, namespace: other, port: 80}]}]")
    made = derived(text + GRANT.format(kind=kind, namespace=namespace, name=name), "web/other").only
    destination = made.route[0].destination
    assert destination is not None
    assert destination.host == ("web.other.svc.cluster.local" if granted else "")


def test_the_mesh_asks_for_no_grant(derived: Derive) -> None:
    parents = "[{kind: Service, group: '', name: web, namespace: other}]"
    text = route("[{backendRefs: [{name: web, namespace: other, port: 80}]}]", parents=parents)
    destination = derived(text, "web/other").only.route[0].destination
    assert destination is not None
    assert destination.host == "web.other.svc.cluster.local"


def test_hosts_and_other_kinds(derived: Derive) -> None:
    text = route(
        "[{backendRefs: [{group: networking.istio.io, kind: Hostname, name: Web.example, port: 443},"
        " {group: inference.networking.k8s.io, kind: InferencePool, name: p}]}]"
    )
    made = derived(gateway() + text).only
    assert [it.destination.host for it in made.route if it.destination] == ["web.example", ""]


def test_filters_of_a_backend(derived: Derive) -> None:
    modifier = "{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: x, value: '1'}]}}"
    made = derived(
        gateway() + route(f"[{{backendRefs: [{{name: web, port: 80, filters: [{modifier}]}}]}}]"), "web"
    ).only
    headers = made.route[0].headers
    assert headers is not None
    assert headers.request is not None
    assert headers.request.set == {"x": "1"}


def test_positions_are_those_of_the_route(derived: Derive) -> None:
    rule = derived(gateway() + route("\n  - backendRefs:\n    - {name: web, port: 80}"), "web").only
    place = rule.route[0].record_node.origin(rule.route[0].record_path)
    assert (place.kind, place.name, place.path) == ("HTTPRoute", "default/r", "spec.rules[0].backendRefs[0]")
    assert place.line == 17
