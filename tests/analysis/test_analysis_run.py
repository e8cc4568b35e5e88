"""analyze() as a whole: what is read, validated, ordered, ignored, and never raised."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshcore.analysis import Ignore, Report, analyze
from meshcore.config import Severity

SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{name: web, port: 80}]}
"""
RULES = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web}
spec:
  hosts: [web]
  http:
  - match: [{uri: {prefix: /api}}]
    timeout: soon
    route: [{destination: {host: web, port: {number: 80}}}]
  - route: [{destination: {host: wbe}}]
"""
ROUTES = """\
name: routes
virtual_hosts:
- {name: web, domains: ["*"], routes: [{match: {prefix: x}, direct_response: {status: 200}}]}
"""
TELEMETRY = """\
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: t}
spec: {accessLogging: [{}]}
"""
OPERATOR = """\
apiVersion: install.istio.io/v1alpha1
kind: IstioOperator
metadata: {name: o}
spec: {meshConfig: {defaultProviders: {accessLogging: [envoy]}}}
"""


def codes(report: Report) -> list[str]:
    return [finding.code for finding in report.findings]


def test_validation_and_analysis_come_together_in_the_order_of_the_documents(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(SERVICE)
    (tmp_path / "a.yaml").write_text(RULES)
    report = analyze(tmp_path)
    assert [(Path(it.file).name, it.line, it.code) for it in report.findings] == [
        ("a.yaml", 8, "IST0106"),
        ("a.yaml", 10, "IST0101"),
        ("b.yaml", 4, "IST0118"),
    ]
    assert report.counts == {"error": 2, "warning": 0, "info": 1}
    assert (report.files, report.documents, report.ignored) == (2, 2, 0)
    assert "did you mean 'web'" in report.findings[1].message


def test_what_fails_a_run_is_for_the_caller_to_say() -> None:
    mild = analyze(texts={"a": SERVICE})
    assert (mild.fails(), mild.fails(Severity.WARNING), mild.fails(Severity.INFO)) == (False, False, True)
    assert analyze(texts={"a": RULES}).fails()


def test_texts_stand_beside_files_and_keep_their_names(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(RULES.replace("soon", "5s"))
    report = analyze(tmp_path / "a.yaml", texts={"<stdin>": SERVICE})
    assert [it.file for it in report.findings if it.code == "IST0118"] == ["<stdin>"]
    assert report.texts == {"<stdin>": SERVICE}


def test_a_broken_file_hides_nothing_of_the_others(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"{number:02}.yaml").write_text(SERVICE.replace("name: web}", f"name: web-{number}}}", 1))
    (tmp_path / "10.yaml").write_text("a: [\n")
    (tmp_path / "11.yaml").write_bytes(b"\xff\xfe")
    report = analyze(tmp_path)
    assert codes(report).count("IST0118") == 18
    assert codes(report).count("MC1001") == 2


def test_nothing_to_read_is_an_error(tmp_path: Path) -> None:
    assert codes(analyze(tmp_path)) == ["MC1001"]
    assert codes(analyze(tmp_path / "none.yaml")) == ["MC1001"]
    assert codes(analyze()) == ["MC1001"]


def test_documents_are_in_the_namespace_of_the_caller() -> None:
    elsewhere = (
        RULES.replace("soon", "5s").replace("wbe", "web").replace("name: web}", "name: r, namespace: a}", 1)
    )
    assert "IST0101" in codes(analyze(texts={"a": SERVICE, "b": elsewhere}))
    assert "IST0101" not in codes(analyze(texts={"a": SERVICE, "b": elsewhere}, namespace="a"))


def test_lists_are_unfolded() -> None:
    items = "apiVersion: v1\nkind: List\nitems:\n- " + SERVICE.replace("\n", "\n  ")
    (finding,) = analyze(texts={"a": items}).findings
    assert (finding.code, finding.line, finding.name) == ("IST0118", 7, "default/web")


def test_envoy_documents_are_validated_and_analyzed() -> None:
    assert codes(analyze(texts={"a": ROUTES})) == ["MC1004", "MC1103"]
    assert codes(analyze(texts={"a": ROUTES.replace("prefix: x", "prefx: /")})) == ["MC1002"]


def test_other_documents_among_kubernetes_ones_are_left_aside() -> None:
    report = analyze(texts={"a": SERVICE, "b": "replicas: 2\n", "c": ROUTES})
    assert codes(report) == ["IST0118", "MC1005", "MC1004", "MC1103"]


def test_endpoints_count_as_workloads() -> None:
    rule = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web}
spec: {host: web, subsets: [{name: v1, labels: {version: v1}}]}
"""
    found = analyze(texts={"a": SERVICE, "b": rule}).findings
    (told,) = [it.message for it in found if it.code == "IST0173"]
    assert told.endswith("such as labels of endpoints, can be given with --endpoints")
    endpoints = {"web": [{"address": "192.0.2.1", "labels": {"version": "v1"}}]}
    assert "IST0173" not in codes(analyze(texts={"a": SERVICE, "b": rule}, endpoints=endpoints))
    endpoints["web"][0]["labels"] = {"version": "v2"}
    found = analyze(texts={"a": SERVICE, "b": rule}, endpoints=endpoints).findings
    assert [it.message.rpartition(": ")[2] for it in found if it.code == "IST0173"] == [
        "requests to it get a 503"
    ]


