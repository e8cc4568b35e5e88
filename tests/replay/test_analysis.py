"""Replaying cases of single analyzers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from meshcore.replay import replay_file

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{name: web, port: 8080}]}
"""
FOUND = {"code": "IST0118", "name": "x", "severity": "Info", "kind": "Service", "resource": "web"}


def differences(tmp_path: Path, **changes: Any) -> list[str]:
    case = {
        "name": "ports",
        "analyzer": "service.PortNameAnalyzer",
        "files": [{"name": "a.yaml", "yaml": SERVICE}],
        "expect": [FOUND],
        **changes,
    }
    path = tmp_path / "analysis.json"
    path.write_text(json.dumps([case]))
    return [text for failure in replay_file(path).failures for text in failure.differences]


def test_a_case_passes_only_if_everything_is_found_and_nothing_else(tmp_path: Path) -> None:
    assert differences(tmp_path) == []
    assert differences(tmp_path, expect=[]) == ["unexpected 1 x IST0118 info Service default/web"]
    other = {**FOUND, "severity": "Error", "resource": "ns/web"}
    assert differences(tmp_path, expect=[FOUND, other]) == ["missing 1 x IST0118 error Service ns/web"]


def test_an_unknown_analyzer_fails(tmp_path: Path) -> None:
    (difference,) = differences(tmp_path, analyzer="service.Other")
    assert "there is no analyzer 'service.Other'" in difference


def test_the_mesh_configuration_counts(tmp_path: Path) -> None:
    telemetry = """
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: t}
spec: {accessLogging: [{}]}
"""
    case: dict[str, Any] = {
        "analyzer": "telemetry.ProviderAnalyzer",
        "files": [{"name": "t.yaml", "yaml": telemetry}],
        "expect": [],
    }
    assert differences(tmp_path, **case) == ["unexpected 1 x IST0157 warning Telemetry default/t"]
    assert differences(tmp_path, **case, mesh_config="defaultProviders: {accessLogging: [envoy]}") == []
