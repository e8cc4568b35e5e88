"""What the mesh adds to a call by each client: httpx, httpx2, aiohttp, urllib3, requests.

    MESHCORE_ENVOY=.../envoy python benches/bench_clients.py [--quick] [--client NAME] [--json]

The client calls a server on loopback, bare and in the mesh, in turns; where Envoy is here (MESHCORE_ENVOY or
the path) also through it. What counts is the CPU of the client's process; a hop takes more of it elsewhere.
And once more without a network, where the answer is there at once: that is what our layer itself costs.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from bench_hop import WAYS, Server, envoy
from client_calls import CLIENTS, Calls
from comparison import Comparison, present
from hop_documents import bootstrap
from timing import Contender, Cost, measure, nanoseconds, table, verdict

from meshcore import Mesh, load

#: Microseconds of a call that may be ours, and calls of one operation.
TARGET, COUNT = 30.0, 20
PATH = "/service-0/items/7"


@contextlib.contextmanager
def places() -> Iterator[dict[str, int]]:
    """The ports of a service and, where Envoy is here, of an Envoy before it."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        servers: dict[str, Server] = {}
        for name in ("bare", *(["Envoy, 1 route"] if envoy() else [])):
            upstream = servers["bare"].port if servers else 0
            servers[name] = Server(name, WAYS[name], upstream, Path(folder), uvloop=False)
            stack.callback(servers[name].stop)
        for server in servers.values():
            server.wait()
        yield {name: server.port for name, server in servers.items()}


def contenders(client: str, ports: dict[str, int], closing: contextlib.ExitStack) -> dict[str, Contender]:
    """A client's ways to call."""
    make = CLIENTS[client]
    mesh = closing.enter_context(Mesh(load(bootstrap(ports["bare"])), health_checks=False))
    url = f"http://127.0.0.1:{ports['bare']}{PATH}"
    ways: dict[str, Calls] = {
        client: make(url, None, False),
        f"{client} in the mesh": make(url, mesh, False),
        f"{client}, no network": make(url, None, True),
        f"{client} in the mesh, no network": make(url, mesh, True),
    }
    if len(ports) > 1:
        ways[f"{client} through Envoy"] = make(
            f"http://127.0.0.1:{ports['Envoy, 1 route']}{PATH}", None, False
        )
    for calls in ways.values():
        closing.callback(calls.close)
    return {
        name: Contender("calls(count)", {"calls": calls, "count": COUNT}, COUNT)
        for name, calls in ways.items()
    }


def compare(quick: bool) -> Comparison:
    """For `python -m benches clients`: a call in the mesh beside a bare one, and beside one through Envoy."""
    run = Comparison("clients", quick)
    if not envoy():
        run.lack({"calls through Envoy": "the program envoy on PATH"})
    with contextlib.ExitStack() as closing:
        ports = closing.enter_context(places())
        found = run.present(
            {client: lambda client=client: contenders(client, ports, closing) for client in CLIENTS}
        )  # type: ignore[misc]
        for client, ways in found.items():
            costs = run.measure(ways)
            for more in ("", ", no network"):
                peers = [f"{client}{more}", *([] if more else [f"{client} through Envoy"])]
                run.add(f"a client's call{more}", costs, f"{client} in the mesh{more}", peers)
    return run


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="shorter samples")
    parser.add_argument("--client", action="append", choices=CLIENTS, default=[], help="leave the others out")
    parser.add_argument("--json", action="store_true", help="print nanoseconds as JSON")
    options = parser.parse_args()
    effort = {"rounds": 5, "sample": 0.02} if options.quick else {"rounds": 25, "sample": 0.04}
    costs: dict[str, Cost] = {}
    with contextlib.ExitStack() as closing:
        ports = closing.enter_context(places())
        found, lacking = present(
            {it: lambda it=it: contenders(it, ports, closing) for it in options.client or CLIENTS}
        )  # type: ignore[misc]
        for ways in found.values():
            costs |= measure(ways, **effort)  # type: ignore[arg-type]
    for name, needs in lacking.items():
        print(f"without {name}, which needs {needs}", file=sys.stderr)
    if options.json:
        print(json.dumps({name: asdict(cost) for name, cost in costs.items()}, indent=2))
        return 0
    rows, lines = [], []
    for client in found:
        for more in ("", ", no network"):
            bare = costs[f"{client}{more}"].minimum
            for way in (client, f"{client} in the mesh", f"{client} through Envoy"):
                cost = costs.get(f"{way}{more}")
                if cost is not None:
                    added = f"{(cost.minimum - bare) / 1e3:+.1f} us" if way != client else ""
                    rows.append([f"{way}{more}", nanoseconds(cost.minimum), nanoseconds(cost.median), added])
        own = costs[f"{client} in the mesh, no network"].minimum - costs[f"{client}, no network"].minimum
        lines.append(verdict(f"{client}: our own part", own / 1e3, TARGET, at_most=True, unit="us"))
    print(table(["CPU of a call", "minimum", "median", "added"], rows))
    print()
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