def test_the_mesh_configuration_may_be_in_its_config_map(tmp_path: Path) -> None:
    telemetry = TELEMETRY
    assert "IST0157" in codes(analyze(texts={"a": telemetry}))
    path = tmp_path / "mesh.yaml"
    path.write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio}\n"
        "data:\n  mesh: |\n    defaultProviders:\n      accessLogging: [envoy]\n"
    )
    assert "IST0157" not in codes(analyze(texts={"a": telemetry}, mesh_config=path))
    path.write_text(OPERATOR)
    assert "IST0157" not in codes(analyze(texts={"a": telemetry}, mesh_config=path))


def test_the_mesh_configuration_is_found_among_the_documents() -> None:
    telemetry = TELEMETRY
    assert "IST0157" not in codes(analyze(texts={"a": telemetry, "b": OPERATOR}))


def test_files_that_go_with_an_option_are_left_aside() -> None:
    report = analyze(texts={"a": SERVICE, "b": "web:\n- {address: 192.0.2.1}\n"})
    assert codes(report) == ["IST0118", "MC1005"]
    assert "--endpoints" in report.findings[1].message


def test_ignored_findings_are_counted() -> None:
    report = analyze(
        texts={"a": SERVICE, "b": RULES}, ignore=["IST0118", "IST0106=VirtualService default/w*"]
    )
    assert (codes(report), report.ignored) == (["IST0101"], 2)
    report = analyze(texts={"a": SERVICE}, ignore=[Ignore("IST0118", "Service", "default/other")])
    assert (codes(report), report.ignored) == (["IST0118"], 0)


def test_annotations_suppress_as_for_istioctl() -> None:
    for value, left in (("IST0101, IST0118", []), ('"*"', []), ("IST0101", ["IST0118"])):
        text = SERVICE.replace(
            "name: web}", f"name: web, annotations: {{galley.istio.io/analyze-suppress: {value}}}}}", 1
        )
        if "," in value:
            text = text.replace(value, f'"{value}"')
        assert codes(analyze(texts={"a": text})) == left


@pytest.mark.parametrize("text", ["", "IST9999", "IST0101=", "IST0101=Service", "=Service a/b"])
def test_what_is_no_rule_for_ignoring_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"there is no code|names no resource"):
        Ignore.parse(text)


def test_progress_names_its_stages() -> None:
    stages: dict[str, list[tuple[int, int]]] = {}
    analyze(texts={"a": SERVICE}, progress=lambda stage, *at: stages.setdefault(stage, []).append(at))
    assert list(stages) == ["reading", "validating", "analyzing"]
    done, total = stages["analyzing"][-1]
    assert done == total > 30


