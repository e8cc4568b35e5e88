"""Engine.decide() and close(): how much one request costs, and that it stays flat in the number of routes.

    python benches/bench_decide.py [--sizes 10,100,1000,10000] [--quick]

Every request carries twelve headers, hits the last route, and is split 90 to 10 between two clusters
of ten hosts. A linear scan in Python for the route alone shows what a plain proxy would spend.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from typing import Any

import tables
from bench_match import linear_scan
from callgrind_decide import LOOP, SETUPS, spent
from comparison import Comparison, Count
from timing import Contender, Cost, measure, nanoseconds, table, verdict

from meshcore import (
    Engine,
    Outcome,
    RateLimiter,
    RingHash,
    RouteTable,
    SpanContext,
    WeightedSplit,
    request_id,
)

FLATNESS = 1.5
#: With how many routes `python -m benches` compares.
COMPARED = 1_000
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


#: How many times as much as a decision the same by separate calls must cost.
SEPARATE = {"seven calls": 2.5}


def whole() -> dict[str, Contender]:
    """A decision with all that it can hold, and the calls of components that amount to the same.

    The components are told which client asks; what they find is put together by nobody. And none of them
    but the trace context looks at a header line, since no route asks for one: a decision checks each of
    the twelve and holds it.
    """
    hosts = [f"10.0.2.{i + 1}:8080" for i in range(10)]
    names: dict[str, Any] = {
        "decide": Engine(tables.config(COMPARED, **SETUPS["full"][0])).decide,
        "match": RouteTable(tables.route_configuration(COMPARED)).match,
        "split": WeightedSplit({"v1": 90, "v2": 10}).pick,
        "allow": RateLimiter(10**9, 10**9, 1.0, capacity=1000).allow,
        "pick": RingHash(hosts).pick,
        "request_id": request_id,
        "extract": SpanContext.extract,
        "formats": ("b3",),
        "authority": tables.AUTHORITY,
        "path": tables.path(COMPARED - 1),
        "headers": tables.TRACED_HEADERS,
        "client": dict(tables.TRACED_HEADERS)[tables.CLIENT.encode()].decode(),
    }
    separate = (
        "match('GET', authority, path, headers); split(); allow(client); pick(client); request_id(); "
        "extract(headers, formats).child()"
    )
    return {"decide + close": Contender(DECIDE, names), "seven calls": Contender(separate, names)}


def compare(quick: bool) -> Comparison:
    """For `python -m benches`, with the instructions where valgrind is there to count them."""
    run = Comparison("decide", quick)
    costs = run.measure(contenders(COMPARED))
    run.add(f"a decision, {COMPARED:,} routes", costs, "decide + close", ["linear scan"])
    operation = f"a decision with limit, ring, id and trace, {COMPARED:,} routes"
    run.add(operation, run.measure(whole()), "decide + close", SEPARATE, SEPARATE)
    if quick:
        return run
    if not shutil.which("valgrind"):
        run.lack({"counts of instructions": "valgrind on PATH"})
        return run
    for setup in ("ring", "full"):
        options, headers, most = SETUPS[setup]
        found = spent(LOOP, routes=COMPARED, options=options, headers=headers)
        operation = f"decide() and close(), {setup}, {COMPARED:,} routes"
        run.counts.append(Count(run.concern, operation, round(found["PROGRAM TOTALS"]), most))
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
