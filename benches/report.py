"""What a run says: tables for the terminal, a conclusion, what moved, and the pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from comparison import Count, Row
from plot import draw, overview
from record import Move, counts_of, moves, rows_of
from timing import nanoseconds, table


def percent(part: float) -> str:
    return f"{part:+.0%}" if abs(part) >= 0.005 else "0%"


def rows(rows: Sequence[Row], moved: Mapping[tuple[str, str, str, str], Move]) -> str:
    """A table of one concern."""
    cells = []
    for row in rows:
        move = moved.get(row.name)
        changed = "" if move is None else percent(move.change) + (" !" if move.outside else "")
        cells.append(
            [
                f"{row.operation}: {row.ours}",
                row.peer,
                *(f"{nanoseconds(cost.minimum)} +{cost.spread:.0%}" for cost in (row.cost, row.peer_cost)),
                f"{row.ratio:,.2f}x",
                f"{row.target:g}x{'' if row.met else ' MISSED'}" if row.target is not None else "",
                changed,
            ]
        )
    return table(["what: ours", "peer", "ours", "peer's", "ratio", "target", "moved"], cells)


def surroundings(where: Mapping[str, Any]) -> str:
    """Where it runs, and the versions of all that could take part."""
    python, machine = where["python"], where["machine"]
    pgo = python["pgo"] or "NO: pure Python, which most peers are, is slower here than it could be"
    versions = ", ".join(f"{name} {version or 'MISSING'}" for name, version in where["versions"].items())
    return (
        f"{python['implementation']} {python['version']} ({python['compiler']})\nPGO: {pgo}\n"
        f"{machine['cpu']}, {machine['cores']} cores, {machine['system']} {machine['architecture']}\n"
        f"{versions}"
    )


def pictures(where: Mapping[str, Any], rows: Sequence[Row]) -> dict[str, str]:
    """A drawing for each concern, and the overview, by file name."""
    python, machine = where["python"], where["machine"]
    subtitle = (
        f"{python['implementation']} {python['version']}, {'PGO' if python['pgo'] else 'not a PGO build'}; "
        f"{machine['cpu']}; {where['date'][:10]}. Larger is better. The axis is logarithmic."
    )
    found = {}
    for concern in dict.fromkeys(row.concern for row in rows):
        own = [row for row in rows if row.concern == concern]
        title = f"{concern}: how many times as long as meshcore each peer takes"
        found[f"{concern}.svg"] = draw(title, subtitle, own)
    if chosen := overview(rows):
        title = "How many times as long as meshcore others take for the same work"
        found["overview.svg"] = draw(title, subtitle, chosen)
    return found


def counted(count: Count) -> str:
    """A count of instructions in a line."""
    state = "" if count.met else ", MISSED"
    return (
        f"{count.concern}: {count.operation}: {count.instructions:,} instructions "
        f"(target: at most {count.at_most:,}{state})"
    )


def _named(row: Row) -> str:
    return f"{row.concern}: {row.operation}: {row.ours} against {row.peer}"


def conclusion(document: Mapping[str, Any]) -> str:
    """What was met and missed, who was not here, what broke, and how busy the machine was."""
    aimed = [row for row in rows_of(document) if row.target is not None]
    counts = counts_of(document)
    met = sum(one.met for one in [*aimed, *counts])
    lines = [f"\n{met} of {len(aimed) + len(counts)} targets met"]
    lines += [f"MISSED  {_named(row)}: {row.ratio:.3g}x of {row.target:g}x" for row in aimed if not row.met]
    lines += [f"MISSED  {counted(count)}" for count in counts if not count.met]
    lines += [
        f"LEFT OUT  {one['concern']}: {one['peer']}, which needs {one['needs']}"
        for one in document["missing"]
    ]
    lines += [f"FAILED  {name}: see above" for name in document["failed"]]
    loads = document["load_average"]
    lines.append(f"load average: {loads['before']} before, {loads['after']} after")
    return "\n".join(lines)


def compared(before: Mapping[str, Any] | None, where: Mapping[str, Any]) -> str:
    """How a run differs from the one before."""
    if before is None:
        return f"\nno earlier record of {where['python']['build']} to compare with"
    rows, old = rows_of(where), rows_of(before)
    moved = moves(rows, old)
    lines = [f"\n{len(moved)} ratios compared with {before['date']}"]
    for what in ("python", "machine"):
        lines += [
            f"  another {what}: {name} was {value!r}, is {where[what][name]!r}"
            for name, value in before[what].items()
            if where[what][name] != value
        ]
    concerns = {row.concern for row in rows}
    gone = [row for row in old if row.concern in concerns and row.name not in moved]
    for what, apart in (("new", [row for row in rows if row.name not in moved]), ("gone", gone)):
        lines += [f"  {what}: {_named(row)}" for row in apart]
    once = {count.name: count.instructions for count in counts_of(before)}
    for count in counts_of(where):
        if count.name in once:
            lines.append(f"  {counted(count)}, {percent(count.instructions / once[count.name] - 1)}")
    far = [move for move in moved.values() if move.outside]
    for move in sorted(far, key=lambda move: move.change):
        ratios = f"{move.before.ratio:,.4g}x to {move.row.ratio:,.4g}x"
        lines.append(f"MOVED  {percent(move.change)}  {_named(move.row)}: {ratios}")
    lines.append(f"{len(far)} moved further than the spread of both runs")
    return "\n".join(lines)
