"""Where services and endpoints come from: Kubernetes, ServiceEntries, the endpoints file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from istio_support import Compile

from meshcore.config import ConfigError, load
from meshcore.model import Discovery, Policy

A = "a.default.svc.cluster.local"
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: a}
spec:
  clusterIP: 10.96.0.1
  selector: {app: a}
  ports:
  - {name: http, port: 80, targetPort: web}
  - {name: grpc-api, port: 90, targetPort: 9090}
  - {name: tcp-db, port: 91}
  - {name: dns, port: 53, protocol: UDP}
---
"""


def pod(name: str, address: str, version: str, more: str = "") -> str:
    return f"""
apiVersion: v1
kind: Pod
metadata: {{name: {name}, labels: {{app: a, version: {version}}}}}
spec: {{containers: [{{name: c, ports: [{{name: web, containerPort: 8080}}]}}]}}
status: {{podIP: {address}, phase: Running{more}}}
---
"""


def test_pods_by_selector(compiled: Compile) -> None:
    text = SERVICE + pod("p1", "10.0.0.1", "v1") + pod("p2", "10.0.0.2", "v2")
    text += pod("p3", "10.0.0.3", "v1", ", conditions: [{type: Ready, status: 'False'}]")
    text += """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: a}
spec: {host: a, subsets: [{name: v2, labels: {version: v2}}, {name: v9, labels: {version: v9}}]}
"""
    loaded = compiled(text)
    assert loaded.endpoints(f"outbound|80||{A}") == ["10.0.0.1:8080", "10.0.0.2:8080"]
    assert loaded.endpoints(f"outbound|90||{A}") == ["10.0.0.1:9090", "10.0.0.2:9090"]
    assert loaded.endpoints(f"outbound|80|v2|{A}") == ["10.0.0.2:8080"]
    assert loaded.ports == [80, 90, None]
    assert "10.96.0.1" in loaded.hosts(80)
    grpc = loaded.config.cluster(f"outbound|90||{A}")
    assert grpc is not None
    assert grpc.http2
    assert any("no endpoint" in it and "version=v9" in it for it in loaded.warnings)


def test_slices_with_labels_of_their_pods(compiled: Compile) -> None:
    text = (
        SERVICE
        + pod("p1", "10.0.0.1", "v1")
        + """
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: a-1, labels: {kubernetes.io/service-name: a}}
addressType: IPv4
endpoints:
- {addresses: [10.0.0.1], targetRef: {kind: Pod, name: p1}, zone: z1}
- {addresses: [10.0.0.2], conditions: {ready: false}}
- {addresses: [10.0.0.3], conditions: {ready: null}}
ports: [{name: http, port: 8080}]
"""
    )
    loaded = compiled(text)
    cluster = loaded.config.cluster(f"outbound|80||{A}")
    assert cluster is not None
    assert [it.authority for it in cluster.endpoints] == ["10.0.0.1:8080", "10.0.0.3:8080"]
    assert dict(cluster.endpoints[0].metadata)["version"] == "v1"
    assert cluster.localities[0].locality.zone == "z1"
    assert loaded.endpoints(f"outbound|90||{A}") == []


def test_old_endpoints(compiled: Compile) -> None:
    text = (
        SERVICE
        + """
apiVersion: v1
kind: Endpoints
metadata: {name: a}
subsets:
- addresses: [{ip: 10.0.0.1}]
  notReadyAddresses: [{ip: 10.0.0.2}]
  ports: [{name: http, port: 8080}]
"""
    )
    assert compiled(text).endpoints(f"outbound|80||{A}") == ["10.0.0.1:8080"]


