"""Every example of the documentation runs, and does what its comments say (docs_support.py says how)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from docs_support import DOCS, Block, blocks, execute, run

from meshcore import shared

PAGES = sorted(DOCS.rglob("*.md"))
#: Pages of which a test of their own runs the Python.
ELSEWHERE = {
    "global-limits.md": "tests/global_limit/test_docs_global_limits.py, with a Redis",
}


def name(value: object) -> str:
    return value.relative_to(DOCS).as_posix() if isinstance(value, Path) else getattr(value, "needs", "")


def python(page: Path) -> list[Block]:
    return [block for block in blocks(page) if block.language == "python"]


RUN = [page for page in PAGES if python(page) and page.name not in ELSEWHERE]
NEEDY = [(page, block) for page in PAGES for block in python(page) if block.needs]


@pytest.mark.parametrize("page", RUN, ids=name)
def test_a_page(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shm").mkdir()
    monkeypatch.setattr(shared, "_folder", lambda: tmp_path / "shm")
    assert any(not (block.skip or block.needs) for block in python(page)), "nothing of the page runs"
    run(page, tmp_path)


@pytest.mark.parametrize(("page", "block"), NEEDY, ids=name)
def test_what_is_come_from(page: Path, block: Block) -> None:
    """The other library's side of a comparison."""
    pytest.importorskip(block.needs)
    loop = asyncio.new_event_loop()
    try:
        execute(block, page, {"__name__": page.stem}, loop)
    finally:
        loop.close()


def test_what_is_left_out_says_why() -> None:
    for page in PAGES:
        for block in blocks(page):
            assert not block.skip or " " in block.skip, f"{page.name}:{block.line}"
