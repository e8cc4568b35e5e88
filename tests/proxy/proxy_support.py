"""What the proxy's tests share: configurations, origins, raw clients and an engine that is watched."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

from aiohttp import web

from meshcore.discovery import Resolver
from meshcore.engine import Engine
from meshcore.model import (
    Cluster,
    Config,
    Discovery,
    Endpoint,
    ForwardAction,
    HttpOptions,
    Listener,
    LocalityEndpoints,
    PathKind,
    PathMatch,
    Route,
    RouteConfiguration,
    RouteMatch,
    VirtualHost,
)
from meshcore.proxy import AccessRecord, Proxy, ProxyOptions

HOST = "app.example"
#: Only where something hangs does a test come to this.
PATIENCE = 60.0
#: A limit of time that something is to come to; what comes before has time enough, on a loaded machine too.
SOON = 0.4


def in_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run an async test in a loop of its own."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        async def bounded() -> None:
            await asyncio.wait_for(test(*args, **kwargs), PATIENCE)

        asyncio.run(bounded())

    return run


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cluster(port: int, *, name: str = "app", address: str = "127.0.0.1", **fields: Any) -> Cluster:
    return Cluster(name, localities=(LocalityEndpoints((Endpoint(address, port),)),), **fields)


def route(action: Any, prefix: str = "/", **fields: Any) -> Route:
    return Route(RouteMatch(PathMatch(PathKind.PREFIX, prefix)), action, **fields)


def config_for(
    *clusters: Cluster,
    routes: tuple[Route, ...] | None = None,
    options: HttpOptions | None = None,
    timeout: float | None = None,
    digest: str = "",
) -> Config:
    """HOST, and nothing else, goes to the first of ``clusters``."""
    if routes is None:
        routes = (route(ForwardAction(cluster=clusters[0].name, timeout=timeout), name="all"),)
    table = RouteConfiguration("test", (VirtualHost("app", (HOST,), routes),))
    return Config(
        (Listener("web", None, table, options or HttpOptions()),),
        clusters,
        sources=("test.yaml",),
        digest=digest,
    )


def passthrough() -> Cluster:
    return Cluster("PassthroughCluster", discovery=Discovery.ORIGINAL_DST)


class WatchedEngine:
    """An engine that counts leases: each decision must be closed, however its request ended."""

    def __init__(self, config: Config, clock: Callable[[], float] | None = None) -> None:
        self._engine = Engine(config, clock=clock)
        self.open = 0
        self.errors: list[str] = []  #: that were reported

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def decide(self, *args: Any, **kwargs: Any) -> Any:
        decision = _WatchedDecision(self, self._engine.decide(*args, **kwargs))
        self.open += 1
        return decision


class _WatchedDecision:
    def __init__(self, engine: WatchedEngine, decision: Any) -> None:
        self._engine = engine
        self._decision = decision

    def __getattr__(self, name: str) -> Any:
        return getattr(self._decision, name)

    def report(self, **what: Any) -> Any:
        if what.get("error"):
            self._engine.errors.append(what["error"])
        return self._decision.report(**what)

    def __enter__(self) -> _WatchedDecision:
        self._decision.__enter__()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._engine.open -= 1
        self._decision.__exit__(*exception)


class Dial:
    """A clock that waiting moves on."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.waits: list[float] = []

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += seconds
        await asyncio.sleep(0)


class Served:
    """A running proxy with what it logged."""

    def __init__(self, proxy: Proxy, engine: WatchedEngine, log: list[AccessRecord]) -> None:
        self.proxy = proxy
        self.engine = engine
        self.log = log

    @property
    def port(self) -> int:
        return self.proxy.ports[0]

    async def idle(self) -> None:
        """Wait until no request is under way."""
        await self.proxy.wait_idle()


@contextlib.asynccontextmanager
async def proxy_for(
    config: Config,
    *,
    options: ProxyOptions | None = None,
    admin: tuple[str, int] | None = None,
    resolver: Resolver | None = None,
    clock: Callable[[], float] | None = None,
    **more: Any,
) -> AsyncIterator[Served]:
    log: list[AccessRecord] = []
    engine = WatchedEngine(config, clock)
    proxy = Proxy(
        engine,  # type: ignore[arg-type]
        listen=[("127.0.0.1", 0)],
        admin=admin,
        access_log=log.append,
        options=options,
        resolver=resolver,
        **more,
    )
    await proxy.start()
    try:
        yield Served(proxy, engine, log)
    finally:
        await proxy.stop(drain=0)
    assert engine.open == 0, "a decision was not closed"


