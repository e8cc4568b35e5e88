"""Colours, where they may be used."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TextIO

from meshcore.model.printable import printable

__all__ = ["Ink"]

#: Columns for labels.
_LABELS = 14
_COLOR = re.compile(r"(\x1b\[[0-9;]*m)")


@dataclass(frozen=True, slots=True)
class Ink:
    """``color``: ANSI colours may be used."""

    color: bool = False

    @classmethod
    def of(cls, stream: TextIO) -> Ink:
        """What ``stream`` can show; NO_COLOR (see no-color.org) switches colours off."""
        return cls(stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb")

    def paint(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.color and text else text

    def only(self, line: str) -> str:
        """The line with the colours in it, and nothing else that a terminal would act upon."""
        if not self.color:
            return printable(line)
        return "".join(part if at % 2 else printable(part) for at, part in enumerate(_COLOR.split(line)))

    def label(self, text: str) -> str:
        """What a line is about, in a column of its own."""
        return self.bold(text) + " " * (_LABELS - len(text))

    def bold(self, text: str) -> str:
        return self.paint("1", text)

    def dim(self, text: str) -> str:
        return self.paint("2", text)

    def good(self, text: str) -> str:
        return self.paint("32", text)

    def bad(self, text: str) -> str:
        return self.paint("1;31", text)

    def place(self, text: str) -> str:
        return self.paint("36", text)
