"""The Python of docs/diff.md runs."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_example_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bookinfo = ROOT / "examples" / "bookinfo"
    for folder, reviews in (("istio-old", "reviews-90-10.yaml"), ("istio", "reviews-50-50.yaml")):
        (tmp_path / folder).mkdir()
        shutil.copy(bookinfo / "bookinfo.yaml", tmp_path / folder)
        shutil.copy(bookinfo / reviews, tmp_path / folder / "reviews.yaml")
    monkeypatch.chdir(tmp_path)
    code = re.search(r"```python\n(.*?)```", (ROOT / "docs" / "diff.md").read_text(), re.S)
    assert code is not None
    exec(code[1], {})
    said = capsys.readouterr().out
    assert "changed route canary" in said
    assert "('cluster',)" in said
