"""The comparison of all benches: what it records, compares and draws. Nothing here is timed."""

from __future__ import annotations

import ast
import json
import re
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benches"))

import compare
import concerns
import plot
import record
import report
from comparison import Comparison, Count, Missing, Row
from timing import Contender, Cost

BENCHES = Path(compare.__file__).parent
DOCS = BENCHES.parent / "docs" / "benchmarks"
SVG = "{http://www.w3.org/2000/svg}"


def row(ratio: float = 10.0, *, spread: float = 0.01, target: float | None = None, **names: str) -> Row:
    defaults = {"concern": "limit", "operation": "a call", "ours": "RateLimiter", "peer": "a & b"}
    sides = Cost(100.0, 100.0), Cost(100.0 * ratio, 100.0 * ratio * (1 + spread))
    return Row(**{**defaults, **names}, cost=sides[0], peer_cost=sides[1], target=target)


def recorded(*rows: Row) -> dict[str, Any]:
    missing = [Missing("limit", "uhashring", "the module uhashring")]
    found = [Comparison("limit", True, list(rows), [Count("limit", "allow()", 151, 150)], missing)]
    made = record.document(record.surroundings(), found, [], quick=True, loads=(0.5, 1.0))
    again: dict[str, Any] = json.loads(json.dumps(made))
    return again


# -- the benches ----------------------------------------------------------------------------


def test_every_bench_is_compared() -> None:
    found = {path.stem.removeprefix("bench_"): path for path in BENCHES.glob("bench_*.py")}
    assert sorted(found) == concerns.names()
    assert set(concerns.NAMED_ONLY) < set(found)
    for name, path in found.items():
        functions = {
            node.name: [argument.arg for argument in node.args.args]
            for node in ast.parse(path.read_text()).body
            if isinstance(node, ast.FunctionDef)
        }
        assert functions.get("compare") == ["quick"], f"{path.name} has no compare(quick)"
        assert concerns.about(name), f"{path.name} has no docstring"


def test_a_bench_compares_with_the_peers_that_are_here(monkeypatch: pytest.MonkeyPatch) -> None:
    for peer in ("pybreaker", "aiobreaker", "circuitbreaker", "purgatory"):
        monkeypatch.setitem(sys.modules, peer, None)
    found = concerns.compare("circuit", True)
    assert [(one.concern, one.ours, one.peer) for one in found.rows] == [
        ("circuit", "CircuitBreaker", "asyncio.Semaphore")
    ]
    assert found.rows[0].ratio > 0
    assert [one.peer for one in found.missing] == ["pybreaker", "aiobreaker", "circuitbreaker", "purgatory"]
    assert "the module pybreaker (pip install 'meshcore-engine[bench]')" in str(found.missing[0])


def test_each_missing_peer_is_said_once_and_ours_never() -> None:
    run = Comparison("limit", quick=True)

    def make(module: str) -> Callable[[], Contender]:
        def maker() -> Contender:
            raise ModuleNotFoundError(name=module)

        return maker

    for _ in range(2):
        assert run.present({"a peer": make("peer.inner")}) == {}
    assert [(one.peer, one.needs.partition(" (")[0]) for one in run.missing] == [
        ("a peer", "the module peer.inner")
    ]
    with pytest.raises(ModuleNotFoundError):
        run.present({"a peer": make("meshcore.engine")})


def test_a_row_for_each_peer_that_was_measured() -> None:
    run = Comparison("limit")
    costs = {"ours": Cost(10.0, 11.0), "one": Cost(300.0, 330.0), "two": Cost(5.0, 5.0)}
    run.add("a call", costs, "ours", ["one", "two", "absent"], {"one": 40.0})
    assert [(one.peer, one.ratio, one.target, one.met) for one in run.rows] == [
        ("one", 30.0, 40.0, False),
        ("two", 0.5, None, True),
    ]
    assert run.rows[0].spread == pytest.approx(0.2)


# -- the record -----------------------------------------------------------------------------


def test_a_record_gives_its_rows_back() -> None:
    rows = [row(30.6, spread=0.5, target=25.0), row(0.5, peer="another")]
    document = recorded(*rows)
    assert record.rows_of(document) == rows
    assert document["rows"][0]["ratio"] == 30.6
    assert record.counts_of(document) == [Count("limit", "allow()", 151, 150)]
    assert document["missing"] == [{"concern": "limit", "peer": "uhashring", "needs": "the module uhashring"}]
    assert document["load_average"] == {"before": 0.5, "after": 1.0}


