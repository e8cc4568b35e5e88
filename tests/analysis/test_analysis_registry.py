"""The list of analyzers, the table of codes and the documentation say the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from meshcore.analysis import ANALYZERS
from meshcore.analysis.registry import named
from meshcore.config.codes import CODES

DOCUMENT = Path(__file__).parents[2] / "docs" / "analyze.md"
#: Codes that validation reports, without an analyzer.
OF_VALIDATION = {
    "IST0106",
    "IST0130",
    "IST0131",
    "IST0133",
    "MC1001",
    "MC1002",
    "MC1003",
    "MC1004",
    "MC1005",
    "MC1006",
}


def test_every_code_has_an_analyzer_or_is_validations() -> None:
    assert {code for it in ANALYZERS for code in it.codes} | OF_VALIDATION == set(CODES)


def test_the_document_lists_every_code() -> None:
    rows = [line for line in DOCUMENT.read_text().splitlines() if line.startswith(("| IST", "| MC"))]
    wanted = [f"| {it.code} | {it.severity.value} | {it.name} | {it.summary} |" for it in CODES.values()]
    assert rows == wanted


def test_analyzers_are_found_by_name() -> None:
    assert [it.name for it in named(["rules.weights", "service.PortNameAnalyzer"])] == [
        "rules.weights",
        "service.PortNameAnalyzer",
    ]
    with pytest.raises(ValueError, match=r"there is no analyzer 'x'; known: .*rules\.weights"):
        named(["x"])
