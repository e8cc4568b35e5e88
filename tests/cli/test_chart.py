"""Bar charts."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from meshcore.cli.chart import Band, Bar, Line, svg, svg_lines, text

BARS = [Bar("a", 1), Bar("bbb", 40), Bar("c", 0)]


@pytest.mark.parametrize(("blocks", "letter"), [(True, "█"), (False, "#")])
def test_bars_are_as_long_as_their_counts_say(blocks: bool, letter: str) -> None:
    lines = list(text(BARS, 60, blocks))
    assert lines[1] == f"  bbb  40   97.6 %  {letter * 40}"
    assert lines[0].startswith(f"  a     1    2.4 %  {letter}")
    assert lines[2] == "  c     0    0.0 %"


def test_lines_fit_a_terminal() -> None:
    bars = [Bar(f"10.0.0.{i}:80", i) for i in range(40)]
    assert max(len(line) for line in text(bars, 80, True)) <= 80


def test_parts_of_a_block() -> None:
    (_, line) = text([Bar("a", 16), Bar("b", 1)], 27, True)
    assert line.endswith("▊") is False
    assert line.split("%")[1].strip() in "▏▎▍▌▋▊▉█"


def test_the_fullest_of_many() -> None:
    lines = list(text([Bar(f"h{i}", i) for i in range(60)], 80, True))
    assert len(lines) == 51
    assert lines[0].split()[0] == "h59"
    assert lines[-1] == "  and 10 more, with 45 together"


def test_nothing_was_counted() -> None:
    assert list(text([Bar("a", 0)], 80, True)) == ["  a  0    0.0 %"]
    ElementTree.fromstring(svg("t", [Bar("a", 0)]))


def test_svg_escapes_what_it_is_given() -> None:
    drawing = ElementTree.fromstring(svg("<&>", [Bar('"<b>', 2)]))
    assert [it.text for it in drawing.iter() if it.tag.endswith("}text")] == ["<&>", '"<b>', "2"]


@pytest.mark.parametrize(("count", "labels"), [(100, True), (1_000, False)])
def test_svg_stays_readable(count: int, labels: bool) -> None:
    drawing = ElementTree.fromstring(svg("t", [Bar(f"h{i}", i + 1) for i in range(count)]))
    assert float(drawing.attrib["height"]) < 2_400
    found = [it for it in drawing.iter() if it.tag.endswith("}rect") and it.attrib["width"] != "100%"]
    widths = [float(it.attrib["width"]) for it in found]
    assert len(widths) == count
    assert widths == sorted(widths)
    assert (len([it for it in drawing.iter() if it.tag.endswith("}text")]) > 1) is labels


def test_lines_over_time() -> None:
    lines = [Line("a < b", "#111111", [0.0, 50.0, 100.0, 100.0]), Line("flat", "#222222", [25.0, 25.0])]
    bands = [Band("first", 0, 3), Band("then", 3, 4)]
    drawn = ElementTree.fromstring(svg_lines("what & when", lines, bands, "percent", "seconds", top=100.0))
    texts = [one.text for one in drawn.findall(".//{*}text")]
    assert {"what & when", "a < b", "flat", "first", "then", "percent", "seconds"} <= set(texts)
    first, second = (
        [tuple(map(float, point.split(","))) for point in str(one.get("points")).split()]
        for one in drawn.findall(".//{*}polyline")
    )
    assert [x for x, _ in first] == sorted(x for x, _ in first)
    # The more, the higher up; each value stands in the middle of its step.
    assert first[0][1] > first[1][1] > first[2][1] == first[3][1]
    assert second[0][0] == pytest.approx((first[0][0] + first[1][0]) / 2, abs=0.1)
    assert second[0][1] == second[1][1]
