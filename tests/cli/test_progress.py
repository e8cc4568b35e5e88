"""Progress is for terminals, and leaves nothing behind."""

from __future__ import annotations

import io

import pytest

from meshcore.cli.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")


def test_a_terminal_sees_a_line_that_goes_again() -> None:
    stream = Terminal()
    with Progress("requests", 2000, stream) as progress:
        progress(1000)
        progress(1001)  # too soon to be drawn
    assert stream.getvalue() == "\r\x1b[Krequests: 1,000 of 2,000 (50 %)\r\x1b[K"


def test_anything_else_sees_nothing() -> None:
    stream = io.StringIO()
    with Progress("requests", None, stream) as progress:
        progress(1)
    assert stream.getvalue() == ""


def test_a_narrow_terminal_sees_what_fits_on_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    stream = Terminal()
    with Progress("requests", 2000, stream) as progress:
        progress(1000)
    assert stream.getvalue() == "\r\x1b[Krequests: 1,000 of \r\x1b[K"


def test_a_terminal_that_cannot_draw_over_a_line_sees_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    stream = Terminal()
    with Progress("requests", None, stream) as progress:
        progress(1)
    assert stream.getvalue() == ""
