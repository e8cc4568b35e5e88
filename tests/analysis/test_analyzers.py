"""Each analyzer by itself: what it finds, where, and what it leaves alone.

``cases/NAME.yaml`` is for the analyzer NAME. A comment ``# CODE ...`` says which codes are expected at
that line; nothing else may be reported.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from meshcore.analysis import ANALYZERS, Analyzer, analyze
from meshcore.config.codes import CODES

CASES = Path(__file__).parent / "cases"
EXPECTED = re.compile(r"# ((?:(?:IST|MC)\d{4} ?)+)$")
#: The mesh configuration of the cases.
MESH = {"extensionProviders": [{"name": "old", "lightstep": {"service": "x", "port": 1}}, {"name": "new"}]}


def expected(text: str) -> Counter[tuple[str, int]]:
    found: Counter[tuple[str, int]] = Counter()
    for number, line in enumerate(text.splitlines(), start=1):
        marker = EXPECTED.search(line)
        found.update((code, number) for code in (marker[1].split() if marker else ()))
    return found


ENDPOINTS = {"web": [{"address": "192.0.2.1"}]}


def cases() -> list[tuple[Analyzer, Path]]:
    return [
        (it, path)
        for it in ANALYZERS
        for path in (CASES / f"{it.name}.yaml", CASES / f"{it.name}.envoy.yaml")
    ]


def exists(case: tuple[Analyzer, Path]) -> bool:
    return case[1].exists() or not case[1].name.endswith(".envoy.yaml")


@pytest.mark.parametrize(
    ("analyzer", "path"), list(filter(exists, cases())), ids=lambda it: getattr(it, "stem", "")
)
def test_an_analyzer_finds_what_its_cases_say(analyzer: Analyzer, path: Path) -> None:
    endpoints = ENDPOINTS if analyzer.name == "rules.endpoints" and "envoy" not in path.name else None
    report = analyze(path, analyzers=[analyzer.name], mesh_config=MESH, endpoints=endpoints)
    findings = [it for it in report.findings if it.code in analyzer.codes]
    wanted = expected(path.read_text())
    assert Counter((it.code, it.line) for it in findings) == wanted
    if "envoy" in path.name:
        assert wanted
    else:
        assert {code for code, _ in wanted} == set(analyzer.codes), "every code needs a case"
    for finding in findings:
        assert finding.severity is CODES[finding.code].severity
        assert finding.column > 0
        assert finding.path or "envoy" in path.name
        assert finding.message
    assert not {"MC1001", "MC1002"} & {it.code for it in report.findings}, "the cases can be read"


def test_every_case_has_its_analyzer() -> None:
    stems = {path.stem.removesuffix(".envoy") for path in CASES.glob("*.yaml")}
    assert stems == {analyzer.name for analyzer in ANALYZERS}


DESTINATION = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: a}
spec:
  hosts: [HOSTS]
  http:
  - route: [{destination: {host: TO, port: {number: 8080}}}]
"""


def test_the_port_of_a_service_that_the_endpoints_give_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "mesh.yaml").write_text(DESTINATION.replace("HOSTS", "a").replace("TO", "a"))
    own = {"ports": [80], "endpoints": [{"address": "127.0.0.1", "port": 1}]}
    [found] = analyze(tmp_path, endpoints={"a": own}).findings
    assert (found.code, found.line) == ("IST0101", 7)
    assert found.message == "'a.default.svc.cluster.local' has no port 8080, only 80"
    assert not analyze(tmp_path, endpoints={"a": {**own, "ports": [8080]}}).findings


def test_findings_of_a_host_that_is_no_service_agree(tmp_path: Path) -> None:
    def outcomes(hosts: str) -> set[str]:
        (tmp_path / "mesh.yaml").write_text(DESTINATION.replace("HOSTS", hosts).replace("TO", "a"))
        return {it.message.partition("; ")[0].partition("local'")[2] for it in analyze(tmp_path).findings}

    assert outcomes("a") == {
        ": requests for 'a' do not follow these rules",
        ", so nothing follows these rules",
    }
    assert outcomes("a.example") == {", so requests get a 503"}


def test_an_endpoint_of_a_short_service_entry_has_its_labels() -> None:
    report = analyze(CASES / "rules.short_entries.yaml")
    assert "IST0173" not in {it.code for it in report.findings}


def test_how_an_unknown_service_is_made_known_is_said_once(tmp_path: Path) -> None:
    rule = "{route: [{destination: {host: nobody}}]}"
    (tmp_path / "mesh.yaml").write_text(
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: a}\n"
        f"spec: {{hosts: [a.example], http: [{{match: [{{uri: {{prefix: /b}}}}], {rule[1:]}, {rule}]}}\n"
    )
    first, second = (it.message for it in analyze(tmp_path).findings if it.code == "IST0101")
    assert "--endpoints" in first
    assert second == "there is no service 'nobody.default.svc.cluster.local', so requests get a 503"


def test_a_service_that_the_file_of_endpoints_leaves_empty_is_told() -> None:
    given = {"billing": {"ports": [80], "endpoints": []}, "web": [{"address": "192.0.2.1"}]}
    text = "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ports: [{name: http, port: 80}]}}"
    (finding,) = analyze(texts={"a.yaml": text}, endpoints=given).findings
    assert (finding.code, finding.file) == ("MC1302", "<endpoints>")
    assert "no endpoints are known for billing.default.svc.cluster.local" in finding.message
