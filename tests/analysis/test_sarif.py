"""SARIF: what code review tools need of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from meshcore.analysis import analyze
from meshcore.analysis.sarif import to_sarif

SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{name: web, port: 80}, {name: other, port: 81}]}
"""


def run_of(text: str, name: str = "a.yaml") -> Any:
    log: Any = to_sarif(analyze(texts={name: text}), "1.2.3")
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    return run


def test_results_refer_to_rules_with_help() -> None:
    run = run_of(SERVICE)
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("meshcore", "1.2.3")
    (rule,) = driver["rules"]
    assert rule["id"] == "IST0118"
    assert rule["defaultConfiguration"] == {"level": "note"}
    assert "```yaml" in rule["help"]["markdown"]
    for result, column in zip(run["results"], (23, 46), strict=True):
        assert (result["ruleId"], result["ruleIndex"], result["level"]) == ("IST0118", 0, "note")
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"] == {"uri": "a.yaml", "uriBaseId": "%SRCROOT%"}
        assert place["region"] == {"startLine": 4, "startColumn": column}
        assert result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "Service default/web"


def fingerprints(text: str) -> list[str]:
    return [it["partialFingerprints"]["meshcoreFinding/v1"] for it in run_of(text)["results"]]


def test_fingerprints_tell_findings_apart_and_outlive_moved_lines() -> None:
    here = fingerprints(SERVICE)
    assert len(set(here)) == 2
    assert fingerprints("# a comment\n\n" + SERVICE) == here
    assert fingerprints(SERVICE.replace("name: web}", "name: shop}", 1)) != here


def test_paths_are_relative_where_they_can_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a folder"
    folder.mkdir()
    path = folder / "x.yaml"
    path.write_text(SERVICE)
    monkeypatch.chdir(tmp_path)

    def uri(given: Path) -> Any:
        log: Any = to_sarif(analyze(given), "1")
        return log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]

    assert uri(path) == uri(Path("a folder/x.yaml")) == {"uri": "a%20folder/x.yaml", "uriBaseId": "%SRCROOT%"}
    monkeypatch.chdir(folder)
    (tmp_path / "y.yaml").write_text(SERVICE)
    assert uri(tmp_path / "y.yaml") == {"uri": (tmp_path / "y.yaml").as_uri()}


def test_findings_without_a_position_have_no_region() -> None:
    run = run_of("", "none.yaml")
    (result,) = run["results"]
    assert "region" not in result["locations"][0]["physicalLocation"]


def test_names_of_files_may_be_any_bytes() -> None:
    run = run_of("a: [", "bad\udcff.yaml")
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "bad%FF.yaml"
