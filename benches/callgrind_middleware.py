"""Counts the instructions that the middlewares add to a request of a bare app, by valgrind's callgrind.

    python benches/callgrind_middleware.py [--functions 25] [--only "1 route"]

The requests are those of bench_middleware.py, counted as callgrind_decide.py counts.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable, Sequence

from callgrind_decide import spent
from middleware_scenarios import BARE, SCENARIOS

ASGI = """
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
WSGI = """
import gc, sys
sys.path.insert(0, {benches!r})
from wsgi_middleware import HEADERS, SCENARIOS, bare, environ_of, ours, requests
def main():
    routes, every, headers = SCENARIOS.get({name!r}, (1, "15s", HEADERS))
    app = ours(routes, every) if {name!r} in SCENARIOS else bare
    requests(app, environ_of(headers, routes), 10)
    gc.collect()
    gc.disable()
    requests(app, environ_of(headers, routes), {count})
main()
"""


def count(
    doc: str | None,
    bare: str,
    names: Sequence[str],
    spent: Callable[[str], dict[str, float]],
    app: str = "the bare app",
) -> int:
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
    print(f"{base:8,.0f} instructions: {app}")
    for name in [arguments.only] if arguments.only else names:
        found = spent(name)
        print(f"{found.pop('PROGRAM TOTALS') - base:8,.0f} more: {name}")
        more = {function: cost - alone.get(function, 0) for function, cost in found.items()}
        for function, cost in sorted(more.items(), key=lambda item: -item[1])[: arguments.functions]:
            print(f"{cost:17,.0f}  {function}")
    return 0


def main() -> int:
    def counting(loop: str) -> Callable[[str], dict[str, float]]:
        return lambda name: spent(loop, name=name)

    for kind, loop in (("ASGI", ASGI), ("WSGI", WSGI)):
        count(__doc__, BARE, list(SCENARIOS), counting(loop), f"the bare {kind} app")
    return 0


if __name__ == "__main__":
    sys.exit(main())
