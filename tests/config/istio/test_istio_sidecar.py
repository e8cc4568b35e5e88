"""Route tables of a workload in the mesh."""

from __future__ import annotations

from istio_support import Compile, Compiled

from meshcore.config import Node
from meshcore.config.documents import read_text
from meshcore.config.findings import Findings
from meshcore.config.istio import load_documents
from meshcore.model import Discovery, ForwardAction, Policy

BASE = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: NAME, namespace: default}
spec:
"""


def rules(body: str, name: str = "rules", namespace: str = "default") -> str:
    text = BASE.replace("NAME", name).replace("namespace: default", f"namespace: {namespace}")
    return text + "\n".join("  " + line for line in body.strip("\n").splitlines()) + "\n---\n"


def test_names_of_a_service_in_the_clients_namespace(compiled: Compile) -> None:
    loaded = compiled(rules("hosts: [x.org]\nhttp: [{route: [{destination: {host: a}}]}]"), "a:8080")
    assert set(loaded.hosts(8080)) == {
        "a",
        "a.default",
        "a.default.svc",
        "a.default.svc.cluster.local",
        "a.default.svc.cluster.local.",
        "*",
    }
    assert loaded.targets(8080, "a.default") == ["outbound|8080||a.default.svc.cluster.local"]
    other = compiled(
        rules("hosts: [x.org]\nhttp: [{route: [{destination: {host: a}}]}]"), "a:8080", node=Node("elsewhere")
    )
    assert "a" not in other.hosts(8080)
    assert "a.default" in other.hosts(8080)


def test_an_unknown_host_passes_through(compiled: Compile) -> None:
    loaded = compiled(rules("hosts: [a]\nhttp: [{route: [{destination: {host: a}}]}]"), "a:8080")
    assert loaded.targets(8080, "*") == ["PassthroughCluster"]
    cluster = loaded.config.cluster("PassthroughCluster")
    assert cluster is not None
    assert (cluster.discovery, cluster.policy) == (Discovery.ORIGINAL_DST, Policy.CLUSTER_PROVIDED)


def test_hosts_of_no_registry_are_served_on_port_80_or_beside_known_ones(compiled: Compile) -> None:
    alone = compiled(rules("hosts: [x.org]\nhttp: [{route: [{destination: {host: a}}]}]"), "a:8080")
    assert alone.targets(80, "x.org") == ["outbound|8080||a.default.svc.cluster.local"]
    beside = compiled(rules("hosts: [x.org, a]\nhttp: [{route: [{destination: {host: a}}]}]"), "a:8080")
    assert beside.ports == [8080, None]
    assert "x.org" in beside.hosts(8080)


def test_the_most_specific_wildcard_gets_a_service(compiled: Compile) -> None:
    text = rules('hosts: ["*.org"]\nhttp: [{name: wide, route: [{destination: {host: a}}]}]', "wide") + rules(
        'hosts: ["*.b.org"]\nhttp: [{name: narrow, route: [{destination: {host: a}}]}]', "narrow"
    )
    loaded = compiled(text, "x.b.org:8080", "c.org:8080", "a:80")
    assert loaded.routes(8080, "x.b.org")[0].name == "narrow"
    assert loaded.routes(8080, "c.org")[0].name == "wide"
    assert "*.org" not in loaded.hosts(8080)


def test_the_oldest_rules_own_a_host_unless_nothing_of_them_is_left(compiled: Compile) -> None:
    text = rules(
        "hosts: [a]\nhttp: [{name: one, match: [{sourceLabels: {a: x}}], route: [{destination: {host: b}}]}]",
        "one",
    ) + rules("hosts: [a]\nhttp: [{name: two, route: [{destination: {host: a}}]}]", "two")
    assert compiled(text, "a", node=Node(labels={"a": "x"})).routes(80, "a")[0].name == "one"
    assert compiled(text, "a").routes(80, "a")[0].name == "two"


def test_gateways_in_a_match_decide_alone(compiled: Compile) -> None:
    text = rules(
        """