def test_the_endpoints_file(compiled: Compile) -> None:
    endpoints = {
        "a": [
            {"address": "127.0.0.1", "port": 9081, "labels": {"version": "v1"}, "weight": 3},
            {"address": "::1", "ports": {"http": 1, "90": 2}},
        ],
        "b.prod": {"ports": [80, {"number": 81, "protocol": "GRPC"}], "endpoints": [{"address": "10.0.0.9"}]},
        "api.example.com": [{"address": "api.internal", "port": 443}],
    }
    text = SERVICE + "apiVersion: v1\nkind: Namespace\nmetadata: {name: prod}\n"
    loaded = compiled(text, endpoints=endpoints)
    assert loaded.endpoints(f"outbound|80||{A}") == ["127.0.0.1:9081", "[::1]:1"]
    assert loaded.endpoints(f"outbound|90||{A}") == ["127.0.0.1:9081", "[::1]:2"]
    assert loaded.endpoints("outbound|81||b.prod.svc.cluster.local") == ["10.0.0.9:81"]
    assert loaded.endpoints("outbound|443||api.example.com") == ["api.internal:443"]
    external = loaded.config.cluster("outbound|443||api.example.com")
    assert external is not None
    assert external.discovery is Discovery.STRICT_DNS
    assert "api.example.com" in loaded.hosts(443)


