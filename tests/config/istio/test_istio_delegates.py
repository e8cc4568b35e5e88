"""Delegates: what is merged, where it says it comes from, and what is told of what is not."""

from __future__ import annotations

from istio_support import Compile

ROOT = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: root}
spec:
  hosts: [shop.example]
  http:
  - match:
    - uri: {prefix: /a}
    delegate: {name: part, namespace: team}
"""
PART = """
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: part, namespace: team}
spec:
  http:
  - match:
    - uri: {prefix: /a/b}
    route: [{destination: {host: one}}]
  - route: [{destination: {host: two}}]
"""


def test_merged_routes_name_both_documents(compiled: Compile) -> None:
    routes = compiled(ROOT + PART, "one/team:80", "two/team:80").routes(80, "shop.example")
    places = [(route.origin, route.origin.via) for route in routes if route.origin]
    assert [(it.line, it.name, it.path) for it, _ in places] == [
        (19, "team/part", "spec.http[0].match[0]"),
        (21, "team/part", "spec.http[1]"),
    ]
    assert [(via.line, via.name, via.path) for _, via in places if via] == [
        (9, "default/root", "spec.http[0].match[0]"),
        (9, "default/root", "spec.http[0].match[0]"),
    ]


def test_without_any_condition_the_delegating_rule_is_the_second_place(compiled: Compile) -> None:
    root = ROOT.replace("  - match:\n    - uri: {prefix: /a}\n    delegate", "  - delegate")
    (first, last) = compiled(root + PART, "one/team:80", "two/team:80").routes(80, "shop.example")
    for route in (first, last):
        assert route.origin
        assert route.origin.via
        assert (route.origin.via.line, route.origin.via.path) == (8, "spec.http[0]")


def test_short_hosts_are_at_home_where_they_are_written(compiled: Compile) -> None:
    root = ROOT.replace("    delegate", "    mirror: {host: one}\n    delegate")
    config = compiled(root + PART, "one/team:80", "two/team:80", "one")
    first = config.routes(80, "shop.example")[0]
    assert config.targets(80, "shop.example")[0] == "outbound|80||one.team.svc.cluster.local"
    assert [it.cluster for it in first.action.mirrors] == ["outbound|80||one.default.svc.cluster.local"]  # type: ignore[union-attr]


def test_what_yields_no_route_is_told(compiled: Compile) -> None:
    missing = compiled(ROOT + PART.replace("name: part", "name: parts"))
    assert any(
        "test.yaml:10:15: warning[MC1107]: spec.http[0].delegate: there is no delegate 'team/part'" in it
        and "did you mean 'team/parts'?" in it
        for it in missing.warnings
    )
    assert any("a delegate, and nothing refers to it" in it for it in missing.warnings)
    hidden = compiled(ROOT + PART.replace("  http:", '  exportTo: ["."]\n  http:'))
    assert any("'team/part' is not exported to 'default'" in it for it in hidden.warnings)
    other = compiled(ROOT + PART.replace("/a/b", "/c"), "two/team:80")
    message = "spec.http[0].match: conflicts with what test.yaml:8 delegates by its uri, so this rule"
    assert any(message in it for it in other.warnings)
    assert len(other.routes(80, "shop.example")) == 1


def test_delegates_have_no_hosts_of_their_own(compiled: Compile) -> None:
    config = compiled(PART, "one/team:80", "two/team:80")
    assert all(it.name != "part" for it in config.listener(80).route_configuration.virtual_hosts)
    assert config.targets(80, "one.team") == ["outbound|80||one.team.svc.cluster.local"]
