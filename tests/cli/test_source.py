"""Lines of documents around a place."""

from __future__ import annotations

from pathlib import Path

import pytest

from meshcore.cli.source import source_lines
from meshcore.ink import Ink
from meshcore.model import Origin

YAML = """\
spec:
  http:
  - match:
    - uri:
        prefix: /a
    - uri: {prefix: /b}

    route:
    - destination: {host: a}

  - name: other
"""


@pytest.fixture
def document(tmp_path: Path) -> str:
    path = tmp_path / "rules.yaml"
    path.write_text(YAML)
    return str(path)


def test_a_rule(document: str) -> None:
    lines = list(source_lines(Origin(document, 3, 5, path="spec.http[0]"), Ink()))
    assert lines == [
        "  >  3 |   - match:".replace(" 3", "3"),
        "    4 |     - uri:",
        "    5 |         prefix: /a",
        "    6 |     - uri: {prefix: /b}",
        "    7 |",
        "    8 |     route:",
        "    9 |     - destination: {host: a}",
    ]


def test_a_match_within_its_rule(document: str) -> None:
    lines = list(source_lines(Origin(document, 6, 7, path="spec.http[0].match[1]"), Ink()))
    assert lines[0] == "    3 |   - match:"
    assert lines[3] == "  > 6 |     - uri: {prefix: /b}"


def test_long_rules_are_cut(tmp_path: Path) -> None:
    path = tmp_path / "long.yaml"
    path.write_text("- a: 1\n" + "  b: 2\n" * 40)
    lines = list(source_lines(Origin(str(path), 1, 1), Ink()))
    assert len(lines) == 13
    assert lines[-1].endswith("...")


def test_a_match_far_down_its_rule_is_among_the_lines(tmp_path: Path) -> None:
    path = tmp_path / "long.yaml"
    path.write_text("- matches:\n" + "".join(f"  - path: /{number}\n" for number in range(40)))
    lines = list(source_lines(Origin(str(path), 31, 5, path="rules[0].matches[29]"), Ink()))
    assert lines[0] == "     1 | - matches:"
    assert lines[1] == "       | ..."
    assert lines[3] == "  > 31 |   - path: /29"
    assert lines[-1] == "       | ..."
    assert len(lines) == 14


@pytest.mark.parametrize("line", [0, 99])
def test_a_document_that_has_changed_shows_nothing(document: str, line: int) -> None:
    assert list(source_lines(Origin(document, line, 1), Ink())) == []


def test_a_document_that_is_gone_shows_nothing() -> None:
    assert list(source_lines(Origin("no-such.yaml", 1, 1), Ink())) == []
