"""Every example of the documentation runs, and does what it says (docs_support.py says how)."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest
from docs_support import DOCS, ROOT, Block, blocks, commands, enter_commands, execute, run

from meshcore.cli.main import build_parser
from meshcore.shared import state

PAGES = sorted(DOCS.rglob("*.md"))
#: Those of examples.
READMES = sorted((ROOT / "examples").rglob("*.md"))
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
    monkeypatch.setattr(state, "_folder", lambda: tmp_path / "shm")
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


def test_the_index_knows_every_page() -> None:
    index = (DOCS / "README.md").read_text()
    assert [page for page in map(name, PAGES) if f"]({page})" not in index and page != "README.md"] == []


def test_commands_have_the_options_that_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Those that no test runs, too."""
    parser, seen = build_parser(), 0
    for page in [*PAGES, *READMES, ROOT / "README.md"]:
        for block in blocks(page):
            if block.language not in ("sh", "console"):
                continue
            for (program, *words), _ in commands(block):
                if program == "meshcore":
                    ends = [at for at, word in enumerate(words) if word in ("|", "&", "&&", ">")]
                    with suppress(SystemExit):  # of --help
                        parser.parse_args(words[: ends[0]] if ends else words)
                    assert not (told := capsys.readouterr().err), f"{page.name}:{block.line}: {told}"
                    seen += 1
    assert seen > 20


def test_commands_of_readmes_print_what_they_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    pages = [ROOT / "README.md", *READMES]
    shown = [block for page in pages for block in blocks(page) if block.language == "console"]
    assert len(shown) > 1
    for block in shown:
        enter_commands(block)
