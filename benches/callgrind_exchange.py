"""Counts the instructions of report() beside decide() and close(), by valgrind's callgrind.

    python benches/callgrind_exchange.py [--functions 15]

The exchanges are those of bench_exchange.py, counted as callgrind_decide.py counts: the interpreter's share
of the calls is in it.
"""

from __future__ import annotations

import argparse
import shutil
import sys

from callgrind_decide import spent

LOOP = """
import gc, sys
sys.path.insert(0, {benches!r})
from bench_exchange import ANSWER, HEADERS, engine
def main():
    decide, H, A = engine().decide, HEADERS, ANSWER
    gc.collect()
    gc.disable()
    for _ in range({count}):
        d = decide("GET", "a.example", "/x", H)
        {reports}
        d.close()
main()
"""
EXCHANGES = {
    "report 200": "d.report(status=200, headers=A)",
    "report 503, report 200": "d.report(status=503, headers=A); d.report(status=200, headers=A)",
}


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--functions", type=int, default=15, help="how many of report() to list")
    arguments = options.parse_args()
    if not shutil.which("valgrind"):
        print("valgrind is not here: nothing counted")
        return 0
    alone = spent(LOOP, reports="pass")
    base = alone["PROGRAM TOTALS"]
    print(f"decide, close: {base:,.0f} instructions")
    for name, reports in EXCHANGES.items():
        found = spent(LOOP, reports=reports)
        total = found.pop("PROGRAM TOTALS")
        print(f"\n{name}: {total - base:,.0f} more, {total / base:.2f} times as many in all")
        more = {function: cost - alone.get(function, 0) for function, cost in found.items()}
        for function, cost in sorted(more.items(), key=lambda item: -item[1])[: arguments.functions]:
            print(f"{cost:8.1f}  {function}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
