"""The proxy beside other ways to build one: requests a second, and the CPU that each request costs.

    python benches/bench_proxy.py [--requests 3000] [--connections 16] [--megabytes 64]

Upstream, proxy and load are processes of their own on loopback; the same load runs through each
proxy in turn. CPU is the proxy process's own time for each request, which a busy machine disturbs less
than requests a second. "direct" is the upstream without a proxy: its CPU is the upstream's.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import multiprocessing
import resource
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any

import aiohttp_proxy
from comparison import Comparison
from timing import Cost

HEADERS = (
    "Host: reviews.example\r\nUser-Agent: bench/1\r\nAccept: application/json\r\nAccept-Language: en\r\n"
    "Cookie: session=0123456789abcdef; theme=dark\r\nX-Request-Id: 11111111-2222-3333-4444-555555555555\r\n"
    "Cache-Control: no-cache\r\nEnd-User: jason\r\n"
)
BODY = b"x" * 512


async def upstream(port: int, ready: Callable[[int], None]) -> None:
    """Answers GET / with 512 bytes and /big with what the query says."""
    from aiohttp import web

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        if request.path != "/big":
            return web.Response(body=BODY)
        response = web.StreamResponse()
        response.content_length = left = int(request.query_string)
        await response.prepare(request)
        chunk = bytes(65536)
        while left:
            await response.write(chunk[:left])
            left -= len(chunk[:left])
        return response

    server = await asyncio.get_running_loop().create_server(
        web.Server(handle, access_log=None), "127.0.0.1", 0
    )
    ready(server.sockets[0].getsockname()[1])
    await asyncio.Event().wait()


async def meshcore_proxy(port: int, ready: Callable[[int], None]) -> None:
    """The bundled proxy."""
    from meshcore.config import load
    from meshcore.engine import Engine
    from meshcore.proxy import Proxy

    cluster = {
        "name": "reviews",
        "load_assignment": {
            "cluster_name": "reviews",
            "endpoints": [
                {
                    "lb_endpoints": [
                        {
                            "endpoint": {
                                "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}}
                            }
                        }
                    ]
                }
            ],
        },
    }
    routes = {
        "name": "local",
        "virtual_hosts": [
            {
                "name": "reviews",
                "domains": ["reviews.example"],
                "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "reviews"}}],
            }
        ],
    }
    proxy = Proxy(Engine(load([routes, cluster])), listen=[("127.0.0.1", 0)])
    await proxy.start()
    ready(proxy.ports[0])
    await asyncio.Event().wait()


async def plain_aiohttp(port: int, ready: Callable[[int], None]) -> None:
    server = await aiohttp_proxy.listen(port)
    ready(server.sockets[0].getsockname()[1])
    await asyncio.Event().wait()


def _asgi(send_on: Callable[[Any, Any, int], Any]) -> Callable[[int, Callable[[int], None]], Any]:
    async def serve(port: int, ready: Callable[[int], None]) -> None:
        import uvicorn

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send_on(scope, send, port)

        config = uvicorn.Config(
            app, port=0, http="httptools", loop="asyncio", access_log=False, lifespan="off", log_level="error"
        )
        server = uvicorn.Server(config)
        running = asyncio.ensure_future(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        ready(server.servers[0].sockets[0].getsockname()[1])
        await running

    return serve


def uvicorn_httpcore() -> Callable[[int, Callable[[int], None]], Any]:
    """uvicorn (httptools) and httpcore (h11)."""
    pools: list[Any] = []

    async def send_on(scope: Any, send: Any, port: int) -> None:
        import httpcore

        if not pools:
            pools.append(httpcore.AsyncConnectionPool(max_connections=100))
        target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        url = httpcore.URL(scheme=b"http", host=b"127.0.0.1", port=port, target=target)
        async with pools[0].stream(scope["method"], url, headers=scope["headers"]) as answer:
            await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
            async for chunk in answer.aiter_stream():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    return _asgi(send_on)


def uvicorn_aiohttp() -> Callable[[int, Callable[[int], None]], Any]:
    """uvicorn (httptools) and aiohttp's client."""
    sessions: list[Any] = []

    async def send_on(scope: Any, send: Any, port: int) -> None:
        import aiohttp

        if not sessions:
            sessions.append(aiohttp.ClientSession(auto_decompress=False))
        target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        headers = [(name.decode(), value.decode()) for name, value in scope["headers"]]
        url = f"http://127.0.0.1:{port}{target.decode()}"
        async with sessions[0].request(scope["method"], url, headers=headers) as answer:
            await send(
                {"type": "http.response.start", "status": answer.status, "headers": answer.raw_headers}
            )
            async for chunk in answer.content.iter_any():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    return _asgi(send_on)


OURS = "meshcore proxy"
SERVERS: dict[str, Callable[[int, Callable[[int], None]], Any]] = {
    OURS: meshcore_proxy,
    "aiohttp + aiohttp": plain_aiohttp,
    "uvicorn + aiohttp": uvicorn_aiohttp(),
    "uvicorn + httpcore": uvicorn_httpcore(),
}
#: How many times as much CPU each of them must need: the plain one does nothing but forward.
TARGETS = {"aiohttp + aiohttp": 1.0}
#: The modules of each that may be missing.
NEEDS = {
    "aiohttp + aiohttp": ("aiohttp",),
    "uvicorn + aiohttp": ("uvicorn", "httptools", "aiohttp"),
    "uvicorn + httpcore": ("uvicorn", "httptools", "httpcore"),
}


