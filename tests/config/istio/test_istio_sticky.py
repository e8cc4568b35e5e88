"""The annotation ``meshcore-sticky``: which rules it is for, and where it may stand."""

from __future__ import annotations

import pytest
from istio_support import Compile

from meshcore.config import ConfigError
from meshcore.model import ForwardAction, HashPolicyKind, Route, StickyKey

USER = StickyKey(HashPolicyKind.HEADER, "x-user")
BOTH = "[{destination: {host: one}, weight: 9}, {destination: {host: two}, weight: 1}]"
SERVICES = ("one:80", "two:80")


def virtual_service(name: str, http: str, annotation: str = "", hosts: str = "[shop.example]") -> str:
    noted = f", annotations: {{meshcore-sticky: {annotation}}}" if annotation else ""
    served = f"hosts: {hosts}, " if hosts else ""
    return (
        f"---\napiVersion: networking.istio.io/v1\nkind: VirtualService\n"
        f"metadata: {{name: {name}{noted}}}\nspec: {{{served}http: {http}}}\n"
    )


def key(route: Route) -> StickyKey | None:
    assert isinstance(route.action, ForwardAction)
    split = route.action.weighted_clusters
    return split.sticky if split is not None else None


def test_all_splits_of_a_document_have_its_key(compiled: Compile) -> None:
    http = f"[{{match: [{{uri: {{prefix: /a}}}}], route: {BOTH}}}, {{route: {BOTH}}}]"
    found = compiled(virtual_service("a", http, "header=X-User"), *SERVICES)
    assert [key(it) for it in found.routes(80, "shop.example")] == [USER, USER]
    assert not found.warnings


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("header=:path", StickyKey(HashPolicyKind.HEADER, ":path")),
        ("cookie=who", StickyKey(HashPolicyKind.COOKIE, "who")),
        ('"cookie=who;ttl=0"', StickyKey(HashPolicyKind.COOKIE, "who", 0.0)),
        ('" cookie = who ; path=/x; ttl = 1h "', StickyKey(HashPolicyKind.COOKIE, "who", 3600.0, "/x")),
        ("source", StickyKey(HashPolicyKind.SOURCE_IP)),
    ],
)
def test_forms(compiled: Compile, text: str, expected: StickyKey) -> None:
    found = compiled(virtual_service("a", f"[{{route: {BOTH}}}]", text), *SERVICES)
    assert [key(it) for it in found.routes(80, "shop.example")] == [expected]


@pytest.mark.parametrize(
    ("root", "part", "expected"),
    [
        ("header=x-root", "", StickyKey(HashPolicyKind.HEADER, "x-root")),
        ("", "header=x-user", USER),
        ("header=x-root", "header=x-user", USER),
        ("", "", None),
    ],
)
def test_a_delegates_own_key_goes_before_that_of_the_root(
    compiled: Compile, root: str, part: str, expected: StickyKey | None
) -> None:
    text = virtual_service("root", "[{match: [{uri: {prefix: /}}], delegate: {name: part}}]", root)
    text += virtual_service("part", f"[{{route: {BOTH}}}]", part, hosts="")
    found = compiled(text, *SERVICES)
    assert [key(it) for it in found.routes(80, "shop.example")] == [expected]


def test_an_http_route_may_have_one(compiled: Compile) -> None:
    text = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, annotations: {meshcore-sticky: header=x-user}}
spec:
  parentRefs: [{group: "", kind: Service, name: one}]
  rules: [{backendRefs: [{name: one, port: 80, weight: 9}, {name: two, port: 80, weight: 1}]}]
"""
    found = compiled(text, *SERVICES)
    assert [key(it) for it in found.routes(80, "one.default.svc.cluster.local")] == [USER]


def test_without_a_split_it_has_no_effect(compiled: Compile) -> None:
    found = compiled(virtual_service("a", "[{route: [{destination: {host: one}}]}]", "source"), *SERVICES)
    assert any("has no effect: no http rule has more than one destination" in it for it in found.warnings)


def test_on_another_kind_it_is_an_error(compiled: Compile) -> None:
    text = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata:
  name: one
  annotations:
    meshcore-sticky: source
spec: {host: one}
"""
    with pytest.raises(ConfigError) as caught:
        compiled(text, *SERVICES)
    (finding,) = caught.value.findings
    assert (finding.line, finding.path) == (7, "metadata.annotations.meshcore-sticky")
    assert "is for VirtualService, HTTPRoute, GRPCRoute only" in finding.message