def test_pedantic_findings_come_only_on_request() -> None:
    text = RULES.replace("soon", "5s")
    assert "MC1106" not in codes(analyze(texts={"a": text}))
    assert "MC1106" in codes(analyze(texts={"a": text}, pedantic=True))


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-5, 70000)
    | st.sampled_from(
        [
            "web",
            "*",
            "",
            ".",
            "*.example",
            "mesh",
            "a/b",
            "./x",
            "/api",
            "/x.*",
            "(",
            "100",
            "-1",
            "GET",
            "5s",
            "v1",
            "TCP",
        ]
    )
)
_KEYS = """
hosts gateways http tcp tls match route destination host subset port number uri prefix exact regex
headers servers selector labels matchLabels workloadSelector spec metadata name namespace
annotations exportTo ports protocol trafficPolicy mode subsets weight retries timeout perTryTimeout
fault abort delay mirror mirrors configPatches patch operation applyTo value conditions status
parents rules from source namespaces endpoints address template items accessLogging providers
tracing withoutHeaders queryParams method authority creationTimestamp outlierDetection
maxEjectionPercent listeners hostname addresses x
"""
KEYS = st.sampled_from(re.findall(r"\w+", _KEYS))
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4)
)
KINDS = st.sampled_from(
    [
        ("networking.istio.io/v1", kind)
        for kind in ("VirtualService", "DestinationRule", "Gateway", "ServiceEntry", "Sidecar", "EnvoyFilter")
    ]
    + [("v1", kind) for kind in ("Service", "Pod", "Namespace", "List", "Node")]
    + [("security.istio.io/v1", "AuthorizationPolicy"), ("telemetry.istio.io/v1", "Telemetry")]
    + [("gateway.networking.k8s.io/v1", "Gateway"), ("apps/v1", "Deployment"), ("x/v1", "Y")]
)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, object]:
    version, kind = draw(KINDS)
    document: dict[str, object] = {"apiVersion": version, "kind": kind}
    document["metadata"] = (
        draw(TREES) if draw(st.integers(0, 9)) == 0 else {"name": draw(st.sampled_from("abc"))}
    )
    document["spec"] = draw(st.dictionaries(KEYS, TREES, max_size=5))
    document.update(draw(st.dictionaries(KEYS, TREES, max_size=2)))
    return document


@given(st.lists(documents(), max_size=5))
def test_analysis_never_raises(made: list[dict[str, object]]) -> None:
    report = analyze_mappings(made)
    for finding in report.findings:
        assert finding.code
        assert str(finding)


def analyze_mappings(made: list[dict[str, object]]) -> Report:
    return analyze(texts={f"{index}.json": json.dumps(it) for index, it in enumerate(made)}, pedantic=True)


@given(st.binary(max_size=200))
def test_analysis_never_raises_on_rubbish(data: bytes) -> None:
    analyze(texts={"a": data.decode("utf-8", "surrogateescape")})


def test_the_mesh_configuration_is_validated(tmp_path: Path) -> None:
    path = tmp_path / "mesh.yaml"
    for text, words in (
        ("outboundTraficPolicy: {mode: REGISTRY_ONLY}", "unknown field 'outboundTraficPolicy'"),
        ("outboundTrafficPolicy: {mode: OPEN}", "found 'OPEN'"),
        (SERVICE, "expected the settings of a mesh"),
    ):
        path.write_text(text)
        (finding,) = (
            it for it in analyze(texts={"a": SERVICE}, mesh_config=path).findings if it.file == str(path)
        )
        assert (finding.code, finding.line) == ("IST0106", 1)
        assert words in finding.detail


def test_the_mesh_configuration_among_the_documents_is_validated() -> None:
    config_map = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\n"
        "data:\n  mesh: |\n    outboundTraficPolicy: {mode: REGISTRY_ONLY}\n"
    )
    (finding,) = analyze(texts={"a": config_map}).findings
    assert (finding.code, finding.line) == ("IST0106", 6)
