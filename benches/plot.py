"""Pictures of ratios: bars on a logarithmic axis, as SVG without anything that changes from run to run.

Drawn here and not by matplotlib, whose pictures are several times as large and change with its version. Each
stands on a card of its own, so that it reads on white and on dark pages.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from html import escape

from comparison import Row

_ROW, _MARGIN, _HEAD, _FOOT, _PLOT = 22, 20, 76, 34, 420
_LETTER = 5.9  # the width of a letter of the labels, or a little more
MET, SHORT, PLAIN = "#2f6fbf", "#d9731a", "#8fa9cc"
_INK, _GREY, _GRID = "#1f2328", "#59636e", "#d8dee4"


def overview(rows: Sequence[Row]) -> list[Row]:
    """One row for each peer and concern that a target is set for: the first."""
    found: dict[tuple[str, str], Row] = {}
    for row in rows:
        if row.target is not None:
            found.setdefault((row.concern, row.peer), row)
    return list(found.values())


def times(value: float) -> str:
    """A ratio in three figures: "1,234x", "30.6x", "0.43x"."""
    return f"{value:,.0f}x" if value >= 100 else f"{value:.3g}x"


def draw(title: str, subtitle: str, rows: Sequence[Row]) -> str:
    """A bar for each row: how many times as much the peer costs, with a mark where the target is."""
    labels = [_label(row, above) for row, above in zip(rows, [None, *rows], strict=False)]
    left = _MARGIN + max(len(label) for label in labels) * _LETTER + 24
    left += max(len(row.peer) for row in rows) * _LETTER
    low = 10 ** math.floor(math.log10(min(1.0, *(row.ratio for row in rows))))
    high = 2 * max(10.0, *(max(row.ratio, row.target or 0) for row in rows))
    scale = _PLOT / math.log10(high / low)
    width, height = left + _PLOT + _MARGIN + 40, _HEAD + _ROW * len(rows) + _FOOT

    def x(value: float) -> float:
        return left + scale * math.log10(value / low)

    bottom = _HEAD + _ROW * len(rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" '
        f'viewBox="0 0 {width:.0f} {height}" font-family="Helvetica, Arial, sans-serif" font-size="12" '
        f'fill="{_INK}">',
        f"<title>{escape(title)}</title>",
        f'<rect width="100%" height="100%" rx="8" fill="#ffffff" stroke="{_GRID}"/>',
        f'<text x="{_MARGIN}" y="28" font-size="16" font-weight="bold">{escape(title)}</text>',
        f'<text x="{_MARGIN}" y="46" fill="{_GREY}">{escape(subtitle)}</text>',
        *_legend(rows),
        *_grid(low, high, x, bottom),
    ]
    for number, (row, label) in enumerate(zip(rows, labels, strict=True)):
        parts += _bar(row, label, left, _HEAD + _ROW * number, x)
    return "\n".join([*parts, "</svg>\n"])


def _label(row: Row, above: Row | None) -> str:
    """What is done, and by what of ours; once for all peers that do the same."""
    if above is not None and row.name[:3] == above.name[:3]:
        return ""
    return row.operation if row.ours == "meshcore" else f"{row.operation}: {row.ours}"


def _colour(row: Row) -> str:
    if row.target is None:
        return PLAIN
    return MET if row.met else SHORT


def _legend(rows: Sequence[Row]) -> Iterator[str]:
    """What the colours that occur mean."""
    place = float(_MARGIN)
    for colour, text in (
        (MET, "meets its target, the upright mark"),
        (SHORT, "falls short of its target"),
        (PLAIN, "has no target"),
    ):
        if any(_colour(row) == colour for row in rows):
            yield f'<rect x="{place:.0f}" y="55" width="10" height="10" fill="{colour}"/>'
            yield f'<text x="{place + 15:.0f}" y="64" fill="{_GREY}">{text}</text>'
            place += 15 + len(text) * _LETTER + 14


def _grid(low: float, high: float, x: Callable[[float], float], bottom: int) -> Iterator[str]:
    for power in range(round(math.log10(low)), math.floor(math.log10(high)) + 1):
        at = x(10.0**power)
        colour = _GREY if power == 0 else _GRID
        yield f'<path d="M{at:.1f} {_HEAD}V{bottom}" stroke="{colour}"/>'
        text = times(10.0**power)
        yield f'<text x="{at:.1f}" y="{bottom + 16}" text-anchor="middle" fill="{_GREY}">{text}</text>'


def _bar(row: Row, label: str, left: float, top: int, x: Callable[[float], float]) -> Iterator[str]:
    begin, end = sorted((x(1.0), x(row.ratio)))
    base = top + 15
    if label:
        yield f'<text x="{_MARGIN}" y="{base}">{escape(label)}</text>'
    yield f'<text x="{left - 8:.1f}" y="{base}" text-anchor="end">{escape(row.peer)}</text>'
    width = max(1.0, end - begin)
    yield f'<rect x="{begin:.1f}" y="{top + 4}" width="{width:.1f}" height="14" fill="{_colour(row)}"/>'
    text = max(end, x(row.target) if row.target else 0)
    if row.target:
        at = x(row.target)
        yield f'<path d="M{at:.1f} {top + 1}v20" stroke="{_INK}" stroke-width="2"/>'
    yield f'<text x="{text + 5:.1f}" y="{base}">{times(row.ratio)}</text>'
