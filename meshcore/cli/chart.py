"""Charts: bars as lines for a terminal and as SVG, and lines over time as SVG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

__all__ = ["Band", "Bar", "Line", "svg", "svg_lines", "text"]

#: So many bars are listed one by one on a terminal.
_MOST_LINES = 50
_LEAST_BAR = 10
_EIGHTHS = " ▏▎▍▌▋▊▉"

_WIDTH = 900
_MARGIN = 16
_TITLE = 44
#: Height of a bar with a label, and what all bars may take together where there are more of them.
_ROW, _TALLEST = 22, 1600
_SMALLEST_LABELLED = 12
_LETTER = 7.3  # the width of a letter of the labels


@dataclass(frozen=True, slots=True)
class Bar:
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Line:
    """A value for each step of time, from 0 on."""

    label: str
    colour: str
    values: Sequence[float]


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of time that has a name."""

    label: str
    begin: float
    end: float


def text(bars: Sequence[Bar], columns: int, blocks: bool) -> Iterator[str]:
    """A line for each bar, no longer than ``columns`` where that can be; of many bars, the fullest.

    ``blocks``: by Unicode's blocks, otherwise by #.
    """
    shown = bars
    if len(bars) > _MOST_LINES:
        shown = sorted(bars, key=lambda bar: -bar.count)[:_MOST_LINES]
    total = sum(bar.count for bar in bars) or 1
    most = max(bar.count for bar in bars) or 1
    labels = max(len(bar.label) for bar in shown)
    counts = max(len(f"{bar.count:,}") for bar in shown)
    room = max(_LEAST_BAR, columns - labels - counts - 15)
    for bar in shown:
        drawn = _drawn(bar.count / most * room, blocks)
        share = 100 * bar.count / total
        yield f"  {bar.label:<{labels}}  {bar.count:>{counts},}  {share:>5.1f} %  {drawn}".rstrip()
    if len(bars) > len(shown):
        rest = total - sum(bar.count for bar in shown)
        yield f"  and {len(bars) - len(shown):,} more, with {rest:,} together"


def _drawn(length: float, blocks: bool) -> str:
    if not blocks:
        return "#" * round(length)
    eighths = round(length * 8)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def svg(title: str, bars: Sequence[Bar]) -> str:
    """A drawing of its own; a line marks the average."""
    row = min(_ROW, _TALLEST / len(bars))
    labelled = row >= _SMALLEST_LABELLED
    left = _MARGIN + (max(len(bar.label) for bar in bars) * _LETTER + 8 if labelled else 0)
    room = _WIDTH - left - _MARGIN - 70
    most = max(bar.count for bar in bars) or 1
    height = _TITLE + row * len(bars) + _MARGIN
    average = left + room * sum(bar.count for bar in bars) / len(bars) / most
    return _drawing(
        title,
        height,
        *(_row(bar, left, _TITLE + i * row, row, room / most, labelled) for i, bar in enumerate(bars)),
        f'<line x1="{average:.1f}" x2="{average:.1f}" y1="{_TITLE}" y2="{_TITLE + row * len(bars):.1f}" '
        'stroke="#c0392b" stroke-dasharray="4 3"><title>average</title></line>',
    )


def _drawing(title: str, height: float, *parts: str) -> str:
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height:.0f}" '
            f'viewBox="0 0 {_WIDTH} {height:.0f}" font-family="monospace" font-size="12">',
            f"<title>{escape(title)}</title>",
            '<rect width="100%" height="100%" fill="white"/>',
            f'<text x="{_MARGIN}" y="26" font-size="15">{escape(title)}</text>',
            *parts,
            "</svg>\n",
        ]
    )


def _row(bar: Bar, left: float, top: float, height: float, scale: float, labelled: bool) -> str:
    width, gap = bar.count * scale, height * 0.15
    drawn = (
        f'<rect x="{left:.1f}" y="{top + gap:.1f}" width="{width:.1f}" height="{height - 2 * gap:.1f}" '
        f'fill="#3b7dd8"><title>{escape(bar.label)}: {bar.count:,}</title></rect>'
    )
    if not labelled:
        return drawn
    base = top + height / 2 + 4
    return (
        f'<text x="{left - 8:.1f}" y="{base:.1f}" text-anchor="end">{escape(bar.label)}</text>{drawn}'
        f'<text x="{left + width + 6:.1f}" y="{base:.1f}">{bar.count:,}</text>'
    )


#: Of a chart of lines: where the axes stand, and how many parts they have.
_PLOT_LEFT, _PLOT_HEIGHT, _LEGEND, _PARTS = 56, 260, 24, 5


def svg_lines(
    title: str, lines: Sequence[Line], bands: Sequence[Band], across: str, along: str, *, top: float
) -> str:
    """Values of 0 to ``top`` over time, whose stretches are shaded by turns.

    ``across`` and ``along`` say what the values are and what time is counted in.
    """
    end = max(band.end for band in bands)
    room, base = _WIDTH - _PLOT_LEFT - _MARGIN, _TITLE + _LEGEND + _PLOT_HEIGHT

    def x(at: float) -> float:
        return _PLOT_LEFT + room * at / end

    def y(value: float) -> float:
        return base - _PLOT_HEIGHT * value / top

    parts = []
    for i, band in enumerate(bands):
        fill = "#f2f2f2" if i % 2 else "#fafafa"
        width = x(band.end) - x(band.begin)
        parts.append(
            f'<rect x="{x(band.begin):.1f}" y="{y(top):.1f}" width="{width:.1f}" height="{_PLOT_HEIGHT}" '
            f'fill="{fill}"/>'
            f'<text x="{x(band.begin) + 6:.1f}" y="{y(top) + 18:.1f}" fill="#555">{escape(band.label)}</text>'
        )
    for i in range(_PARTS + 1):
        value, at = top * i / _PARTS, end * i / _PARTS
        parts.append(
            f'<line x1="{_PLOT_LEFT}" x2="{x(end):.1f}" y1="{y(value):.1f}" y2="{y(value):.1f}" '
            'stroke="#ddd"/>'
            f'<text x="{_PLOT_LEFT - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{value:g}</text>'
            f'<text x="{x(at):.1f}" y="{base + 18}" text-anchor="middle">{at:g}</text>'
        )
    place = float(_PLOT_LEFT)
    for line in lines:
        step = end / len(line.values)
        points = " ".join(f"{x((i + 0.5) * step):.1f},{y(value):.1f}" for i, value in enumerate(line.values))
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{line.colour}" stroke-width="2"/>'
            f'<text x="{place:.1f}" y="{_TITLE + 6}" fill="{line.colour}">{escape(line.label)}</text>'
        )
        place += (len(line.label) + 3) * _LETTER
    parts.append(
        f'<text x="{x(end):.1f}" y="{_TITLE + 6}" text-anchor="end" fill="#555">{escape(across)}</text>'
        f'<text x="{x(end):.1f}" y="{base + 34}" text-anchor="end" fill="#555">{escape(along)}</text>'
    )
    return _drawing(title, base + 44, *parts)
