"""The examples of docs/explain.md are what is really printed; test_docs.py sees to those of the README."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from meshcore.cli.main import main

ROOT = Path(__file__).parents[1]
DOCUMENT = (ROOT / "docs" / "explain.md").read_text()
BLOCKS = r"^```sh\n(meshcore explain .*?)^```\n\n```text\n(.*?)^```"
EXAMPLES = re.findall(BLOCKS, DOCUMENT, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize(("command", "printed"), EXAMPLES)
def test_the_worked_examples(
    command: str, printed: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    main(shlex.split(command.replace("\\\n", " "))[1:])
    assert capsys.readouterr().out == printed


def test_both_kinds_of_answer_are_shown() -> None:
    assert len(EXAMPLES) == 2


def test_the_python_of_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    block = re.search(r"^```python\n(.*?)^```", DOCUMENT, re.DOTALL | re.MULTILINE)
    assert block is not None
    checked, claims = re.subn(r"^(\S*why\S.*?)  # (.+)$", r"assert \1 == \2", block[1], flags=re.MULTILINE)
    assert claims == 5
    exec(checked, {})
