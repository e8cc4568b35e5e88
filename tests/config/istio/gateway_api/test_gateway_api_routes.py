"""Routes attach to listeners and to the mesh, and routes of one host are brought together."""

from __future__ import annotations

import pytest
from gateway_api_support import WEB, Derive, gateway, route

HTTP = "{name: http, port: 80, protocol: HTTP}"
OPEN = "allowedRoutes: {namespaces: {from: All}}"


@pytest.mark.parametrize(
    ("parent", "taken"),
    [
        ("{name: gw}", ["a", "b", "c"]),
        ("{name: gw, sectionName: b}", ["b"]),
        ("{name: gw, port: 8080}", ["c"]),
        ("{name: gw, sectionName: a, port: 8080}", []),
        ("{name: gw, namespace: elsewhere}", []),
        ("{name: web, kind: Something, group: x.example}", []),
    ],
)
def test_sections_and_ports(derived: Derive, parent: str, taken: list[str]) -> None:
    listeners = (
        "{name: a, port: 80, protocol: HTTP, hostname: a.example}",
        "{name: b, port: 80, protocol: HTTP, hostname: b.example}",
        "{name: c, port: 8080, protocol: HTTP}",
    )
    places = derived(gateway(*listeners) + route(WEB, parents=f"[{parent}]")).places
    assert places == [f"default/gw~{it} *" for it in taken]


@pytest.mark.parametrize(
    ("listener", "hostnames", "hosts"),
    [
        ("''", "[]", ["*"]),
        ("'*.example'", "[]", ["*"]),  # Istio's server narrows it
        ("'*.example'", "[a.example, a.test]", ["a.example"]),
        ("'*.example'", "['*.a.example']", ["*.a.example"]),
        ("a.example", "['*.example', b.example]", ["*.example", "b.example"]),
        ("a.example", "[b.example]", []),
    ],
)
def test_hostnames_must_meet(derived: Derive, listener: str, hostnames: str, hosts: list[str]) -> None:
    text = gateway(f"{{name: http, port: 80, protocol: HTTP, hostname: {listener}}}")
    places = derived(text + route(WEB, hostnames=hostnames)).places
    assert places == [f"default/gw~http {it}" for it in hosts]


def test_listeners_of_one_port_are_isolated(derived: Derive) -> None:
    text = gateway(
        "{name: any, port: 80, protocol: HTTP}",
        "{name: wild, port: 80, protocol: HTTP, hostname: '*.example'}",
        "{name: other, port: 8080, protocol: HTTP, hostname: '*.a.example'}",
    )
    parents = "[{name: gw, sectionName: any}, {name: gw, sectionName: wild}]"
    hostnames = "[x.a.example, x.test]"
    places = derived(text + route(WEB, hostnames=hostnames, parents=parents)).places
    assert places == ["default/gw~any x.test", "default/gw~wild x.a.example"]


def test_namespaces(derived: Derive) -> None:
    parents = "[{name: gw, namespace: default}]"
    text = route(WEB, namespace="shop", parents=parents)
    assert derived(gateway(HTTP) + text).places == []
    assert derived(gateway(f"{{name: http, port: 80, protocol: HTTP, {OPEN}}}") + text).places == [
        "default/gw~http *"
    ]


def test_kinds(derived: Derive) -> None:
    text = gateway("{name: http, port: 80, protocol: HTTP, allowedRoutes: {kinds: [{kind: GRPCRoute}]}}")
    assert derived(text + route(WEB)).places == []
    assert derived(text + route(WEB, kind="GRPCRoute")).places == ["default/gw~http *"]


def test_the_oldest_route_wins_a_tie(derived: Derive) -> None:
    text = gateway(f"{{name: http, port: 80, protocol: HTTP, {OPEN}}}")
    text += route(WEB, name="a", created="2024-01-03T00:00:00Z", hostnames="[x.example]")
    text += route(WEB, name="b", created="2024-01-02T00:00:00Z", hostnames="[x.example]")
    text += route(
        WEB,
        name="a",
        namespace="aaa",
        created="2024-01-03T00:00:00Z",
        hostnames="[x.example]",
        parents="[{name: gw, namespace: default}]",
    )
    text += route(
        "[{matches: [{path: {value: /long}}]}]",
        name="c",
        created="2024-01-04T00:00:00Z",
        hostnames="[x.example]",
    )
    found = derived(text).names("default/gw~http x.example")
    assert found == ["default.c.0", "default.b.0", "aaa.a.0", "default.a.0"]


def test_http_and_grpc_share_a_host(derived: Derive) -> None:
    text = gateway() + route("[{matches: [{path: {value: /}}]}]", name="web")
    text += route("[{matches: [{method: {service: a.B}}]}]", kind="GRPCRoute", name="rpc")
    assert derived(text).names("default/gw~http *") == ["default.rpc.0", "default.web.0"]


def test_the_mesh(derived: Derive) -> None:
    parents = (
        "[{kind: Service, group: '', name: web}, {kind: Service, group: '', name: gone},"
        " {kind: Service, group: '', name: mail, namespace: other, port: 8025}]"
    )
    found = derived(route(WEB, parents=parents), "web", "mail/other:8025")
    assert found.places == ["mesh mail.other.svc.cluster.local", "mesh web.default.svc.cluster.local"]
    [rule] = found.rules("mesh mail.other.svc.cluster.local")
    assert rule.match[0].port == 8025
    assert [it.name for it in found.derived.virtual_services] == [
        "default~8025~mail.other.svc.cluster.local",
        "default~web.default.svc.cluster.local",
    ]


def test_service_entries(derived: Derive) -> None:
    text = route(WEB, parents="[{kind: ServiceEntry, group: networking.istio.io, name: ext}]")
    text += (
        "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: ext}\n"
        "spec: {hosts: [ext.example], ports: [{number: 80, name: http, protocol: HTTP}], resolution: DNS}\n"
    )
    assert derived(text).places == ["mesh ext.example"]
