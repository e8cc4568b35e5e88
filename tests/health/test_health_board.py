"""The folder that processes share. Two boards of one process stand for two: locks tell them apart."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshcore.health.board import Board, Entry, Page

ENTRY = Entry("HEALTHY", True, "status 200", "", 1.5, 2.5, 3, 0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "run" / "checks"


def test_one_leads(folder: Path) -> None:
    a, b = Board(folder), Board(folder)
    assert a.lead()
    assert a.lead()
    assert not b.lead()
    a.leave()
    assert b.lead()
    assert not a.lead()


def test_results(folder: Path) -> None:
    a, b = Board(folder), Board(folder)
    assert b.read() is None
    a.publish({"x": ENTRY}, 7.0)
    page = b.read()
    assert page is not None
    assert (page.pid, page.written_at, page.entries) == (os.getpid(), 7.0, {"x": ENTRY})
    assert b.read() is page, "it is read once"
    a.publish({}, 8.0)
    page = b.read()
    assert page is not None
    assert page.entries == {}


def test_nobody_else_may_read_or_write(folder: Path) -> None:
    board = Board(folder)
    board.lead()
    board.publish({}, 1.0)
    board.mark_failed("x")
    board.mark_traffic("c")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_folder_of_others_is_refused(tmp_path: Path, mode: int) -> None:
    tmp_path.chmod(mode)
    with pytest.raises(PermissionError, match="others must not write"):
        Board(tmp_path)


def test_links_are_not_followed(folder: Path, tmp_path: Path) -> None:
    board = Board(folder)
    for name in ("leader", "results", "failed-x", f"results.{os.getpid()}"):
        (folder / name).symlink_to(tmp_path / "victim")
    assert not board.lead()
    assert board.read() is None
    board.mark_failed("x")
    with pytest.raises(OSError, match="symbolic"):
        board.publish({}, 1.0)
    assert not (tmp_path / "victim").exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        msgspec.json.encode(Page(2, 1, 1.0, {})),
        b'{"version":1,"pid":"x","written_at":1,"entries":{}}',
    ],
)
def test_what_is_no_page(folder: Path, content: bytes) -> None:
    board = Board(folder)
    (folder / "results").write_bytes(content)
    assert board.read() is None
    board.publish({"x": ENTRY}, 1.0)
    assert board.read() is not None


def test_any_bytes_are_a_page_or_none(tmp_path: Path) -> None:
    board = Board(tmp_path / "checks")

    @given(st.binary(max_size=100))
    def check(content: bytes) -> None:
        (tmp_path / "checks" / "results").write_bytes(content)
        assert board.read() is None

    check()


def test_marks(folder: Path) -> None:
    a, b = Board(folder), Board(folder)
    b.mark_failed("x")
    b.mark_failed("y")
    assert sorted(a.failed()) == ["x", "y"]
    assert list(a.failed()) == []
    assert not a.has_traffic("c")
    b.mark_traffic("c")
    assert a.has_traffic("c")
    assert not a.has_traffic("d")
    b.mark_failed("x")
    a.clear()
    assert list(a.failed()) == []
    assert not a.has_traffic("c")


def test_an_emptied_folder_has_another_leader(folder: Path) -> None:
    a, b = Board(folder), Board(folder)
    a.lead()
    (folder / "leader").unlink()
    assert b.lead()
    assert not a.lead(), "it notices that its lock is worth nothing"


def test_a_folder_that_is_gone(folder: Path) -> None:
    board = Board(folder)
    folder.rmdir()
    assert not board.lead()
    assert board.read() is None
    board.mark_failed("x")
    assert list(board.failed()) == []
    with pytest.raises(OSError, match="No such file"):
        board.publish({}, 1.0)


def test_children_do_not_keep_the_lock(folder: Path) -> None:
    """The leader may end while its children live on."""
    a, b = Board(folder), Board(folder)
    assert a.lead()
    to_child, from_parent = os.pipe()
    to_parent, from_child = os.pipe()
    child = os.fork()
    if not child:
        os.write(from_child, b"1")
        os.read(to_child, 1)
        os._exit(0)
    assert os.read(to_parent, 1) == b"1"
    assert not b.lead(), "the fork took nothing away"
    a.leave()
    assert b.lead()
    os.write(from_parent, b"1")
    os.waitpid(child, 0)
    for file in (to_child, from_parent, to_parent, from_child):
        os.close(file)
