"""What the demo prints, on a terminal and elsewhere."""

from __future__ import annotations

import io
import os
import re
from collections import Counter

import pytest

from meshcore.demo.board import Board, Check, State
from meshcore.demo.display import LiveDisplay, PlainDisplay, choose_display
from meshcore.demo.style import Style

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture
def board() -> Board:
    board = Board(
        [
            Check("canary", "v1 90, v2 10", "v1 90%  v2 10%", "v1 91.0%  v2 9.0%  of 100"),
            Check("redirect", "/shop to /productpage", "301 to /productpage"),
        ],
        {"reviews-90-10.yaml": Counter(v1=30, v2=10), "reviews-50-50.yaml": Counter()},
    )
    board.checks[0].state = State.RUNNING
    return board


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    resize(monkeypatch, 100, 30)
    return Terminal()


def resize(monkeypatch: pytest.MonkeyPatch, columns: int, lines: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("LINES", str(lines))


def text(terminal: Terminal) -> str:
    return ESCAPES.sub("", terminal.getvalue())


def test_a_plain_stream_gets_a_line_for_each_decided_check(board: Board) -> None:
    stream = io.StringIO()
    display = choose_display(stream)
    assert isinstance(display, PlainDisplay)
    display.update(board)
    assert stream.getvalue() == ""
    board.checks[1].close(False, "404")
    display.update(board)
    display.update(board)
    display.close()
    assert stream.getvalue() == (
        "FAILED  redirect: /shop to /productpage; expected: 301 to /productpage; seen: 404\n"
    )


def test_a_terminal_is_drawn_over(board: Board, terminal: Terminal) -> None:
    display = choose_display(terminal)
    assert isinstance(display, LiveDisplay)
    display.update(board)
    lines = terminal.getvalue().count("\n")
    assert lines < LiveDisplay.LINES
    display.update(board)
    assert f"\x1b[{lines}F" in terminal.getvalue()
    display.close()
    assert terminal.getvalue().endswith("\x1b[?25h")


def test_the_table_shows_what_stands_where(board: Board, terminal: Terminal) -> None:
    LiveDisplay(terminal, Style(unicode=True)).update(board)
    shown = text(terminal)
    assert "⠙ canary    v1 90, v2 10           v1 90%  v2 10%       v1 91.0%  v2 9.0%  of 100" in shown
    assert "· redirect  /shop to /productpage  301 to /productpage" in shown
    assert f"reviews-90-10.yaml  {'█' * 30}{'▒' * 10}\n" in shown
    assert "0 requests, 0 failed" in shown


@pytest.mark.parametrize(
    ("columns", "heads"),
    [
        (100, ["what", "rule", "expected", "seen"]),
        (80, ["what", "expected", "seen"]),
        (60, ["what", "seen"]),
    ],
)
def test_a_narrow_terminal_gets_fewer_columns_and_no_longer_lines(
    board: Board, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, columns: int, heads: list[str]
) -> None:
    resize(monkeypatch, columns, 30)
    LiveDisplay(terminal, Style()).update(board)
    lines = text(terminal).splitlines()
    assert lines[0].split() == heads
    assert max(len(line) for line in lines) <= columns


@pytest.mark.parametrize(("columns", "lines"), [(40, 30), (100, 10)])
def test_a_tiny_terminal_gets_plain_lines(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, columns: int, lines: int
) -> None:
    resize(monkeypatch, columns, lines)
    assert isinstance(choose_display(terminal), PlainDisplay)


def test_a_dumb_terminal_gets_plain_lines(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    display = choose_display(terminal)
    assert isinstance(display, PlainDisplay)
    assert not display.style.color


def test_no_color_is_respected(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Style.of(terminal).color
    monkeypatch.setenv("NO_COLOR", "1")
    assert not Style.of(terminal).color


def test_symbols_fit_the_encoding() -> None:
    class Ascii(io.StringIO):
        encoding = "ascii"

    style = Style.of(Ascii())
    assert not style.unicode
    shown = style.mark(State.OK, 0) + style.arrow + style.bar({"v1": 0.5, "v2": 0.5}, 4)
    assert shown == "+->##=="
    assert os.fsencode(shown).isascii()


def test_a_bar_fills_its_width_whatever_the_shares() -> None:
    style = Style(unicode=True)
    assert all(len(style.bar({"v1": share / 97, "v2": 1 - share / 97}, 40)) == 40 for share in range(98))
