"""Colours and symbols, as far as the output can show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

from meshcore.demo.board import State
from meshcore.ink import Ink

__all__ = ["Style"]

_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_ASCII_SPINNER = "-\\|/"
#: Colour, block element and plain character of each version's part of a bar.
_VERSIONS = {"v1": ("34", "█", "#"), "v2": ("35", "▒", "="), "v3": ("31", "░", "-")}


@dataclass(frozen=True, slots=True)
class Style(Ink):
    """``unicode``: block elements and the like can be shown."""

    unicode: bool = False

    @classmethod
    def of(cls, stream: TextIO) -> Style:
        """What ``stream`` can show."""
        color = Ink.of(stream).color
        try:
            f"{_SPINNER}█▒░✓✗·→".encode(stream.encoding or "ascii")
        except (UnicodeEncodeError, LookupError):
            return cls(color, False)
        return cls(color, True)

    @property
    def arrow(self) -> str:
        return "→" if self.unicode else "->"

    def mark(self, state: State, frame: int) -> str:
        """One column that says how a check stands; it turns while the check runs."""
        if state is State.OK:
            return self.good("✓" if self.unicode else "+")
        if state is State.FAILED:
            return self.bad("✗" if self.unicode else "x")
        if state is State.RUNNING:
            spinner = _SPINNER if self.unicode else _ASCII_SPINNER
            return self.paint("33", spinner[frame % len(spinner)])
        return self.dim("·" if self.unicode else ".")

    def row(self, state: State, text: str) -> str:
        """The text of a check's line."""
        if state is State.FAILED:
            return self.bad(text)
        return self.dim(text) if state is State.WAITING else text

    def bar(self, shares: Mapping[str, float], width: int) -> str:
        """A bar of ``width`` columns, divided by share; each version has its colour and its filling."""
        parts = []
        start, total = 0, 0.0
        for version, share in shares.items():
            total += share
            end = round(total * width)
            color, block, plain = _VERSIONS[version]
            parts.append(self.paint(color, (block if self.unicode else plain) * (end - start)))
            start = end
        return "".join(parts)