@contextlib.asynccontextmanager
async def origin(handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]) -> AsyncIterator[int]:
    """An HTTP origin of aiohttp's; gives its port."""
    server = web.Server(handler, access_log=None)
    listener = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()
        await server.shutdown(0.01)


class RawOrigin:
    """An origin that answers each connection's first request head with given bytes, and records it."""

    def __init__(self, answer: bytes, *, close: bool = True) -> None:
        self._answer = answer
        self._close = close
        self.heads: list[bytes] = []
        self.connections = 0
        self.closed = asyncio.Event()
        self.port = 0

    async def __aenter__(self) -> RawOrigin:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exception: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Accept no more connections."""
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                self.heads.append(await reader.readuntil(b"\r\n\r\n"))
                writer.write(self._answer)
                await writer.drain()
                if self._close:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.closed.set()
            writer.close()


class ManyExchanges(ABC):
    """An upstream whose connections carry one exchange after the other."""

    port = 0
    connections = 0  #: that are open
    _server: asyncio.Server
    _open: set[asyncio.StreamWriter]

    async def start(self) -> asyncio.Server:
        """Listen: where it did before, if it has."""
        self._open = set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self._server

    def kill(self) -> None:
        """Go, as a process does that is killed: nobody listens, and every connection is reset."""
        self._server.close()
        self.hang_up()

    def hang_up(self) -> None:
        """Reset every connection."""
        for writer in self._open:
            writer.transport.abort()

    @abstractmethod
    async def exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Read a request and do something about it. False: the connection ends."""

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        try:
            while await self.exchange(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.connections -= 1
            self._open.discard(writer)
            writer.close()


class RawClient:
    """A client that sends and reads bytes."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def __aenter__(self) -> RawClient:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 20)
        return self

    async def __aexit__(self, *exception: object) -> None:
        self.writer.close()

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def head(self) -> bytes:
        return await self.reader.readuntil(b"\r\n\r\n")

    async def get(self, target: str = "/", *lines: str, host: str = HOST) -> None:
        head = "".join(f"{line}\r\n" for line in lines)
        await self.send(f"GET {target} HTTP/1.1\r\nHost: {host}\r\n{head}\r\n".encode("latin-1"))

    async def answer(self, *, head_only: bool = False) -> tuple[int, dict[str, list[str]], bytes]:
        """One whole answer: status, header lines by lower-case name, body."""
        head = (await self.head()).decode("latin-1").split("\r\n")
        status = int(head[0].split()[1])
        headers: dict[str, list[str]] = {}
        for line in head[1:-2]:
            name, _, value = line.partition(": ")
            headers.setdefault(name.lower(), []).append(value)
        if head_only or status in (204, 304) or status < 200:
            return status, headers, b""
        if "content-length" in headers:
            return status, headers, await self.reader.readexactly(int(headers["content-length"][0]))
        if headers.get("transfer-encoding") == ["chunked"]:
            body = b""
            while size := int(await self.reader.readuntil(b"\r\n"), 16):
                body += await self.reader.readexactly(size)
                assert await self.reader.readexactly(2) == b"\r\n"
            assert await self.reader.readexactly(2) == b"\r\n"
            return status, headers, body
        return status, headers, await self.reader.read()

    async def rest(self) -> bytes:
        """All bytes until the connection ends."""
        return await self.reader.read()


@contextlib.asynccontextmanager
async def talking(
    config: Config, *, options: ProxyOptions | None = None
) -> AsyncIterator[tuple[Served, RawClient]]:
    """A proxy and a client of it."""
    async with proxy_for(config, options=options) as served, RawClient(served.port) as client:
        yield served, client


async def ask(port: int, data: bytes) -> bytes:
    """Send bytes, and all that comes back until the connection ends."""
    async with RawClient(port) as client:
        await client.send(data)
        return await client.rest()
