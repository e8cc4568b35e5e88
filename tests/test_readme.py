"""The README's Python does what its comments say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BLOCKS = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
#: An expression, and what its comment says of it.
CLAIM = re.compile(r"^( *)((?:decision|table)\.\S.*?)  # (Outcome\.\w+|\"[^\"]*\").*$", re.MULTILINE)


@pytest.mark.parametrize("block", BLOCKS)
def test_python_blocks(block: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    checked, claims = CLAIM.subn(r"\1assert \2 == \3", block)
    assert claims
    exec(checked, {"Outcome": __import__("meshcore").Outcome})


def test_links_lead_somewhere() -> None:
    for document in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").glob("*/*.md")]:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text()):
            if not target.startswith("https://"):
                assert (document.parent / target).exists(), f"{document.name}: {target}"
