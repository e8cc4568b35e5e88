"""A hop through a sidecar or a proxy beside the mesh in the process: requests a second, latency, CPU.

    MESHCORE_ENVOY=.../envoy python benches/bench_hop.py [--starts 7] [--seconds 1] [--connections 16]

One app that answers a constant, under uvicorn on loopback: bare; in our middleware; and behind Envoy,
HAProxy, our proxy and a proxy of thirty lines by aiohttp. The same by Starlette, which makes JSON of an
object: bare and in our middleware. Then the app asks a second service by httpx: straight, by our transport,
and through Envoy. wrk asks for as many answers as a server gives. Servers are processes of their own and
take turns; they are started several times, since two starts of one server differ. CPU is what the scheduler
has accounted to a process: of a hop to its own; of ours, what the app's process takes beyond that of the
bare app. wrk is needed on the path (Debian's package wrk); Envoy is looked for in MESHCORE_ENVOY and there,
HAProxy there.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from comparison import Comparison
from hop_documents import bootstrap, path
from hop_load import Sample, cpu_seconds, load, script
from timing import Cost, table, verdict

HERE = Path(__file__).parent
#: Targets: how many times our CPU a hop of Envoy's costs, and what we keep of the bare app's requests.
TIMES, KEPT = 40.0, 0.95
#: One, as latency is measured, and many, as requests a second are.
CONNECTIONS = (1, 16)

HAPROXY = """
global
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend bench
  bind 127.0.0.1:{port}
  default_backend app
backend app
  server app 127.0.0.1:{upstream}
