"""Goodput while a third of the hosts turn slow, then fail, then recover: no mesh, retries alone, ours.

    python benches/sim_overload.py [--seed 1] [--svg docs/images/overload.svg]

A simulation in virtual time (overload_world.py), with the real engine on its clock (overload_clients.py): it
takes seconds, and a seed gives the same every time. Goodput is what is answered well and in time.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from overload_clients import Client, Mesh, NoMesh, Retries, Tally
from overload_world import Shape, World, spans
from timing import table, verdict

from meshcore.cli.chart import Band, Line, svg_lines

__all__ = ["CONTENDERS", "Result", "run"]

CONTENDERS: dict[str, type[Client]] = {"no mesh": NoMesh, "retries only": Retries, "meshcore": Mesh}
COLOURS = {"no mesh": "#888888", "retries only": "#c0392b", "meshcore": "#3b7dd8"}
#: Ours must serve so much of what the hosts that are well can serve, in percent.
TARGET = 95.0


@dataclass(frozen=True)
class Result:
    """What came of a run."""

    shape: Shape
    tally: Tally

    def share(self, begin: float, end: float) -> float:
        """Goodput of the requests that began then, in percent of all that did."""
        good, begun = (sum(what[int(begin) : int(end)]) for what in (self.tally.good, self.tally.begun))
        return 100 * good / begun

    def attempts(self, begin: float, end: float) -> float:
        """For each of these requests; those that never get their turn make none."""
        made, begun = (sum(what[int(begin) : int(end)]) for what in (self.tally.attempts, self.tally.begun))
        return made / begun

    def by_second(self) -> list[float]:
        return [100 * good / begun for good, begun in zip(self.tally.good, self.tally.begun, strict=True)]


def run(contender: type[Client], shape: Shape, seed: int) -> Result:
    """A contender's run from the first phase to the last."""
    world = World(shape, seed)
    client = contender(world, seed)
    world.run(client.arrive)
    return Result(shape, client.tally)


def report(results: dict[str, Result], shape: Shape) -> None:
    periods = [*((begin, end) for _, begin, end in spans(shape.phases)), (0, shape.seconds)]
    lines = [
        [f"goodput, {name}", *(f"{result.share(*period):.1f} %" for period in periods)]
        for name, result in results.items()
    ] + [
        [f"attempts a request, {name}", *(f"{result.attempts(*period):.2f}" for period in periods)]
        for name, result in results.items()
    ]
    print(table(["", *(phase.name for phase in shape.phases), "all"], lines))


def drawing(results: dict[str, Result], shape: Shape, seed: int) -> str:
    bands = [Band(phase.name, begin, end) for phase, begin, end in spans(shape.phases)]
    lines = [Line(name, COLOURS[name], result.by_second()) for name, result in results.items()]
    title = (
        f"Goodput while {shape.sick} of {shape.hosts} hosts turn slow, then fail, then recover (seed {seed})"
    )
    return svg_lines(title, lines, bands, "% of requests answered in time", "seconds", top=100.0)


def main(arguments: Sequence[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--svg", type=Path, help="a file to draw the goodput over time into")
    given = options.parse_args(arguments)
    shape, began = Shape(), time.perf_counter()
    results = {name: run(kind, shape, given.seed) for name, kind in CONTENDERS.items()}
    took = time.perf_counter() - began
    able, left = shape.capacity(shape.hosts), shape.capacity(shape.hosts - shape.sick)
    print(f"{shape.rate:,.0f} requests/s to {shape.hosts} hosts that can answer {able:,.0f}, ", end="")
    print(f"and {left:,.0f} without {shape.sick} of them\n")
    report(results, shape)
    ours = results["meshcore"]
    print(f"\n{ours.tally.refused} requests refused by the circuit breaker; simulated in {took:.1f} s\n")
    worst = min(ours.by_second())
    print(verdict("meshcore's goodput in its worst second", worst, TARGET, at_most=False, unit="%"))
    budget = 100 * ours.tally.most_retries
    print(verdict("most retries under way, of the budget", budget, 100.0, at_most=True, unit="%"))
    if given.svg is not None:
        given.svg.parent.mkdir(parents=True, exist_ok=True)
        given.svg.write_text(drawing(results, shape, given.seed), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
