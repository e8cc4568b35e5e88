"""Fair timing of contenders in one process.

Each contender is a statement that `timeit` runs in a tight loop. They take turns, round after round,
so that a slow phase of the machine hits all of them, and each sample lasts about as long as any
other. What counts is processor time: it stands still while another program runs. Minima tell what
the code costs, medians what the machine made of it.
"""

from __future__ import annotations

import gc
import statistics
import time
import timeit
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Contender:
    """One way of doing the work: a statement, the names it uses, and how many operations it makes."""

    statement: str
    names: Mapping[str, Any]
    operations: int = 1


@dataclass(frozen=True)
class Cost:
    """Nanoseconds of one operation."""

    minimum: float
    median: float

    @property
    def spread(self) -> float:
        """How far the median lies above the minimum, as a part of the minimum."""
        return max(0.0, self.median / self.minimum - 1)


def measure(
    contenders: Mapping[str, Contender],
    *,
    rounds: int = 9,
    sample: float = 0.02,
    timer: Callable[[], float] = time.process_time,
) -> dict[str, Cost]:
    """Time every contender in turn, ``rounds`` samples of about ``sample`` seconds each.

    Where another process works for them, ``timer`` is ``time.perf_counter``.
    """
    timers = {
        name: timeit.Timer(contender.statement, timer=timer, globals=dict(contender.names))
        for name, contender in contenders.items()
    }
    loops = {name: _loops(timer, sample) for name, timer in timers.items()}
    samples: dict[str, list[float]] = {name: [] for name in contenders}
    collecting = gc.isenabled()
    gc.disable()
    try:
        for _ in range(rounds):
            for name, timer in timers.items():
                elapsed = timer.timeit(loops[name])
                samples[name].append(elapsed / loops[name] / contenders[name].operations * 1e9)
            gc.collect()
    finally:
        if collecting:
            gc.enable()
    return {name: Cost(min(values), statistics.median(values)) for name, values in samples.items()}


def _loops(timer: timeit.Timer, sample: float) -> int:
    loops = 1
    while (elapsed := timer.timeit(loops)) < sample / 4:
        loops *= 4
    return max(1, round(loops * sample / elapsed))


def nanoseconds(value: float) -> str:
    """1234.5 as '1.23 us': three figures and a unit."""
    for unit, scale in (("ns", 1.0), ("us", 1e3)):
        if value < scale * 999.5:
            return f"{value / scale:.3g} {unit}"
    return f"{value / 1e6:.3g} ms"


def table(head: list[str], rows: list[list[str]]) -> str:
    """Columns as wide as they must be; numbers to the right."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    lines = [
        "  ".join(
            cell.ljust(widths[i]) if i == 0 else cell.rjust(widths[i]) for i, cell in enumerate(row)
        ).rstrip()
        for row in [head, ["-" * width for width in widths], *rows]
    ]
    return "\n".join(lines)


def beside(costs: Mapping[str, Cost], *, digits: int = 1) -> str:
    """A table of costs, each also as a multiple of the first."""
    first = next(iter(costs.values())).minimum
    rows = [
        [name, nanoseconds(cost.minimum), nanoseconds(cost.median), f"{cost.minimum / first:,.{digits}f}x"]
        for name, cost in costs.items()
    ]
    return table(["", "minimum", "median", "of the first"], rows)


def verdict(name: str, value: float, target: float, *, at_most: bool, unit: str = "x") -> str:
    """A line that says whether a target is met or by how much it is missed."""
    met = value <= target if at_most else value >= target
    word = "at most" if at_most else "at least"
    short = "" if met else f", off by {abs(value - target) / target:.0%}"
    state = "met   " if met else "MISSED"
    return f"{state}  {name}: {value:,.3g} {unit} (target: {word} {target:,g} {unit}{short})"