hosts: [a]
gateways: [mesh, gw]
http:
- name: gateway-only
  match: [{gateways: [gw]}]
  route: [{destination: {host: a}}]
- name: mesh-whatever-the-labels
  match: [{gateways: [mesh], sourceLabels: {app: other}, sourceNamespace: other, uri: {prefix: /x}}]
  route: [{destination: {host: a}}]
- name: by-namespace
  match: [{sourceNamespace: default}]
  route: [{destination: {host: a}}]
- name: dead
  route: [{destination: {host: a}}]
"""
    )
    names = [route.name for route in compiled(text, "a").routes(80, "a")]
    assert names == ["mesh-whatever-the-labels", "by-namespace"]


def test_rules_end_with_the_first_that_catches_everything(compiled: Compile) -> None:
    text = rules(
        """
hosts: [a]
http:
- match:
  - uri: {prefix: ""}
  - {uri: {regex: ".*"}, headers: {x: {exact: y}}}
  - {uri: {regex: ".*"}, name: all}
  name: first
  route: [{destination: {host: a}}]
- name: dead
  route: [{destination: {host: a}}]
"""
    )
    assert [route.name for route in compiled(text, "a").routes(80, "a")] == ["first", "first", "first.all"]


def test_no_rule_left_means_the_default_route(compiled: Compile) -> None:
    text = rules("hosts: [a]\nhttp: [{match: [{port: 81}], name: r, route: [{destination: {host: a}}]}]")
    loaded = compiled(text, "a:80,81")
    assert loaded.routes(80, "a")[0].name == "default"
    assert loaded.routes(81, "a")[0].name == "r"
    action = loaded.routes(80, "a")[0].action
    assert isinstance(action, ForwardAction)
    assert action.timeout == 0.0
    assert action.retry_policy is not None
    assert action.retry_policy.num_retries == 2


def test_ports_of_destinations(compiled: Compile) -> None:
    text = rules(
        """
hosts: [a]
http:
- route:
  - {destination: {host: one}, weight: 1}
  - {destination: {host: many}, weight: 1}
  - {destination: {host: many, port: {number: 9}, subset: s}, weight: 1}
  - {destination: {host: unknown.org}, weight: 0}
"""
    )
    assert compiled(text, "a:80", "one:7", "many:8,9").targets(80, "a") == [
        {
            "outbound|7||one.default.svc.cluster.local": 1,
            "outbound|80||many.default.svc.cluster.local": 1,
            "outbound|9|s|many.default.svc.cluster.local": 1,
        }
    ]


def test_export_to_hides_rules_and_destinations_resolve_at_home(compiled: Compile) -> None:
    hidden = rules(
        'hosts: [a.default.svc.cluster.local]\nexportTo: ["."]\n'
        "http: [{name: r, route: [{destination: {host: b}}]}]",
        namespace="prod",
    )
    assert compiled(hidden, "a").routes(80, "a")[0].name == "default"
    shown = hidden.replace('exportTo: ["."]', "exportTo: [default]")
    assert compiled(shown, "a").targets(80, "a") == ["outbound|80||b.prod.svc.cluster.local"]


def test_any_port_takes_the_lowest_port_of_a_domain(compiled: Compile) -> None:
    loaded = compiled(
        rules("hosts: [a]\nhttp: [{name: r, route: [{destination: {host: a}}]}]"), "a:81,80", "b:82"
    )
    assert loaded.ports == [80, 81, 82, None]
    assert loaded.hosts(None)["a"] is loaded.hosts(80)["a"]
    assert loaded.hosts(None)["b"] is loaded.hosts(82)["b"]
    assert loaded.targets(None, "*") == ["PassthroughCluster"]


def test_a_port_that_no_service_has_may_lead_to_no_service() -> None:
    findings = Findings()
    documents = read_text(rules("hosts: [x.org]\nhttp: [{route: [{destination: {host: x.org}}]}]"), findings)
    config = load_documents(documents, findings, node=Node(), any_port=False)
    assert config is not None
    loaded = Compiled(config, ())
    assert set(loaded.hosts(80)) == {"x.org", "*"}
    assert set(loaded.hosts(None)) == {"*"}
