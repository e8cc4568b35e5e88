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


@pytest.mark.parametrize("analyzer", ANALYZERS, ids=lambda it: it.name)
def test_an_analyzer_finds_what_its_cases_say(analyzer: Analyzer) -> None:
    path = CASES / f"{analyzer.name}.yaml"
    report = analyze(path, analyzers=[analyzer.name], mesh_config=MESH)
    findings = [it for it in report.findings if it.code in analyzer.codes]
    wanted = expected(path.read_text())
    assert Counter((it.code, it.line) for it in findings) == wanted
    assert {code for code, _ in wanted} == set(analyzer.codes), "every code needs a case"
    for finding in findings:
        assert finding.severity is CODES[finding.code].severity
        assert finding.column > 0
        assert finding.path
        assert finding.message
        assert "/" in finding.name or finding.kind == "CustomResourceDefinition"


def test_every_case_has_its_analyzer() -> None:
    assert {path.stem for path in CASES.glob("*.yaml")} == {analyzer.name for analyzer in ANALYZERS}