def test_a_record_of_another_schema_is_refused() -> None:
    with pytest.raises(ValueError, match="schema 2, where 1 is known"):
        record.rows_of({**recorded(row()), "schema": 2})


def test_a_record_names_all_peers_that_can_be_installed() -> None:
    versions = record.versions()
    assert {"meshcore-engine", "PyYAML", "uhashring", "limits", "aiohttp", "redis"} <= set(versions)
    assert versions["meshcore-engine"]


@pytest.mark.parametrize(
    "arguments", ["'--enable-optimizations' '--with-lto'", "'--prefix=/opt/python'", None]
)
def test_pgo_is_what_the_configuration_says(arguments: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record.sysconfig, "get_config_var", lambda name: arguments)
    monkeypatch.setattr(record.sys, "base_prefix", "/opt/python")
    optimized = "enable" in (arguments or "")
    assert bool(record.pgo()) is optimized
    assert record.build().endswith("-pgo") is optimized


# -- comparing ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "outside"),
    [
        (row(10.0), row(10.3), False),  # runs differ by that much
        (row(10.0), row(10.9), True),
        (row(10.0), row(9.1), True),
        (row(10.0, spread=0.2), row(9.1), False),  # the earlier run was not sure
        (row(10.0), row(9.1, spread=0.2), False),
    ],
)
def test_a_ratio_moves_outside_the_spread(before: Row, after: Row, outside: bool) -> None:
    (move,) = record.moves([after], [before]).values()
    assert move.change == pytest.approx(after.ratio / before.ratio - 1)
    assert move.outside is outside
    said = report.compared(recorded(before), recorded(after))
    assert ("MOVED" in said) is outside
    assert f"{int(outside)} moved further" in said


def test_rows_of_one_run_alone_are_named() -> None:
    before = recorded(row(), row(peer="old"), row(concern="not run"))
    said = report.compared(before, recorded(row(), row(peer="young")))
    assert "1 ratios compared" in said
    assert "  new: limit: a call: RateLimiter against young\n" in said
    assert "  gone: limit: a call: RateLimiter against old\n" in said
    assert "not run" not in said


def test_counts_of_instructions_are_compared() -> None:
    before = recorded(row())
    before["counts"][0]["instructions"] = 302
    said = "limit: allow(): 151 instructions (target: at most 150, MISSED)"
    assert f"  {said}, -50%\n" in report.compared(before, recorded(row()))
    assert f"MISSED  {said}\n" in report.conclusion(recorded(row()))


def test_another_python_is_said() -> None:
    before = recorded(row())
    before["python"]["version"] = "2.7.18"
    assert "another python: version was '2.7.18'" in report.compared(before, recorded(row()))


def test_without_an_earlier_record() -> None:
    assert "no earlier record" in report.compared(None, recorded(row()))


# -- the command ----------------------------------------------------------------------------


