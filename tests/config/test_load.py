"""meshcore.config.load as a whole: many files, many threads, and nothing left behind."""

from __future__ import annotations

import contextlib
import gc
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from meshcore import load, load_text
from meshcore.analysis import analyze
from meshcore.config import ConfigError, Node, documents
from meshcore.config.tree import MappingNode

FILES = 1_000

SERVICE = """\
apiVersion: v1
kind: Service
metadata: {{name: svc-{0}}}
spec: {{ports: [{{name: http, port: 80}}]}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: svc-{0}}}
spec:
  hosts: [svc-{0}]
  http:
  - name: route-{0}
    route: [{{destination: {{host: svc-{0}}}}}]
"""
TABLE = """\
name: table
virtual_hosts:
- {name: shop, domains: ["*"], routes: [{match: {prefix: /}, direct_response: {status: 204}}]}
"""


def test_one_bad_file_of_a_folder_is_named_and_nothing_is_loaded(tmp_path: Path) -> None:
    for number in range(FILES):
        (tmp_path / f"{number:04}.yaml").write_text(SERVICE.format(number))
    bad = tmp_path / "0617.yaml"
    bad.write_text(SERVICE.format(617).replace("hosts:", "hostz:"))
    with pytest.raises(ConfigError) as caught:
        load(tmp_path)
    assert {finding.file for finding in caught.value.findings} == {str(bad)}
    assert (caught.value.findings[0].line, caught.value.findings[0].column) == (10, 3)
    bad.write_text(SERVICE.format(617))
    assert len(load(tmp_path).sources) == FILES


def test_half_a_file_of_a_folder_is_named(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"{number:04}.yaml").write_text(SERVICE.format(number))
    half = tmp_path / "0007.yaml"
    text = SERVICE.format(7)
    half.write_text(text[: text.index("{host:") + 4])
    with pytest.raises(ConfigError) as caught:
        load(tmp_path)
    assert {finding.file for finding in caught.value.findings} == {str(half)}


@pytest.mark.parametrize("text", [TABLE, SERVICE.format(1), TABLE + "nonsense: 1\n"])
def test_a_load_leaves_no_trees_behind_even_without_collections(text: str) -> None:
    gc.disable()
    try:
        with contextlib.suppress(ConfigError):
            load_text(text, name="left behind")
        left = [it for it in gc.get_objects() if isinstance(it, MappingNode)]
        assert not [it for it in left if it.document.file == "left behind"]
    finally:
        gc.enable()


