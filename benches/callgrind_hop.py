"""Counts the instructions that the middleware adds to a request of uvicorn's, by valgrind's callgrind.

    python benches/callgrind_hop.py [--functions 25] [--only "MeshMiddleware, 1 route"]

The servers and the requests are those of bench_hop.py, over one connection. Two runs of a server that differ
in the number of requests alone are subtracted, as callgrind_decide.py does. What uvicorn takes to write the
header lines that a middleware adds counts, and so does the collector of garbage.
"""

from __future__ import annotations

import http.client
import os
import sys
import tempfile
from pathlib import Path

from bench_hop import WAYS, Server
from callgrind_decide import costs
from callgrind_middleware import count
from hop_documents import HEADERS

FEW, MANY = 500, 2_500
LINES = {name.decode(): value.decode() for name, value in HEADERS}
COUNTED = [name for name, way in WAYS.items() if name == "bare" or way.beyond == "bare"]


def counted(name: str, requests: int, folder: Path) -> dict[str, int]:
    """What each function of a server takes from its start to its end."""
    out = folder / f"callgrind.{requests}"
    under = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"]
    server = Server(name, WAYS[name], 0, folder, uvloop=False, under=under)
    server.wait(300.0)  # valgrind is slow
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    for _ in range(requests):
        connection.request("GET", server.path, headers=LINES)
        connection.getresponse().read()
    server.stop()
    return costs(out)


def spent(name: str) -> dict[str, float]:
    """Instructions that each function takes itself for one request; all of them as "PROGRAM TOTALS"."""
    with tempfile.TemporaryDirectory() as folder:
        few, many = (counted(name, requests, Path(folder)) for requests in (FEW, MANY))
    return {function: (cost - few.get(function, 0)) / (MANY - FEW) for function, cost in many.items()}


if __name__ == "__main__":
    os.environ["PYTHONHASHSEED"] = "0"
    sys.exit(count(__doc__, COUNTED[0], COUNTED[1:], spent))