def _process(name: str, port: int, pipe: Connection, fast: bool) -> None:
    def ready(own: int) -> None:
        pipe.send(own)
        loop = asyncio.get_running_loop()
        loop.add_reader(pipe.fileno(), answer)

    def answer() -> None:
        pipe.recv()
        usage = resource.getrusage(resource.RUSAGE_SELF)
        pipe.send((usage.ru_utime + usage.ru_stime, usage.ru_maxrss))

    if fast:
        import uvloop

        uvloop.install()
    asyncio.run((upstream if name == "direct" else SERVERS[name])(port, ready))


class Served:
    """A server in a process of its own."""

    def __init__(self, name: str, port: int, fast: bool) -> None:
        self._pipe, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.Process(target=_process, args=(name, port, theirs, fast), daemon=True)
        self._process.start()
        if not self._pipe.poll(30):
            raise SystemExit(f"{name} did not start")
        self.port: int = self._pipe.recv()

    def usage(self) -> tuple[float, int]:
        """CPU seconds so far, and the peak of memory in KiB."""
        self._pipe.send(None)
        cpu, memory = self._pipe.recv()
        return cpu, memory

    def stop(self) -> None:
        self._process.terminate()
        self._process.join()


@contextlib.contextmanager
def serving(name: str, port: int = 0, fast: bool = False) -> Iterator[Served]:
    served = Served(name, port, fast)
    try:
        yield served
    finally:
        served.stop()


@contextlib.contextmanager
def all_serving(names: Iterable[str], fast: bool = False) -> Iterator[dict[str, Served]]:
    """The upstream as "direct", and each server before it."""
    with contextlib.ExitStack() as stack:
        origin = stack.enter_context(serving("direct", fast=fast))
        servers = {"direct": origin}
        for name in names:
            servers[name] = stack.enter_context(serving(name, origin.port, fast))
        yield servers


async def _client(port: int, count: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(count):
        writer.write(f"GET /reviews/7?verbose=1 HTTP/1.1\r\n{HEADERS}\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(head.decode())
        if b"chunked" in head.lower():
            while await reader.readuntil(b"\r\n") != b"0\r\n":
                await reader.readuntil(b"\r\n")
            await reader.readexactly(2)
        else:
            await reader.readexactly(len(BODY))
    writer.close()


async def _download(port: int, size: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    writer.write(f"GET /big?{size} HTTP/1.1\r\n{HEADERS}Connection: close\r\n\r\n".encode())
    while await reader.read(1 << 18):
        pass
    writer.close()


async def _load(port: int, requests: int, connections: int) -> None:
    await asyncio.gather(*(_client(port, requests // connections) for _ in range(connections)))


def compare(quick: bool) -> Comparison:
    """For `python -m benches`: the CPU of each proxy's process for a request."""
    run = Comparison("proxy", quick)
    peers = run.present({name: partial(_import_all, modules) for name, modules in NEEDS.items()})
    rounds, requests = (3, 320) if quick else (7, 1600)
    with all_serving([OURS, *peers]) as servers:
        del servers["direct"]
        results = {name: Result() for name in servers}
        for _ in range(rounds):
            for name, served in servers.items():
                results[name].add(served, requests, 16)
    costs = {name: Cost(it.cpu * 1e3, statistics.median(it.cpus) * 1e3) for name, it in results.items()}
    run.add("CPU of a proxied GET of 512 bytes", costs, OURS, peers, TARGETS)
    return run


def _import_all(modules: Iterable[str]) -> None:
    for module in modules:
        import_module(module)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--requests", type=int, default=3000)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--megabytes", type=int, default=64)
    parser.add_argument("--uvloop", action="store_true", help="run all servers on uvloop")
    parser.add_argument("--only", action="append", choices=SERVERS, help="leave the others out")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured; the best counts")
    args = parser.parse_args()
    print(
        f"{args.requests} GETs over {args.connections} connections, then {args.megabytes} MiB at once;",
        end=" ",
    )
    print(f"best of {args.rounds}")
    print(f"{'':20} {'requests/s':>10} {'CPU us/request':>14} {'ratio':>6} {'MiB/s':>7} {'peak MiB':>8}")
    floor = 0.0
    with all_serving(args.only or SERVERS, args.uvloop) as servers:
        results = {name: Result() for name in servers}
        for _ in range(args.rounds):
            for name, served in servers.items():
                results[name].add(served, args.requests, args.connections, args.megabytes)
        for name, result in results.items():
            if not floor and name != "direct":
                floor = result.cpu
            ratio = f"{result.cpu / floor:6.2f}" if floor else f"{'':6}"
            print(
                f"{name:20} {result.rate:10.0f} {result.cpu:14.0f} {ratio} {result.speed:7.0f} "
                f"{servers[name].usage()[1] / 1024:8.0f}"
            )


class Result:
    """The best of several measurements of one server."""

    rate = 0.0  #: requests a second
    speed = 0.0  #: MiB a second

    def __init__(self) -> None:
        self.cpus: list[float] = []

    @property
    def cpu(self) -> float:
        """Microseconds for each request."""
        return min(self.cpus)

    def add(self, served: Served, requests: int, connections: int, megabytes: int = 0) -> None:
        asyncio.run(_load(served.port, connections * 10, connections))
        before, begun = served.usage()[0], time.monotonic()
        asyncio.run(_load(served.port, requests, connections))
        self.rate = max(self.rate, requests / (time.monotonic() - begun))
        self.cpus.append((served.usage()[0] - before) / requests * 1e6)
        if not megabytes:
            return
        begun = time.monotonic()
        asyncio.run(_download(served.port, megabytes << 20))
        self.speed = max(self.speed, megabytes / (time.monotonic() - begun))


if __name__ == "__main__":
    main()