@pytest.fixture
def benches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two concerns, of which one breaks."""

    def apart(name: str, quick: bool) -> Comparison:
        if name == "circuit":
            raise RuntimeError("broken")
        found = Comparison(name, quick, [row(30.0, concern=name, target=40.0)])
        found.lack({"throttled-py": "the module throttled"})
        return found

    monkeypatch.setattr(compare, "apart", apart)


@pytest.mark.usefixtures("benches")
def test_a_run_goes_on_when_a_concern_breaks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "deep" / "run.json"
    words = ["circuit", "limit", "--quick", "--json", str(file), "--svg", str(tmp_path)]
    assert compare.main(words) == 1
    out = capsys.readouterr().out
    assert "MISSED  limit: a call: RateLimiter against a & b: 30x of 40x" in out
    assert "LEFT OUT  limit: throttled-py, which needs the module throttled" in out
    assert "FAILED  circuit" in out
    document = record.read(file)
    assert document["failed"] == ["circuit"]
    assert [one["concern"] for one in document["rows"]] == ["limit"]
    assert {path.name for path in tmp_path.glob("*.svg")} == {"limit.svg", "overview.svg"}

    assert compare.main(["limit", "--quick", "--against", str(file)]) == 0
    assert "1 ratios compared" in capsys.readouterr().out

    file.write_text("{}")
    with pytest.raises(SystemExit, match="no record to read: schema None, where 1 is known"):
        compare.main(["limit", "--against", str(file)])


@pytest.mark.usefixtures("benches")
def test_a_part_of_a_run_writes_nothing_unasked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(compare, "DOCS", tmp_path / "docs")
    assert compare.main(["limit"]) == 0
    assert compare.main(["--quick", "limit"]) == 0
    assert not (tmp_path / "docs").exists()


def test_a_whole_run_is_kept_where_nothing_lacks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lacking = {"throttled-py": "the module throttled"}

    def apart(name: str, quick: bool) -> Comparison:
        found = Comparison(name, quick, [row(concern=name, target=5.0)])
        found.lack(lacking)
        return found

    monkeypatch.setattr(compare, "apart", apart)
    monkeypatch.setattr(compare, "DOCS", tmp_path / "docs")
    monkeypatch.setattr(record, "pgo", lambda: "somehow")
    assert compare.main([]) == 0
    assert not (tmp_path / "docs").exists(), "it would take the place of a run with more peers"
    lacking.clear()
    assert compare.main([]) == 0
    written = {path.name for path in (tmp_path / "docs").iterdir()}
    assert {f"{record.build()}.json", "overview.svg", "limit.svg"} <= written
    monkeypatch.setattr(record, "pgo", lambda: "")
    assert compare.main([]) == 0
    assert {path.name for path in (tmp_path / "docs").iterdir()} - written == {f"{record.build()}.json"}


def test_an_unknown_concern_is_an_error() -> None:
    with pytest.raises(SystemExit, match=r"no concern 'limits'; there are .*limit, "):
        compare.main(["limits"])


def test_the_list_tells_what_runs_when_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert compare.main(["--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == concerns.names()


# -- the pictures ---------------------------------------------------------------------------


def test_a_picture_is_well_formed_and_always_the_same() -> None:
    rows = [
        row(1234.0, target=1000.0),
        row(30.6, target=40.0, peer="<peer>"),
        row(0.43, peer="C"),
        row(operation="B"),
    ]
    drawing = plot.draw("Title & more", "Python", rows)
    assert drawing == plot.draw("Title & more", "Python", rows)
    svg = ElementTree.fromstring(drawing)
    texts = ["".join(text.itertext()) for text in svg.iter(f"{SVG}text")]
    assert {"Title & more", "<peer>", "1,234x", "30.6x", "0.43x"} <= set(texts)
    assert texts.count("a call: RateLimiter") == 1, "what is done is said once for all peers"
    fills = [rect.get("fill") for rect in svg.iter(f"{SVG}rect")]
    legend = 1
    colours = {"met": plot.MET, "short": plot.SHORT, "plain": plot.PLAIN}
    counts = {name: fills.count(colour) - legend for name, colour in colours.items()}
    assert counts == {"met": 1, "short": 1, "plain": 2}
    width = float(svg.get("width", "0"))
    for rect in list(svg.iter(f"{SVG}rect"))[1:]:
        assert 0 <= float(rect.get("x", "-1")) <= width - float(rect.get("width", "0"))


def test_the_overview_has_each_peer_of_a_concern_once() -> None:
    rows = [
        row(target=5.0),
        row(target=9.0, operation="another"),
        row(peer="none"),
        row(target=1.0, peer="c"),
    ]
    assert plot.overview(rows) == [rows[0], rows[3]]


# -- what is committed ------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(DOCS.glob("*.json")), ids=lambda path: path.name)
def test_committed_records_hold_the_schema_and_no_machine(path: Path) -> None:
    document = record.read(path)
    rows = record.rows_of(document)
    assert document["python"]["build"] == path.stem
    assert not document["quick"]
    assert not document["failed"]
    assert {one.concern for one in rows} <= set(concerns.names())
    assert not re.search(r"/(?:home|root|tmp|usr|work|Users)/|host_?name", path.read_text(), re.I)


def test_committed_pictures_are_those_of_the_committed_record() -> None:
    (path,) = DOCS.glob("*-pgo.json")
    document = record.read(path)
    pictures = report.pictures(document, record.rows_of(document))
    for name, drawing in pictures.items():
        assert (DOCS / name).read_text() == drawing, f"{name}: python -m benches --from {path.name} --svg"
    shown = set(re.findall(r"\]\((\w+\.svg)\)", (DOCS / "README.md").read_text()))
    assert {picture.name for picture in DOCS.glob("*.svg")} == set(pictures) == shown


def test_the_documentation_names_what_falls_short() -> None:
    (path,) = DOCS.glob("*-pgo.json")
    document = record.read(path)
    text = (DOCS / "README.md").read_text()
    for one in record.rows_of(document):
        ratio, target = plot.times(one.ratio), plot.times(one.target or 0)
        line = f"| {one.operation}: {one.ours} | {one.peer} | {ratio} | {target} |"
        assert (line in text) is not one.met
    for count in record.counts_of(document):
        line = f"| {count.operation} | instructions | {count.instructions:,} | at most {count.at_most:,} |"
        assert (line in text) is not count.met
