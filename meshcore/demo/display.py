"""How the demo shows itself: a live table on a terminal, plain lines anywhere else."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from typing import Protocol, TextIO

from meshcore.demo.board import Board, State
from meshcore.demo.style import Style

__all__ = ["Display", "LiveDisplay", "PlainDisplay", "choose_display"]

_BAR = 40


class Display(Protocol):
    """Shows a board while it changes."""

    style: Style

    def say(self, line: str = "") -> None:
        """Print a line that stays; not while the board is being shown."""

    def update(self, board: Board) -> None:
        """Show what the board says now."""

    def close(self) -> None:
        """Leave the terminal as it was; what was shown stays."""


def choose_display(stream: TextIO) -> Display:
    """The live display where ``stream`` is a terminal that is tall enough, plain lines otherwise."""
    style = Style.of(stream)
    if stream.isatty() and os.environ.get("TERM", "dumb") != "dumb":
        size = shutil.get_terminal_size()
        if size.lines >= LiveDisplay.LINES and size.columns >= LiveDisplay.LEAST_COLUMNS:
            return LiveDisplay(stream, style)
    return PlainDisplay(stream, style)


class PlainDisplay:
    """One line for each check, when it is decided."""

    def __init__(self, stream: TextIO, style: Style) -> None:
        self.style = style
        self._stream = stream
        self._told: set[str] = set()

    def say(self, line: str = "") -> None:
        print(line, file=self._stream, flush=True)

    def update(self, board: Board) -> None:
        for check in board.checks:
            if check.state in (State.OK, State.FAILED) and check.name not in self._told:
                self._told.add(check.name)
                self.say(
                    f"{check.state.value:<6}  {check.name}: {check.rule}; "
                    f"expected: {check.expected}; seen: {check.seen}"
                )

    def close(self) -> None:
        pass


class LiveDisplay:
    """A table that is drawn over and over in place."""

    LINES = 19  #: of the part that moves, and one to spare
    LEAST_COLUMNS = 50

    def __init__(self, stream: TextIO, style: Style) -> None:
        self.style = style
        self._stream = stream
        self._drawn = 0  #: lines on the screen that the next drawing replaces
        self._frame = 0

    def say(self, line: str = "") -> None:
        print(line, file=self._stream, flush=True)

    def update(self, board: Board) -> None:
        columns = shutil.get_terminal_size().columns
        self._frame += 1
        lines = [*self._table(board, columns), "", *self._stages(board, columns), "", self._footer(board)]
        # Back over the last drawing; each line is cleared behind its text, so that nothing flickers.
        back = f"\x1b[{self._drawn}F" if self._drawn else "\x1b[?25l"
        self._stream.write(back + "".join(f"{line}\x1b[K\n" for line in lines))
        self._stream.flush()
        self._drawn = len(lines)

    def close(self) -> None:
        if self._drawn:
            self._stream.write("\x1b[?25h")
            self._stream.flush()
            self._drawn = 0

    def _table(self, board: Board, columns: int) -> list[str]:
        """Name, rule, expected, seen; the rule and then the expectation go where there is no room."""
        rows = [("what", "rule", "expected", "seen")]
        rows += [(check.name, check.rule, check.expected, check.seen) for check in board.checks]
        # The last column grows while counts come in: reserve its final width.
        widths = [max(len(row[column]) for row in rows) for column in range(3)] + [27]
        shown = [0, 1, 2, 3]
        for dropped in (1, 2):
            if 2 + sum(widths[column] + 2 for column in shown) > columns:
                shown.remove(dropped)
        lines = []
        for number, row in enumerate(rows):
            text = "  ".join(f"{row[column]:<{widths[column]}}" for column in shown)[: columns - 2].rstrip()
            if number == 0:
                lines.append(self.style.dim(f"  {text}"))
                continue
            state = board.checks[number - 1].state
            lines.append(f"{self.style.mark(state, self._frame)} {self.style.row(state, text)}")
        return lines

    def _stages(self, board: Board, columns: int) -> list[str]:
        """A bar for each stage of the canary: who wrote the reviews."""
        legend = f"  reviews by {self.style.bar({'v1': 1.0}, 1)} v1 {self.style.bar({'v2': 1.0}, 1)} v2"
        label = max(len(stage) for stage in board.versions)
        width = min(_BAR, columns - label - 6)
        return [legend] + [
            f"  {self.style.dim(f'{stage:<{label}}')}  {self.style.bar(_shares(counts), width)}"
            for stage, counts in board.versions.items()
        ]

    def _footer(self, board: Board) -> str:
        failed = f"{len(board.failures)} failed"
        failed = self.style.bad(failed) if board.failures else failed
        return f"  {board.requests} requests, {failed}"


def _shares(counts: Counter[str]) -> dict[str, float]:
    total = counts.total()
    return {version: counts[version] / total for version in sorted(counts)}
