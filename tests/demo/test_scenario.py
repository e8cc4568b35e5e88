"""The demo tells when the traffic does not go where it should."""

from __future__ import annotations

import asyncio
import shutil
import time
from pathlib import Path

import pytest

from meshcore.cli.main import main
from meshcore.demo import shop
from meshcore.demo.board import State
from meshcore.demo.scenario import _Stage, new_board


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the demo's documents to spoil."""
    copy = tmp_path / "bookinfo"
    shutil.copytree(shop.FOLDER, copy)
    monkeypatch.setattr(shop, "FOLDER", copy)
    return copy


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_what_is_not_as_expected_is_shown_and_fails_the_demo(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    replace(folder / "bookinfo.yaml", "redirectCode: 301", "redirectCode: 302")
    replace(folder / "bookinfo.yaml", "uri: /details/", "uri: /details/9")
    replace(folder / "bookinfo.yaml", "exact: /robots.txt", "exact: /robots")
    replace(folder / shop.FIRST_STAGE, "exact: jason", "exact: nobody")
    replace(folder / shop.FIRST_STAGE, "weight: 10", "weight: 9000")
    assert main(["demo", "--requests", "60"]) == 1
    shown = capsys.readouterr().out
    assert shown.count("\nFAILED  ") == 5
    assert "FAILED  canary 90/10" in shown
    assert "FAILED  header-routed user" in shown
    assert "seen: details sees /details/90" in shown
    assert "seen: 302 to /productpage" in shown
    assert "FAILED  direct response: /robots.txt; expected: 200 from the gateway; seen: 404" in shown
    assert "\n5 of 8 not as expected, in " in shown


def test_lost_requests_are_counted_and_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    replace(folder / shop.SECOND_STAGE, "{host: reviews, subset: v2}", "{host: reviews, subset: gone}")
    assert main(["demo", "--requests", "60"]) == 1
    shown = capsys.readouterr().out
    assert "GET /productpage: 502" in shown
    assert "reviews answered 503" in shown


def test_a_slow_machine_is_judged_by_what_it_has_seen() -> None:
    board = new_board()
    check = next(it for it in board.checks if it.name == "canary 50/50")

    async def late() -> None:
        stage = _Stage(check, board.versions[shop.SECOND_STAGE], 300)
        for version in ("v1", "v2") * 20:
            stage.count(version)
        began = time.monotonic()
        await stage.judge(shop.CANARY[shop.SECOND_STAGE], asyncio.get_running_loop().time())
        assert time.monotonic() - began < 2

    asyncio.run(late())
    assert (check.state, check.seen) == (State.OK, "v1 50.0%  v2 50.0%  of 40")


def test_errors_in_the_documents_are_findings(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    replace(folder / "bookinfo.yaml", "redirectCode: 301", "redirectCode: many")
    assert main(["demo"]) == 1
    captured = capsys.readouterr()
    assert "bookinfo.yaml" in captured.err
    assert "redirectCode" in captured.err
    assert "Traceback" not in captured.err


def test_users_who_leave_a_canary_fail_the_demo(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    replace(folder / shop.STICKY_STAGES[1], "header=end-user", "header=x-other")
    assert main(["demo", "--requests", "60"]) == 1
    assert "\n1 of 8 not as expected, in " in (shown := capsys.readouterr().out)
    assert "FAILED  sticky canary" in shown
