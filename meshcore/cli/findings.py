"""Findings for people: one line each, and on a terminal the line of the source with a caret below."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, TextIO

from meshcore.config.findings import Severity
from meshcore.ink import Ink

if TYPE_CHECKING:
    from meshcore.config import Finding

__all__ = ["FindingsView"]

_COLORS = {Severity.ERROR: "1;31", Severity.WARNING: "1;33", Severity.INFO: "1;36"}
#: What a caret line underlines: a quoted text, or a word up to what ends it in YAML.
_TOKEN = re.compile(r"\"(?:\\.|[^\"\\])*\"|'[^']*'|[^\s:,{}\[\]#]+(?::[^\s,{}\[\]#]+)*|[\[{]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
#: Files of which the lines are kept at one time.
_KEPT = 16


class FindingsView:
    """Shows findings on a stream: plainly, or with source lines and colours on a terminal."""

    def __init__(self, stream: TextIO, texts: Mapping[str, str]) -> None:
        self._stream = stream
        self._texts = texts
        self._terminal = stream.isatty()
        self._ink = Ink.of(stream)
        self._width = shutil.get_terminal_size().columns if self._terminal else 0
        self._lines = lru_cache(_KEPT)(self._read)

    def show(self, finding: Finding) -> None:
        """Print one finding."""
        for line in self._render(finding):
            print(line, file=self._stream)

    def paint(self, severity: Severity, text: str) -> str:
        """The text in the colour of a severity, where colours may be used."""
        return self._ink.paint(_COLORS[severity], text)

    def _render(self, finding: Finding) -> Iterator[str]:
        text = str(finding)
        code = f"[{finding.code}]" if finding.code else ""
        place, mark, rest = text.partition(f" {finding.severity.value}{code}:")
        if not mark:
            yield text
            return
        yield f"{self._ink.bold(place)} {self.paint(finding.severity, mark.strip())}{rest}"
        if self._terminal and finding.line:
            yield from self._source(finding)

    def _source(self, finding: Finding) -> Iterator[str]:
        lines = self._lines(finding.file)
        if not 0 < finding.line <= len(lines):
            return
        line = lines[finding.line - 1]
        start = min(max(finding.column - 1, 0), len(line))
        token = _TOKEN.match(line, start)
        length = len(token[0]) if token else 1
        number = f"{finding.line:>5}"
        room = max(self._width - len(number) - 4, 20)
        skipped = max(0, min(start - room // 3, len(line) - room))
        shown = _CONTROL.sub(" ", line[skipped : skipped + room])
        start -= skipped
        caret = "^" + "~" * (max(1, min(length, room - start)) - 1)
        yield f"{self._ink.dim(number + ' |')} {shown}"
        margin = self._ink.dim(" " * len(number) + " |")
        yield f"{margin} {' ' * start}{self.paint(finding.severity, caret)}"

    def _read(self, file: str) -> list[str]:
        if file in self._texts:
            return self._texts[file].splitlines()
        try:
            with open(file, encoding="utf-8-sig", errors="replace") as stream:
                return stream.read().splitlines()
        except OSError:
            return []
