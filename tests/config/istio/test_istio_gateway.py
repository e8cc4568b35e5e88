"""Route tables of a Gateway."""

from __future__ import annotations

from istio_support import Compile

from meshcore.config import Node
from meshcore.model import DirectResponse, ForwardAction, Redirect, RequireTls

GATEWAY = """
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: gw, namespace: edge}
spec:
  selector: {istio: ingress}
  servers:
"""
NODE = Node(gateway="edge/gw")


def gateway(*servers: str) -> str:
    return GATEWAY + "".join(f"  - {server}\n" for server in servers) + "---\n"


def server(*hosts: str, port: int = 80, protocol: str = "HTTP", more: str = "") -> str:
    name = f"{protocol}-{port}-{len(hosts)}".lower()
    listed = ", ".join(f'"{host}"' for host in hosts)
    return f"{{port: {{number: {port}, name: {name}, protocol: {protocol}}}, hosts: [{listed}]{more}}}"


def rules(
    name: str, hosts: str, http: str, namespace: str = "edge", more: str = "", created: str = ""
) -> str:
    return f"""
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: {name}, namespace: {namespace}, creationTimestamp: {created or "null"}}}
spec:
  gateways: [edge/gw]
  hosts: [{hosts}]
  http: [{http}]{more}
---
"""


def route(name: str, match: str = "") -> str:
    asked = f"match: [{match}], " if match else ""
    return f"{{name: {name}, {asked}route: [{{destination: {{host: a}}}}]}}"


def test_the_narrower_host_of_each_pair(compiled: Compile) -> None:
    text = gateway(server("*.a.com", "b.com")) + rules("r", '"x.a.com", "*.com"', route("r"))
    # x.a.com and *.com overlap in one resource, which Istio refuses: so they come as two.
    text = (
        gateway(server("*.a.com", "b.com"))
        + rules("r", "x.a.com", route("r"))
        + rules("s", '"*.com"', route("s"))
    )
    hosts = compiled(text, node=NODE).hosts(80)
    assert {domain: [it.name for it in host.routes] for domain, host in hosts.items()} == {
        "x.a.com": ["r"],
        "*.a.com": ["s"],
        "b.com": ["s"],
    }


def test_namespaces_of_servers_restrict_who_may_bind(compiled: Compile) -> None:
    text = gateway(server("edge/a.com", "./b.com", "*/c.com", "other/d.com"))
    for namespace in ("edge", "other"):
        text += rules(f"r-{namespace}", "a.com, b.com, c.com, d.com", route(namespace), namespace)
    hosts = compiled(text, node=NODE).hosts(80)
    assert {domain: [it.name for it in host.routes] for domain, host in hosts.items()} == {
        "a.com": ["edge"],
        "b.com": ["edge"],
        "c.com": ["edge", "other"],
        "d.com": ["other"],
    }


def test_rules_of_one_host_are_joined_by_age_and_catch_alls_come_last(compiled: Compile) -> None:
    text = gateway(server("a.com"))
    text += rules("b", "a.com", route("young", "{uri: {prefix: /v1/x}}"), created='"2024-03-01T00:00:00Z"')
    text += rules(
        "a",
        "a.com",
        f"{route('old', '{uri: {prefix: /v1}}')}, {route('all')}",
        created='"2024-01-01T00:00:00Z"',
    )
    routes = compiled(text, node=NODE).routes(80, "a.com")
    assert [route.name for route in routes] == ["old", "young", "all"]


def test_https_redirect_needs_no_rules(compiled: Compile) -> None:
    text = gateway(server("a.com", "b.com", more=", tls: {httpsRedirect: true}"), server("c.com"))
    text += rules("r", "a.com, c.com", route("r"))
    hosts = compiled(text, node=NODE).hosts(80)
    assert {domain: (host.require_tls, len(host.routes)) for domain, host in hosts.items()} == {
        "a.com": (RequireTls.ALL, 1),
        "b.com": (RequireTls.ALL, 0),
        "c.com": (RequireTls.NONE, 1),
    }


