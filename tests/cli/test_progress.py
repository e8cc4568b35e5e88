"""Progress is for terminals, and leaves nothing behind."""

from __future__ import annotations

import io

from meshcore.cli.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


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
