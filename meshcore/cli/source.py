"""The lines of a document around a place, as they stand in the file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from meshcore.ink import Ink
from meshcore.model import Origin

__all__ = ["source_lines"]

_MOST_LINES = 12
_MOST_COLUMNS = 120
#: So much of what stands at a place is seen at least.
_MARGIN = 40


def source_lines(origin: Origin, ink: Ink) -> Iterator[str]:
    """The rule that stands at ``origin``, with numbered lines and the place itself marked; nothing where the
    file cannot be read any more."""
    try:
        lines = Path(origin.file).read_text("utf-8", "replace").splitlines()
    except OSError:
        return
    if not 1 <= origin.line <= len(lines):
        return
    first, last = _block(lines, origin)
    shown = _shown(first + 1, last, origin.line)
    width = len(str(shown[-1]))
    before = first
    for number in shown:
        if number != before + 1:
            yield ink.dim(f"    {'':>{width}} | ...")
        line = lines[number - 1]
        start = 0
        if number == origin.line and origin.column > _MOST_COLUMNS - _MARGIN:  # JSON of one line
            start = origin.column - 1
        text = "".join(c if c.isprintable() else " " for c in line[start : start + _MOST_COLUMNS])
        text = f"... {text}" if start else text
        mark = ">" if number == origin.line else " "
        line = f"{mark} {number:>{width}} | {text}".rstrip()
        yield f"  {ink.place(line) if number == origin.line else line}"
        before = number
    if last > before:
        yield ink.dim(f"    {'':>{width}} | ...")


def _shown(first: int, last: int, marked: int) -> list[int]:
    """The numbers of the lines to show: as many as there may be, the first and the marked one among them."""
    if marked < first + _MOST_LINES:
        return list(range(first, min(last, first + _MOST_LINES - 1) + 1))
    return [first, *range(marked - 1, min(last, marked + _MOST_LINES - 3) + 1)]


def _block(lines: list[str], origin: Origin) -> tuple[int, int]:
    """The item of a list that holds the place: a match belongs to its rule. From and to, counted from 0."""
    first = origin.line - 1
    indent = _indent(lines[first])
    if origin.path.rpartition(".")[2].startswith(("match[", "matches[")):
        for above in range(first - 1, -1, -1):
            if lines[above].lstrip().startswith("- ") and _indent(lines[above]) < indent:
                first, indent = above, _indent(lines[above])
                break
    last = first + 1
    while last < len(lines) and (not lines[last].strip() or _indent(lines[last]) > indent):
        last += 1
    while last > first + 1 and not lines[last - 1].strip():
        last -= 1
    return first, last


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
