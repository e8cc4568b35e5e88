"""Engine.decide() and close(): how much one request costs, and that it stays flat in the number of routes.

    python benches/bench_decide.py [--sizes 10,100,1000,10000] [--quick]

Every request carries twelve headers, hits the last route, and is split 90 to 10 between two clusters
of ten hosts. A linear scan in Python for the route alone shows what a plain proxy would spend.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

import tables
from bench_match import linear_scan
from comparison import Comparison
from timing import Contender, Cost, measure, nanoseconds, table, verdict

from meshcore import Engine, Outcome

FLATNESS = 1.5
DECIDE = "decide('GET', authority, path, headers).close()"
GIVEN = "decide('GET', authority, path, headers, now_ns=1, seed=7).close()"
USED = """\
d = decide('GET', authority, path, headers, scheme='http', source='203.0.113.7', port=80)
d.outcome; d.endpoint; d.path; d.authority; d.timeout
d.request_headers(headers)
d.close()"""
COLUMNS = {
    "decide + close": DECIDE,
    "with clock and seed given": GIVEN,
    "with all that a proxy reads": USED,
}


def contenders(size: int) -> dict[str, Contender]:
    engine = Engine(tables.config(size))
    path = tables.path(size - 1)
    names: dict[str, Any] = {
        "decide": engine.decide,
        "authority": tables.AUTHORITY,
        "path": path,
        "headers": tables.HEADERS,
    }
    with engine.decide("GET", tables.AUTHORITY, path, tables.HEADERS) as decision:
        assert decision.outcome is Outcome.FORWARD
        assert decision.route == f"service-{size - 1}"
    out = {name: Contender(statement, names) for name, statement in COLUMNS.items()}
    out["linear scan"] = Contender("match(path)", {"match": linear_scan(size), "path": path})
    return out


def compare(quick: bool) -> Comparison:
    """For `python -m benches`: a whole decision beside what a plain proxy would spend on the route alone."""
    run, size = Comparison("decide", quick), 1_000
    costs = run.measure(contenders(size))
    run.add(f"a decision, {size:,} routes", costs, "decide + close", ["linear scan"])
    return run


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--sizes", default=",".join(map(str, tables.SIZES)))
    options.add_argument("--quick", action="store_true", help="fewer, shorter samples")
    arguments = options.parse_args()
    sizes = [int(size) for size in arguments.sizes.split(",")]
    effort = {"rounds": 3, "sample": 0.005} if arguments.quick else {"rounds": 15}
    # The sizes take turns too: it is their ratio that counts.
    pool = {(size, name): it for size in sizes for name, it in contenders(size).items()}
    costs: dict[tuple[int, str], Cost] = measure(pool, **effort)  # type: ignore[arg-type]
    rows = [
        [f"{size:,}"]
        + [f"{nanoseconds(costs[size, name].minimum)}" for name in [*COLUMNS, "linear scan"]]
        + [nanoseconds(costs[size, "decide + close"].median)]
        for size in sizes
    ]
    print("\none request: minima (and the median of the first)\n")
    print(table(["routes", *COLUMNS, "linear scan alone", "(median)"], rows))
    print()
    for name in COLUMNS:
        ratio = costs[max(sizes), name].minimum / costs[min(sizes), name].minimum
        title = f"{name}, {max(sizes):,} routes against {min(sizes):,}"
        print(verdict(title, ratio, FLATNESS, at_most=True))
    return 0


def test_decide(benchmark: Any) -> None:
    """pytest benches/bench_decide.py: our own figure for pytest-benchmark's histories."""
    decide = Engine(tables.config(1000)).decide
    path = tables.path(999)
    benchmark(lambda: decide("GET", tables.AUTHORITY, path, tables.HEADERS).close())


if __name__ == "__main__":
    sys.exit(main())
