"""Hosts that answer checks by a script, a clock that stands still, and an engine over them."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest

from meshcore import Engine
from meshcore.health import Clock, HealthChecker
from meshcore.model import (
    Cluster,
    CommonLbConfig,
    Config,
    Endpoint,
    ForwardAction,
    HealthCheck,
    HttpHealthCheck,
    Listener,
    LocalityEndpoints,
    PathKind,
    PathMatch,
    Route,
    RouteConfiguration,
    RouteMatch,
    VirtualHost,
)

pytest.importorskip("h11", reason="needs h11, of the extra 'health'")

HTTP = HealthCheck(HttpHealthCheck("/healthz"), timeout=1, interval=10, no_traffic_interval=10)
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
BAD = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"


def in_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Runs a test in a loop of its own, and not for ever."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        async def bounded() -> None:
            await asyncio.wait_for(test(*args, **kwargs), 30)

        asyncio.run(bounded())

    return run


async def until(condition: Callable[[], object]) -> None:
    """Let everything else go on until it holds."""
    while not condition():
        await asyncio.sleep(0)


class StillClock(Clock):
    """Time passes when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.sleeping: list[tuple[float, asyncio.Future[None]]] = []

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (self.now + seconds, future)
        self.sleeping.append(entry)
        try:
            await future
        finally:
            self.sleeping.remove(entry)

    def advance(self, seconds: float) -> None:
        self.now = round(self.now + seconds, 6)
        for when, future in self.sleeping:
            if when <= self.now and not future.done():
                future.set_result(None)

    def waits_for(self) -> list[float]:
        """Seconds until each of those who sleep wakes, in order."""
        return sorted(round(when - self.now, 6) for when, future in self.sleeping if not future.done())


class Host:
    """A host on a port of its own. Each answer serves one check; the last one serves all that follow.

    None: the connection is closed. ``...``: there is no answer.
    """

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers) or [OK]
        self.asked = 0
        self.requests: list[bytes] = []
        self.connections = 0
        self.port = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self.hang_up()
            self._server = None

    def hang_up(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            while request := await reader.readuntil(b"\r\n\r\n"):
                self.requests.append(request)
                answer = self.answers[0]
                if len(self.answers) > 1:
                    self.answers.pop(0)
                self.asked += 1
                if answer is ...:
                    continue
                if answer is None:
                    break
                writer.write(answer)
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            self._writers.discard(writer)
            writer.transport.abort()


def endpoint(host: Host, **fields: Any) -> Endpoint:
    return Endpoint("127.0.0.1", host.port, **fields)


def cluster(
    *endpoints: Endpoint, check: HealthCheck | None = HTTP, name: str = "c", **fields: Any
) -> Cluster:
    fields = {"common_lb": CommonLbConfig(healthy_panic_threshold=0), **fields}
    return Cluster(name, localities=(LocalityEndpoints(endpoints),), health_check=check, **fields)


def config(*clusters: Cluster) -> Config:
    route = Route(RouteMatch(PathMatch(PathKind.PREFIX, "/")), ForwardAction(cluster=clusters[0].name))
    table = RouteConfiguration("t", (VirtualHost("v", ("*",), (route,)),))
    return Config((Listener("l", None, table),), clusters)


def health(engine: Engine, number: int = 0) -> list[str]:
    return [host["health"] for host in engine.clusters()[number]["endpoints"]]


def checks(engine: Engine, number: int = 0) -> list[dict[str, Any]]:
    return [host.get("health_check", {}) for host in engine.clusters()[number]["endpoints"]]


@contextlib.asynccontextmanager
async def hosts(*scripts: Host) -> AsyncIterator[list[Host]]:
    for host in scripts:
        await host.start()
    try:
        yield list(scripts)
    finally:
        for host in scripts:
            await host.stop()


@contextlib.asynccontextmanager
async def checking(checker: HealthChecker) -> AsyncIterator[HealthChecker]:
    task = asyncio.ensure_future(checker.run())
    try:
        yield checker
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


class Checked:
    """One cluster over hosts, its engine, its checker and the clock."""

    def __init__(self, *scripts: Host, **fields: Any) -> None:
        self.hosts = scripts
        self.clock = StillClock()
        self.engine = Engine(config(cluster(*map(endpoint, scripts), **fields)))
        self.checker = HealthChecker(self.engine, clock=self.clock, seed=1)

    def counts(self) -> list[int]:
        return [found.get("checks", 0) for found in checks(self.engine)]

    async def round(self, seconds: float = 10) -> list[str]:
        """Let the next check of each host come and end."""
        before = self.counts()
        self.clock.advance(seconds)
        await until(lambda: all(now > then for now, then in zip(self.counts(), before, strict=True)))
        await until(lambda: len(self.clock.waits_for()) == len(self.hosts))
        return health(self.engine)


@contextlib.asynccontextmanager
async def checked(*scripts: Host, **fields: Any) -> AsyncIterator[Checked]:
    """Hosts under checks, after the first round."""
    async with hosts(*scripts):
        made = Checked(*scripts, **fields)
        async with checking(made.checker):
            await made.checker.first_round()
            await until(lambda: len(made.clock.waits_for()) == len(scripts))
            yield made


def with_check(**fields: Any) -> HealthCheck:
    return replace(HTTP, **fields)