def test_each_port_has_its_table_and_unknown_hosts_none(compiled: Compile) -> None:
    tls = ", tls: {mode: SIMPLE, credentialName: c}"
    text = gateway(
        server("a.com"),
        server("b.com", "c.com", port=443, protocol="HTTPS", more=tls),
        server("d.com", port=9000, protocol="TCP"),
        server("e.com", port=444, protocol="HTTPS", more=", tls: {mode: PASSTHROUGH}"),
    )
    redirect = "{name: r, redirect: {authority: x.com, derivePort: FROM_REQUEST_PORT}}"
    text += rules("r", "a.com, b.com", redirect)
    loaded = compiled(text, node=NODE)
    assert loaded.ports == [80, 443, None]
    assert (loaded.listener(443).tls, loaded.listener(80).tls) == (True, False)
    assert set(loaded.hosts(80)) == {"a.com"}
    assert set(loaded.hosts(443)) == {"b.com"}
    assert set(loaded.hosts(None)) == {"a.com", "b.com"}
    for port in (80, 443):
        action = loaded.routes(port, {80: "a.com", 443: "b.com"}[port])[0].action
        assert isinstance(action, Redirect)
        assert (action.port, action.host, action.status) == (None, "x.com", 301)


def test_ports_of_redirects(compiled: Compile) -> None:
    cases = {
        "{port: 80}": None,
        "{port: 443}": 443,
        "{port: 443, scheme: https}": None,
        "{port: 8443, scheme: https}": 8443,
        "{authority: x.com}": None,
        "{derivePort: FROM_REQUEST_PORT}": 8080,
        "{derivePort: FROM_PROTOCOL_DEFAULT}": None,
    }
    for redirect, port in cases.items():
        text = gateway(server("a.com", port=8080)) + rules("r", "a.com", f"{{redirect: {redirect}}}")
        action = compiled(text, node=NODE).routes(8080, "a.com")[0].action
        assert isinstance(action, Redirect)
        assert action.port == port, redirect


def test_a_gateway_has_the_labels_that_it_selects(compiled: Compile) -> None:
    text = gateway(server("a.com"))
    text += rules(
        "r",
        "a.com",
        f"{route('labels', '{sourceLabels: {istio: ingress}, uri: {exact: /}}')}, "
        f"{route('other', '{sourceNamespace: default, uri: {exact: /}}')}, "
        f"{route('here', '{gateways: [gw], uri: {exact: /}}')}, "
        f"{route('mesh', '{gateways: [mesh]}')}",
    )
    assert [it.name for it in compiled(text, node=NODE).routes(80, "a.com")] == ["labels", "here"]


def test_private_rules_are_for_gateways_of_their_namespace(compiled: Compile) -> None:
    text = gateway(server("*"))
    text += rules("r", "a.com", route("r"), "other", more='\n  exportTo: ["."]')
    text += rules("s", "b.com", route("s"), "other", more="\n  exportTo: [edge]")
    assert set(compiled(text, node=NODE).hosts(80)) == {"b.com"}


def test_unknown_hosts_of_a_gateway_are_not_passed_through(compiled: Compile) -> None:
    loaded = compiled(gateway(server("a.com")) + rules("r", "b.com", route("r")), node=NODE)
    assert "Gateway 'edge/gw' offers none of these hosts" in "".join(loaded.warnings)
    assert loaded.ports == [80, None]
    assert not loaded.hosts(80)
    assert loaded.config.cluster("PassthroughCluster") is None


def test_direct_responses_and_rewrites(compiled: Compile) -> None:
    text = gateway(server("a.com")) + rules(
        "r",
        "a.com",
        "{match: [{uri: {exact: /x}}], directResponse: {status: 418, body: {bytes: aGk=}}},"
        "{rewrite: {uri: /base, authority: up.com}, route: [{destination: {host: a}}]}",
    )
    short, forward = (it.action for it in compiled(text, node=NODE).routes(80, "a.com"))
    assert short == DirectResponse(418, b"hi")
    assert isinstance(forward, ForwardAction)
    assert forward.path_rewrite is not None
    assert forward.host_rewrite is not None
    assert (forward.path_rewrite.text, forward.host_rewrite.text) == ("/base", "up.com")
    assert forward.cluster == "outbound|80||a.edge.svc.cluster.local"
