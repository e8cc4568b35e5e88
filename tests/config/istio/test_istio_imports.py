"""Sidecar resources: what a workload sees, and what is told of fields without effect."""

from __future__ import annotations

from istio_support import Compile

from meshcore.config import Node

SIDECAR = """
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: default}
spec:
"""
RULE = """
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: all, namespace: other}
spec:
  host: "*.other.svc.cluster.local"
  subsets: [{name: v1, labels: {v: "1"}}]
"""
VIRTUAL_SERVICE = """
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: a}
spec:
"""


def names(compiled: Compile, spec: str, *services: str) -> list[str]:
    return [it.name for it in compiled(SIDECAR + spec, *services).config.clusters]


def test_clusters_are_made_for_what_is_seen(compiled: Compile) -> None:
    spec = '  egress: [{hosts: ["./*"]}]\n'
    assert names(compiled, spec, "a", "b/other") == [
        "outbound|80||a.default.svc.cluster.local",
        "PassthroughCluster",
    ]


def test_the_rules_of_services_that_are_not_seen_do_not_count(compiled: Compile) -> None:
    away = compiled(SIDECAR + '  egress: [{hosts: ["./*"]}]\n' + RULE, "a", "b/other")
    assert not any("other" in it.name for it in away.config.clusters)
    seen = compiled(SIDECAR + '  egress: [{hosts: ["other/b.other.svc.cluster.local"]}]\n' + RULE, "b/other")
    assert seen.config.cluster("outbound|80|v1|b.other.svc.cluster.local") is not None


def test_a_listener_of_its_own_takes_one_port_and_says_where_to_listen(compiled: Compile) -> None:
    spec = """
  egress:
  - port: {number: 8080, protocol: HTTP}
    bind: 127.0.0.7
    hosts: ["other/*"]
"""
    config = compiled(SIDECAR + spec, "a:80,8080", "b/other:80,8080")
    assert config.ports == [8080, None]
    assert config.listener(8080).address == "127.0.0.7"
    assert set(config.hosts(8080)) >= {"b.other", "*"}
    assert [it.name for it in config.config.clusters] == [
        "outbound|8080||b.other.svc.cluster.local",
        "PassthroughCluster",
    ]


def test_a_port_without_services_is_still_listened_on(compiled: Compile) -> None:
    spec = '  egress:\n  - port: {number: 81, protocol: HTTP}\n    hosts: ["./*"]\n  - hosts: ["./*"]\n'
    config = compiled(SIDECAR + spec, "a")
    assert config.ports == [80, 81, None]
    assert set(config.hosts(81)) == {"*"}


def test_a_destination_that_is_left_out_is_told(compiled: Compile) -> None:
    rule = (
        VIRTUAL_SERVICE
        + """  hosts: [a]
  http: [{match: [{sourceNamespace: x}], route: [{destination: {host: b.other.svc.cluster.local}}]}]
"""
    )
    warnings = compiled(SIDECAR + '  egress: [{hosts: ["./*"]}]\n' + rule, "a", "b/other").warnings
    assert any("a Sidecar leaves this workload out" in it for it in warnings)


def test_a_proxy_port_stands_for_all_ports(compiled: Compile) -> None:
    spec = '  egress:\n  - port: {number: 3128, protocol: HTTP_PROXY}\n    hosts: ["./*"]\n'
    config = compiled(SIDECAR + spec, "a:80,8080", "b:8080")
    assert config.ports == [3128, None]
    assert config.targets(3128, "a") == ["outbound|80||a.default.svc.cluster.local"]
    assert config.targets(3128, "b") == ["outbound|8080||b.default.svc.cluster.local"]


def test_destinations_of_rules_for_other_namespaces_are_not_seen(compiled: Compile) -> None:
    rule = (
        VIRTUAL_SERVICE
        + """  hosts: [a]
  http:
  - match: [{sourceNamespace: elsewhere}]
    route: [{destination: {host: b.other.svc.cluster.local}}]
  - mirror: {host: c.other.svc.cluster.local, port: {number: 81}}
    route: [{destination: {host: a}}]
"""
    )
    config = compiled(
        SIDECAR + '  egress: [{hosts: ["./*"]}]\n' + rule, "a", "b/other", "c/other:80,81"
    ).config
    assert [it.name for it in config.clusters] == [
        "outbound|80||a.default.svc.cluster.local",
        "outbound|81||c.other.svc.cluster.local",
        "PassthroughCluster",
    ]


def test_a_listener_takes_rules_that_are_wider_than_its_hosts(compiled: Compile) -> None:
    rule = """
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: wide}
spec:
  hosts: ["*.default.svc.cluster.local"]
  http: [{directResponse: {status: 204}}]
"""
    spec = '  egress: [{hosts: ["./a.default.svc.cluster.local"]}]\n'
    config = compiled(SIDECAR + spec + rule, "a", "b")
    assert config.targets(80, "a") == ["direct response"]
    assert "b" not in config.hosts(80)


def test_gateways_are_not_concerned(compiled: Compile) -> None:
    gateway = """
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: front}
spec:
  selector: {app: front}
  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]
"""
    text = SIDECAR + '  egress: [{hosts: ["./*"]}]\n' + gateway
    config = compiled(text, "b/other", node=Node(gateway="front")).config
    assert config.cluster("outbound|80||b.other.svc.cluster.local") is not None


def test_fields_without_effect_are_told(compiled: Compile) -> None:
    spec = """
  ingress: [{port: {number: 9080, protocol: HTTP}, defaultEndpoint: "127.0.0.1:8080"}]
  egress:
  - port: {number: 80, protocol: HTTP}
    captureMode: NONE
    bind: 127.0.0.1
    hosts: ["./*"]
"""
    warnings = compiled(SIDECAR + spec, "a").warnings
    assert any("spec.ingress: has no effect here" in it for it in warnings)
    assert any("spec.egress[0].captureMode: has no effect here" in it for it in warnings)
