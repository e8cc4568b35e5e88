"""The settings of the mesh: where they are read, in which order, and with which positions."""

from __future__ import annotations

from pathlib import Path

import pytest
from istio_support import Compile

from meshcore.config import ConfigError, Node, load, load_text
from meshcore.model import DirectResponse

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: a}
spec: {ports: [{name: http, port: 80}]}
"""
MAP = """
---
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data:
  mesh: |-
    outboundTrafficPolicy:
      mode: REGISTRY_ONLY
    connectTimeout: 3s
"""
OPERATOR = """
---
apiVersion: install.istio.io/v1alpha1
kind: IstioOperator
metadata: {name: mesh}
spec:
  meshConfig: {connectTimeout: 4s}
"""
A = "outbound|80||a.default.svc.cluster.local"


def connect_timeout(text: str, **options: object) -> float | None:
    cluster = load_text(text, **options).cluster(A)  # type: ignore[arg-type]
    assert cluster is not None
    return cluster.connect_timeout


def test_a_config_map_goes_before_an_operator_and_what_is_given_before_both() -> None:
    assert connect_timeout(SERVICE) == 10.0
    assert connect_timeout(SERVICE + OPERATOR) == 4.0
    assert connect_timeout(SERVICE + MAP + OPERATOR) == 3.0
    assert connect_timeout(SERVICE + MAP + OPERATOR, mesh_config={"connectTimeout": "5s"}) == 5.0


def test_what_gives_way_is_told() -> None:
    config = load_text(SERVICE + MAP + OPERATOR)
    messages = [str(it) for it in config.warnings]
    assert any("these settings of the mesh give way to those of <string>:8" in it for it in messages)


def test_unknown_hosts_follow_the_mesh(compiled: Compile) -> None:
    (rest,) = compiled(SERVICE + MAP).hosts(80)["*"].routes
    assert isinstance(rest.action, DirectResponse)
    assert rest.action.status == 502


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("conectTimeout: 1s", r"<string>:15:5: error: conectTimeout: unknown field .*'connectTimeout'"),
        ("connectTimeout: soon", r"<string>:15:21: error: connectTimeout: found 'soon', expected a duration"),
        ("rootNamespace: A/b", r"<string>:15:20: error: rootNamespace: .*expected a namespace"),
        ("defaultServiceExportTo: [x, 'Y z']", r"<string>:15:29: error: defaultServiceExportTo"),
        ("defaultHttpRetryPolicy: {attempts: -1}", r"<string>:15:40: error: defaultHttpRetryPolicy.attempts"),
        ("\tx", r"<string>:15:\d+: error: "),
    ],
)
def test_mistakes_have_positions_within_the_map(line: str, message: str) -> None:
    text = SERVICE + MAP.replace("connectTimeout: 3s", line)
    with pytest.raises(ConfigError, match=message):
        load_text(text)


def test_what_is_not_acted_upon_is_told_once_and_telemetry_not_at_all() -> None:
    text = SERVICE + MAP.replace(
        "connectTimeout: 3s",
        "discoverySelectors: []\n    accessLogFile: /dev/stdout\n    meshMTLS: {minProtocolVersion: TLSV1_2}",
    )
    messages = [str(it) for it in load_text(text).warnings if "no effect" in str(it)]
    assert len(messages) == 1
    assert "discoverySelectors: has no effect here: documents of all namespaces are read" in messages[0]


def test_the_map_is_used_not_skipped() -> None:
    other = MAP.replace("name: istio,", "name: other,")
    config = load_text(SERVICE + MAP + other)
    assert config.skipped == ("ConfigMap istio-system/other",)
    assert load_text(SERVICE + MAP, ignore_kinds=["ConfigMap"]).cluster(A).connect_timeout == 10.0  # type: ignore[union-attr]


def test_a_file_of_its_own_counts_as_a_source(tmp_path: Path) -> None:
    documents, mesh, endpoints = (tmp_path / name for name in ("a.yaml", "mesh.yaml", "endpoints.yaml"))
    documents.write_text(SERVICE)
    mesh.write_text("connectTimeout: 1s\n")
    endpoints.write_text("a:\n- {address: 127.0.0.1, port: 81}\n")
    first = load(documents, mesh_config=mesh, endpoints=endpoints)
    assert set(first.sources) == {str(documents), str(mesh), str(endpoints)}
    assert first.clusters[0].connect_timeout == 1.0
    mesh.write_text("connectTimeout: 2s\n")
    second = load(documents, mesh_config=mesh, endpoints=endpoints)
    endpoints.write_text("a:\n- {address: 127.0.0.1, port: 82}\n")
    third = load(documents, mesh_config=mesh, endpoints=endpoints)
    assert len({first.digest, second.digest, third.digest}) == 3


def test_the_file_may_be_the_config_map_itself(tmp_path: Path) -> None:
    mesh = tmp_path / "mesh.yaml"
    mesh.write_text(MAP)
    assert connect_timeout(SERVICE, mesh_config=mesh) == 3.0
    mesh.write_text(SERVICE)
    with pytest.raises(ConfigError, match="expected the settings of a mesh"):
        load_text(SERVICE, mesh_config=mesh)


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ("a:\n- {address: 127.0.0.1, port: 81}\n", "--endpoints"),
        ("a.example: {ports: [80], endpoints: [{address: 127.0.0.1}]}\n", "--endpoints"),
        ("rootNamespace: istio-system\n", "--mesh-config"),
    ],
)
def test_files_of_other_options_are_told_from_documents(text: str, option: str) -> None:
    with pytest.raises(ConfigError, match=f"no document of Istio or Envoy, but goes with {option}"):
        load_text(text)


def test_another_cluster_domain() -> None:
    text = (
        SERVICE
        + """
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: a}
spec: {hosts: [a], http: [{route: [{destination: {host: a}}]}]}
"""
    )
    config = load_text(text, node=Node(cluster_domain="corp.example"), endpoints={"a": [{"address": "::1"}]})
    (cluster, _) = config.clusters
    assert cluster.name == "outbound|80||a.default.svc.corp.example"
    assert [it.address for it in cluster.endpoints] == ["::1"]
    (host, _) = config.listeners[0].route_configuration.virtual_hosts
    assert set(host.domains) >= {"a", "a.default", "a.default.svc", "a.default.svc.corp.example"}