@pytest.mark.parametrize("step", [1, 7, 64])
def test_control_characters_are_found_wherever_a_step_ends(
    monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    monkeypatch.setattr(documents, "_STEP", step)
    with pytest.raises(ConfigError, match=r"t\.yaml:2:4: error: the control character U\+0007"):
        load_text("a: b\nc: \x07\n", name="t.yaml")


def test_threads_load_beside_each_other() -> None:
    """The pause of the collector is shared, the rest is not."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        texts = [
            "---\n".join(SERVICE.format(i) for i in range(first, first + 20)) for first in range(0, 80, 20)
        ]
        alone = [load_text(text) for text in texts]
        with ThreadPoolExecutor(len(texts)) as pool:
            together = list(pool.map(load_text, texts))
    finally:
        sys.setswitchinterval(before)
    assert together == alone
    assert gc.isenabled()


def test_what_is_neither_kubernetes_nor_envoys_is_left_aside_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "service.yaml").write_text(SERVICE.format(1))
    (tmp_path / "values.yaml").write_text("# of a chart\nreplicas: 3\n")
    config = load(tmp_path)
    assert [str(it) for it in config.warnings if "values" in str(it)] == [
        f"{tmp_path}/values.yaml:2:1: warning: neither Kubernetes' nor Envoy's: left aside"
    ]
    (tmp_path / "table.yaml").write_text(TABLE)
    with pytest.raises(ConfigError, match=r"table\.yaml:1:1: error: Envoy and Kubernetes documents"):
        load(tmp_path)


@pytest.mark.parametrize("text", ["on: push\n", "a: 1\na: 2\n", "Resources: {Name: !Ref Other}\n"])
def test_what_other_tools_allow_is_no_error_of_what_is_left_aside(tmp_path: Path, text: str) -> None:
    (tmp_path / "service.yaml").write_text(SERVICE.format(1))
    (tmp_path / "other.yaml").write_text(text)
    assert any("left aside" in str(it) for it in load(tmp_path).warnings)
    found = [str(it) for it in analyze(tmp_path).findings if "other.yaml" in str(it)]
    assert len(found) == 1
    assert "left aside" in found[0]
    (tmp_path / "other.yaml").write_text(f"kind: ConfigMap\n{text}")
    with pytest.raises(ConfigError, match=r"other\.yaml:"):
        load(tmp_path)
    assert any(it.code == "MC1001" for it in analyze(tmp_path).findings)


def test_an_envoy_cluster_that_can_eject_nothing_is_told() -> None:
    text = """
static_resources:
  clusters:
  - name: few
    type: TYPE
    outlier_detection: {max_ejection_percent: PERCENT}
    load_assignment:
      cluster_name: few
      endpoints:
      - lb_endpoints: [{endpoint: {address: {socket_address: {address: ADDRESS, port_value: 80}}}}]
"""

    def told(percent: int, of_type: str = "STATIC", address: str = "192.0.2.1") -> list[str]:
        given = text.replace("PERCENT", str(percent)).replace("TYPE", of_type).replace("ADDRESS", address)
        return [it.message for it in load_text(given).warnings if "maxEjectionPercent" in it.message]

    (message,) = told(99)
    assert message.startswith("maxEjectionPercent 99 of the one endpoint of 'few' is less than one")
    assert told(100) == told(10, "STRICT_DNS", "few.example") == []


def test_the_files_of_options_may_stand_in_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "service.yaml").write_text(SERVICE.format(1))
    (tmp_path / "mesh.yaml").write_text("outboundTrafficPolicy: {mode: REGISTRY_ONLY}\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"goes with --mesh-config"):
        load(["service.yaml", "mesh.yaml"])
    message = "mesh.yaml:1:1: warning: this goes with --mesh-config (mesh_config=): left aside"
    assert message in map(str, load(".").warnings)
    config = load(".", mesh_config=tmp_path / "mesh.yaml")
    assert config == load("service.yaml", mesh_config="mesh.yaml")


LIMITS = "apiVersion: meshcore/v1\nkind: RateLimits\nrules: [{name: a, rate: 1/hour}]\n"


@pytest.mark.parametrize(("text", "given"), [(TABLE, "Envoy's documents"), (LIMITS, "limits alone")])
@pytest.mark.parametrize("option", ["endpoints", "mesh_config"])
def test_options_of_istios_documents_need_such(text: str, given: str, option: str) -> None:
    for value, file in (("/no/such/file.yaml", "/no/such/file.yaml"), ({}, f"<{option}>")):
        with pytest.raises(ConfigError) as caught:
            load_text(text, **{option: value})
        [finding] = caught.value.findings
        assert finding.file == file
        assert finding.message.endswith(f"goes with documents of Istio or Kubernetes, and there are {given}")


def test_a_document_without_a_name_is_listed_by_its_file() -> None:
    text = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n---\n" + SERVICE.format(1)
    assert load_text(text, name="kustomization.yaml").skipped == ("Kustomization of kustomization.yaml",)


def test_a_gateway_that_is_not_there_is_no_fault_of_a_document() -> None:
    with pytest.raises(
        ConfigError, match=r"^<node>: error: there is no Gateway 'default/gw' in the documents; there is none"
    ):
        load_text(SERVICE.format(1), node=Node(gateway="gw"))
