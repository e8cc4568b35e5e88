"""Counts the instructions that the middleware adds to a request of uvicorn's, by valgrind's callgrind.

    python benches/callgrind_hop.py [--functions 25] [--only "MeshMiddleware, 1 route"]

The servers and the requests are those of bench_hop.py, over one connection. Two runs of a server that differ
in the number of requests alone are subtracted, as callgrind_decide.py does. What uvicorn takes to write the
header lines that a middleware adds counts, and so does the collector of garbage.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
from pathlib import Path

from bench_hop import WAYS, Server
from callgrind_decide import costs
from hop_load import load

FEW, MANY = 500, 2_500
COUNTED = [name for name, way in WAYS.items() if name == "bare" or way.beyond == "bare"]


def counted(name: str, requests: int, folder: Path) -> dict[str, int]:
    """What each function of a server takes from its start to its end."""
    out = folder / f"callgrind.{requests}"
    under = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"]
    server = Server(name, WAYS[name], 0, folder, uvloop=False, under=under)
    server.wait()
    asyncio.run(load(server.port, server.request, requests, 1))
    server.stop()
    return costs(out)


def spent(name: str) -> dict[str, float]:
    """Instructions that each function takes itself for one request; all of them as "PROGRAM TOTALS"."""
    with tempfile.TemporaryDirectory() as folder:
        few, many = (counted(name, requests, Path(folder)) for requests in (FEW, MANY))
    return {function: (cost - few.get(function, 0)) / (MANY - FEW) for function, cost in many.items()}


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    options.add_argument("--functions", type=int, default=0, help="how many of each to list")
    options.add_argument("--only", choices=COUNTED[1:], help="leave the others out")
    arguments = options.parse_args()
    if not shutil.which("valgrind"):
        print("valgrind is not here: nothing counted")
        return 0
    os.environ["PYTHONHASHSEED"] = "0"
    bare, *ours = [COUNTED[0], arguments.only] if arguments.only else COUNTED
    alone = spent(bare)
    base = alone.pop("PROGRAM TOTALS")
    print(f"{base:8,.0f} instructions: the bare app")
    for name in ours:
        found = spent(name)
        print(f"{found.pop('PROGRAM TOTALS') - base:8,.0f} more: {name}")
        more = {function: cost - alone.get(function, 0) for function, cost in found.items()}
        for function, cost in sorted(more.items(), key=lambda item: -item[1])[: arguments.functions]:
            print(f"{cost:17,.0f}  {function}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
