"""Counts the instructions that the middleware adds to a request of a bare ASGI app, by valgrind's callgrind.

    python benches/callgrind_middleware.py [--functions 25]

The requests are those of bench_middleware.py, counted as callgrind_decide.py counts.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable, Sequence

from bench_middleware import SCENARIOS
from callgrind_decide import spent

LOOP = """
import asyncio, gc, sys
sys.path.insert(0, {benches!r})
from bench_middleware import HEADERS, SCENARIOS, bare, ours, requests, scope_of
async def main():
    routes, every, headers = SCENARIOS.get({name!r}, (1, "15s", HEADERS))
    app = ours(routes, every) if {name!r} in SCENARIOS else bare
    await requests(app, scope_of(headers, routes), 10)
    gc.collect()
    gc.disable()
    await requests(app, scope_of(headers, routes), {count})
asyncio.run(main())
"""


def count(doc: str | None, bare: str, names: Sequence[str], spent: Callable[[str], dict[str, float]]) -> int:
    """Tell what each of those named takes beyond the bare app; the options are the command's.

    ``spent``: the instructions of each function in one request, and of all as "PROGRAM TOTALS".
    """
    options = argparse.ArgumentParser(description=doc.partition("\n")[0] if doc else None)
    options.add_argument("--functions", type=int, default=0, help="how many of each to list")
    options.add_argument("--only", choices=names, help="leave the others out")
    arguments = options.parse_args()
    if not shutil.which("valgrind"):
        print("valgrind is not here: nothing counted")
        return 0
    alone = spent(bare)
    base = alone.pop("PROGRAM TOTALS")
    print(f"{base:8,.0f} instructions: the bare app")
    for name in [arguments.only] if arguments.only else names:
        found = spent(name)
        print(f"{found.pop('PROGRAM TOTALS') - base:8,.0f} more: {name}")
        more = {function: cost - alone.get(function, 0) for function, cost in found.items()}
        for function, cost in sorted(more.items(), key=lambda item: -item[1])[: arguments.functions]:
            print(f"{cost:17,.0f}  {function}")
    return 0


if __name__ == "__main__":
    sys.exit(count(__doc__, "bare", list(SCENARIOS), lambda name: spent(LOOP, name=name)))