"""


@dataclass(frozen=True)
class Way:
    """A way to the answer: a server of hop_servers.py, Envoy or HAProxy, and what is behind it."""

    server: str
    upstream: str | None = None  #: the name of the way that it leads to
    beyond: str | None = None  #: counts is what it takes beyond this one; None: all of it
    routes: int = 1


WAYS: dict[str, Way] = {
    "bare": Way("app"),
    "MeshMiddleware, 1 route": Way("middleware-1", beyond="bare"),
    "MeshMiddleware, 1,000 routes": Way("middleware-1000", beyond="bare", routes=1000),
    "Starlette": Way("starlette"),
    "Starlette in MeshMiddleware": Way("starlette-mesh", beyond="Starlette"),
    "Envoy, 1 route": Way("envoy", "bare"),
    "Envoy, 1,000 routes": Way("envoy", "bare", routes=1000),
    "HAProxy": Way("haproxy", "bare"),
    "meshcore proxy, 1 route": Way("proxy-1", "bare"),
    "meshcore proxy, 1,000 routes": Way("proxy-1000", "bare", routes=1000),
    "aiohttp proxy": Way("aiohttp", "bare"),
    "httpx": Way("caller", "bare"),
    "httpx by MeshTransport": Way("caller-mesh", "bare", beyond="httpx"),
    "httpx through Envoy": Way("caller", "Envoy, 1 route", beyond="httpx"),
}


@dataclass(frozen=True)
class Measured:
    """What was measured under one load after one start: requests a second, and microseconds."""

    rate: float
    p50: int
    p99: int
    cpu: float  #: of the server's process, for a request

    @classmethod
    def of(cls, sample: Sample, seconds: float) -> Measured:
        rate = sample.requests / sample.elapsed * 1e6
        return cls(rate, sample.p50, sample.p99, seconds / sample.requests * 1e6)


@dataclass(frozen=True)
class Row:
    """A way under one load: the median of all starts."""

    name: str
    connections: int
    rate: float  #: requests a second
    p50: float
    p99: float
    cpu: float  #: of the server's process
    added: float  #: of it, what the hop or the mesh takes
    added_least: float  #: the same by the start that was best for each


def envoy() -> str | None:
    return os.environ.get("MESHCORE_ENVOY") or shutil.which("envoy")


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def command(way: Way, port: int, upstream: int, folder: Path, uvloop: bool) -> list[str]:
    if way.server == "envoy":
        program = envoy()
        assert program is not None
        file = folder / f"envoy-{port}.json"
        file.write_text(json.dumps(bootstrap(upstream, routes=way.routes, port=port)))
        return [program, "-c", str(file), "--concurrency", "1", "--use-dynamic-base-id", "-l", "error"]
    if way.server == "haproxy":
        file = folder / "haproxy.cfg"
        file.write_text(HAPROXY.format(port=port, upstream=upstream))
        return ["haproxy", "-f", str(file)]
    ours = [sys.executable, str(HERE / "hop_servers.py"), way.server, str(port), str(upstream)]
    return [*ours, *(["--uvloop"] if uvloop else [])]


class Server:
    """A way that runs.

    Args:
        under: a command that the server's is given to.
        seed: of the hashes of strings in Python.
    """

    def __init__(
        self,
        name: str,
        way: Way,
        upstream: int,
        folder: Path,
        uvloop: bool,
        under: Sequence[str] = (),
        seed: int = 0,
    ) -> None:
        self.name = name
        self.port = free_port()
        self.path = path(way.routes)
        self._script = script(folder)
        self._log = folder / f"log-{self.port}"
        with self._log.open("wb") as log:
            ours = command(way, self.port, upstream, folder, uvloop)
            environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
            self._process = subprocess.Popen([*under, *ours], stdout=log, stderr=log, env=environment)

    def wait(self, seconds: float = 60.0) -> None:
        ends = time.monotonic() + seconds
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            if self._process.poll() is not None or time.monotonic() > ends:
                raise SystemExit(f"{self.name} did not start:\n{self._log.read_text()}")
            time.sleep(0.05)

    def measure(self, seconds: int, connections: int) -> Measured:
        """What it does under a load, which lasts for some seconds."""
        before = cpu_seconds(self._process.pid)
        sample = load(f"http://127.0.0.1:{self.port}{self.path}", self._script, seconds, connections)
        return Measured.of(sample, cpu_seconds(self._process.pid) - before)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()


@contextlib.contextmanager
def running(ways: Mapping[str, Way], uvloop: bool, seed: int) -> Iterator[dict[str, Server]]:
    servers: dict[str, Server] = {}
    with tempfile.TemporaryDirectory() as folder:
        try:
            for name, way in ways.items():
                upstream = servers[way.upstream].port if way.upstream else 0
                servers[name] = Server(name, way, upstream, Path(folder), uvloop, seed=seed)
            for server in servers.values():
                server.wait()
            yield servers
        finally:
            for server in reversed(servers.values()):
                server.stop()


def possible(only: Sequence[str] = ()) -> tuple[dict[str, Way], list[str]]:
    """The ways that can be gone here, and those that cannot."""
    lacking = {"envoy": envoy() is None, "haproxy": shutil.which("haproxy") is None}
    missing = [
        name
        for name, way in WAYS.items()
        if lacking.get(way.server) or (way.upstream and lacking.get(WAYS[way.upstream].server))
    ]
    wanted = set(only) or set(WAYS)
    for name in list(wanted):  # what they lead to and stand beside
        for needed in (WAYS[name].upstream, WAYS[name].beyond):
            wanted |= {needed} if needed else set()
    return {name: way for name, way in WAYS.items() if name in wanted and name not in missing}, missing


def rows(
    *,
    starts: int = 7,
    seconds: int = 1,
    connections: Sequence[int] = CONNECTIONS,
    uvloop: bool = False,
    only: Sequence[str] = (),
) -> list[Row]:
    """Measure all ways in turns, under a load of each number of connections."""
    ways, _ = possible(only)
    results: dict[tuple[str, int], list[Measured]] = {
        (name, count): [] for name in ways for count in connections
    }
    for start in range(starts):
        with running(ways, uvloop, seed=start) as servers:
            for (name, count), measured in results.items():
                measured.append(servers[name].measure(seconds, count))
    return [row(name, count, ways[name], results) for name, count in results]


def row(name: str, count: int, way: Way, results: Mapping[tuple[str, int], Sequence[Measured]]) -> Row:
    found = results[name, count]
    cpu = [measured.cpu for measured in found]
    below = [measured.cpu for measured in results[way.beyond, count]] if way.beyond else [0.0]
    return Row(
        name,
        count,
        rate=statistics.median(measured.rate for measured in found),
        p50=statistics.median(measured.p50 for measured in found),
        p99=statistics.median(measured.p99 for measured in found),
        cpu=statistics.median(cpu),
        added=statistics.median(cpu) - statistics.median(below),
        added_least=min(cpu) - min(below),
    )


def compare(quick: bool) -> Comparison:
    """For `python -m benches hop`: the CPU of each hop by one connection, as the targets were set."""
    run = Comparison("hop", quick)
    if not shutil.which("wrk"):
        run.lack({"everything": "the program wrk on PATH"})
        return run
    _, missing = possible()
    run.lack({name: f"the program {WAYS[name].server} on PATH" for name in missing if not WAYS[name].beyond})
    found = rows(starts=3 if quick else 7, connections=[1])
    costs = {row.name: Cost(max(row.added_least, 0.001) * 1e3, row.added * 1e3) for row in found}
    for routes in ("1 route", "1,000 routes"):
        hop = f"Envoy, {routes}"
        peers = [hop, "HAProxy", "aiohttp proxy"]
        run.add(
            "CPU for a request, in the process or by a hop",
            costs,
            f"MeshMiddleware, {routes}",
            peers,
            {hop: TIMES},
        )
    ours = "meshcore proxy, 1,000 routes"
    run.add("CPU of a hop by a proxy", costs, ours, ["aiohttp proxy"], {"aiohttp proxy": 1.0})
    return run


def verdicts(rows: Sequence[Row]) -> Iterator[str]:
    for count in sorted({row.connections for row in rows}):
        found = {row.name: row for row in rows if row.connections == count}
        load = f"{count} connection{'s' if count > 1 else ''}"
        for routes in ("1 route", "1,000 routes"):
            ours, hop = found.get(f"MeshMiddleware, {routes}"), found.get(f"Envoy, {routes}")
            if ours and hop:
                name = f"CPU of Envoy's hop beside the middleware's, {routes}, {load}"
                yield verdict(name, hop.cpu / max(ours.added, 0.001), TIMES, at_most=False)
            if ours:
                name = f"requests a second of the bare app's, {routes}, {load}"
                yield verdict(name, ours.rate / found["bare"].rate, KEPT, at_most=False)
        ours = found.get("Starlette in MeshMiddleware")
        if ours:
            name = f"requests a second of Starlette's, {load}"
            yield verdict(name, ours.rate / found["Starlette"].rate, KEPT, at_most=False)
        ours, peer = found.get("meshcore proxy, 1,000 routes"), found.get("aiohttp proxy")
        if ours and peer:
            yield verdict(f"our proxy's CPU beside aiohttp's, {load}", ours.cpu / peer.cpu, 1.0, at_most=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--starts", type=int, default=7, help="of all servers")
    parser.add_argument("--seconds", type=int, default=1, help="of each load after each start")
    parser.add_argument("--connections", type=int, nargs="+", default=CONNECTIONS)
    parser.add_argument("--uvloop", action="store_true", help="run the servers in Python on uvloop")
    parser.add_argument("--only", action="append", choices=WAYS, default=[], help="leave the others out")
    parser.add_argument("--json", action="store_true", help="print microseconds as JSON")
    options = parser.parse_args()
    if not shutil.which("wrk"):
        parser.error("wrk is not on the path; it is the client (Debian's package wrk)")
    found = rows(
        starts=options.starts,
        seconds=options.seconds,
        connections=options.connections,
        uvloop=options.uvloop,
        only=options.only,
    )
    if options.json:
        print(json.dumps([asdict(one) for one in found], indent=2))
        return
    print(f"medians of {options.starts} starts; {options.seconds} s under each load after each of them\n")
    head = ["", "connections", "requests/s", "p50 us", "p99 us", "CPU us", "added us", "least added us"]
    print(table(head, [cells(one) for one in found]))
    for name in possible()[1]:
        print(f"left out, since its program is not here: {name}")
    print()
    for line in verdicts(found):
        print(line)


def cells(row: Row) -> list[str]:
    numbers = [f"{number:,.0f}" for number in (row.rate, row.p50, row.p99)]
    return [
        row.name,
        str(row.connections),
        *numbers,
        f"{row.cpu:,.1f}",
        f"{row.added:,.2f}",
        f"{row.added_least:,.2f}",
    ]


if __name__ == "__main__":
    main()