@pytest.mark.parametrize(
    ("endpoints", "message"),
    [
        ({"a": [{"port": 1}]}, "a.endpoints[0].address: missing"),
        ({"a": [{"address": "x", "prot": 1}]}, "did you mean 'port'?"),
        ({"a": [{"address": "x", "ports": {"htp": 1}}]}, "did you mean 'http'?"),
        ({"b": [{"address": "x"}]}, "its ports must be given"),
        ({"b": {"ports": [0], "endpoints": []}}, "b.ports[0].number"),
        (
            {"a": "10.0.0.7:9081"},
            "found '10.0.0.7:9081', expected a list of endpoints, such as [{address: 10.0.0.7, port: 9081}]",
        ),
        (
            {"a": None},
            "a: found nothing (null), expected a list of endpoints, such as [{address: 127.0.0.1, port",
        ),
        (
            {"a": ["[::1]:80"]},
            "a[0]: found '[::1]:80', expected an endpoint, such as {address: ::1, port: 80}",
        ),
        ({"a": {"endpoints": "x"}}, "a.endpoints: found 'x', expected a list of endpoints"),
        (
            {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}},
            "found a document of the kind 'Service', expected services with their endpoints",
        ),
        ({"a": {"address": "::1"}}, "a: found an endpoint by itself, expected a list of endpoints"),
        (
            {"new": [{"address": "10.0.0.7:80"}]},
            "new.endpoints[0].address: found '10.0.0.7:80', expected an IP",
        ),
    ],
)
def test_mistakes_in_the_endpoints_file(
    compiled: Compile, endpoints: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        compiled(SERVICE, endpoints=endpoints)
    assert message in str(caught.value)


def test_load_reads_the_endpoints_file(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(SERVICE)
    (tmp_path / "endpoints.yml").write_text("a:\n- address: 127.0.0.1\n  port: none\n")
    with pytest.raises(ConfigError, match=r"endpoints\.yml:3:9: error: a\.endpoints\[0\]\.port"):
        load(tmp_path / "a.yaml", endpoints=tmp_path / "endpoints.yml")
    (tmp_path / "endpoints.yml").write_text("a:\n- address: 127.0.0.1\n  port: 9080\n")
    cluster = load(tmp_path / "a.yaml", endpoints=tmp_path / "endpoints.yml").cluster(f"outbound|80||{A}")
    assert cluster is not None
    assert [it.authority for it in cluster.endpoints] == ["127.0.0.1:9080"]


def entry(spec: str) -> str:
    head = "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: e}\n"
    return f"{head}spec: {{{spec}}}\n---\n"


@pytest.mark.parametrize(
    ("spec", "discovery", "endpoints"),
    [
        ("hosts: [x.com], resolution: DNS", Discovery.STRICT_DNS, ["x.com:8080"]),
        ("hosts: [x.com], resolution: DNS_ROUND_ROBIN", Discovery.LOGICAL_DNS, ["x.com:8080"]),
        ("hosts: [x.com], resolution: NONE", Discovery.ORIGINAL_DST, []),
        (
            "hosts: [x.com], resolution: STATIC,"
            "endpoints: [{address: 1.1.1.1, ports: {http: 7}}, {address: 2.2.2.2}]",
            Discovery.STATIC,
            ["1.1.1.1:7", "2.2.2.2:8080"],
        ),
        (
            "hosts: [x.com], resolution: STATIC, endpoints: [{address: 'unix:///run/x'}]",
            Discovery.STATIC,
            ["/run/x"],
        ),
    ],
)
def test_service_entries(compiled: Compile, spec: str, discovery: Discovery, endpoints: list[str]) -> None:
    ports = "ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}]"
    loaded = compiled(entry(f"{spec}, {ports}"))
    cluster = loaded.config.cluster("outbound|80||x.com")
    assert cluster is not None
    assert cluster.discovery is discovery
    assert loaded.endpoints("outbound|80||x.com") == endpoints
    assert loaded.targets(80, "x.com") == ["outbound|80||x.com"]
    assert (cluster.policy is Policy.CLUSTER_PROVIDED) == (discovery is Discovery.ORIGINAL_DST)


def test_entries_are_seen_where_they_are_exported(compiled: Compile) -> None:
    ports = "ports: [{number: 80, name: http, protocol: HTTP}], resolution: DNS"
    text = entry(f"hosts: [x.com], {ports}, exportTo: [other]")
    assert compiled(text).ports == [None]


def test_headless_services_answer_for_their_workloads(compiled: Compile) -> None:
    text = SERVICE.replace("clusterIP: 10.96.0.1", "clusterIP: None")
    assert {"*.a", f"*.{A}"} <= set(compiled(text).hosts(80))


def test_external_names_are_looked_up(compiled: Compile) -> None:
    text = """
apiVersion: v1
kind: Service
metadata: {name: a}
spec: {type: ExternalName, externalName: db.example.com, ports: [{port: 80}]}
"""
    loaded = compiled(text)
    assert loaded.endpoints(f"outbound|80||{A}") == ["db.example.com:80"]


def test_typed_lists(compiled: Compile) -> None:
    text = "apiVersion: v1\nkind: ServiceList\nitems:\n- {metadata: {name: a}, spec: {ports: [{port: 80}]}}\n"
    assert compiled(text).ports == [80, None]


def test_a_slip_in_the_name_of_a_service_is_told(compiled: Compile) -> None:
    text = "{apiVersion: v1, kind: Service, metadata: {name: reviews}, spec: {ports: [{port: 80}]}}"

    def warnings(name: str) -> list[str]:
        given = {name: {"ports": [80], "endpoints": [{"address": "10.0.0.1"}]}}
        return [it for it in map(str, compiled(text, endpoints=given).warnings) if "no service" in it]

    (warning,) = warnings("reviws")
    assert warning.endswith("has this name, so that it becomes one of its own; did you mean 'reviews'?")
    assert warnings("reviews") == warnings("reviews.default") == warnings("pay.example") == []


def test_services_of_a_file_of_endpoints_may_be_named_alike(compiled: Compile) -> None:
    given = {name: {"ports": [80], "endpoints": [{"address": "10.0.0.1"}]} for name in ("stock", "stocks")}
    text = "{apiVersion: v1, kind: Service, metadata: {name: shop}, spec: {ports: [{port: 80}]}}"
    assert "no service" not in "".join(map(str, compiled(text, endpoints=given).warnings))


def test_a_short_name_of_the_endpoints_is_of_the_default_namespace(compiled: Compile) -> None:
    text = SERVICE.replace("{name: a}", "{name: reviews, namespace: shop}")
    hint = "; a short name is of the namespace default; did you mean 'reviews.shop'?"
    one = [{"address": "10.0.0.1"}]
    with pytest.raises(ConfigError, match=re.escape(f"endpoints: [...]}}{hint}")):
        compiled(text, endpoints={"reviews": one})
    warned = map(str, compiled(text, endpoints={"reviews": {"ports": [80], "endpoints": one}}).warnings)
    assert any(it.endswith(hint) for it in warned)


def test_an_empty_file_of_endpoints_is_refused(compiled: Compile, tmp_path: Path) -> None:
    text = "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 80}]}}"
    file = tmp_path / "endpoints.yaml"
    for empty in ("", "# nothing\n", "---\n"):
        file.write_text(empty)
        with pytest.raises(ConfigError, match=r"endpoints\.yaml: error: there is no document; \{\} stands"):
            compiled(text, endpoints=str(file))
    file.write_text("{}\n")
    assert compiled(text, endpoints=str(file)).ports == [80, None]
