"""Upstreams that fail as a request's own script says, one step for each of its attempts."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field

from live_servers import Servers
from live_upstream import parse_head

__all__ = ["Arrived", "ScriptedServers"]


@dataclass(frozen=True)
class Arrived:
    """What of one request came to the upstreams."""

    endpoints: list[int] = field(default_factory=list)  #: by their index
    counts: list[str] = field(default_factory=list)  #: x-envoy-attempt-count
    bodies: list[bytes] = field(default_factory=list)


class ScriptedServers(Servers):
    """HTTP/1.1 servers on free ports of 127.0.0.1; use it as a context manager.

    A request's ``x-script`` has what becomes of its attempts, wherever they go, separated by commas: a status
    (perhaps with a gRPC status behind a colon), ``reset`` (closed without a word), ``garbage`` (no HTTP),
    ``hang`` (no answer). ``x-broken`` has the indices of servers that answer 500 instead. ``x-id`` tells
    requests apart.
    """

    def __init__(self, count: int) -> None:
        super().__init__()
        self._count = count
        self._arrived: dict[str, Arrived] = {}
        self._lock = threading.Lock()
        self.ports: list[int] = []

    def arrived(self, request: str) -> Arrived:
        with self._lock:
            return self._arrived.get(request, Arrived())

    async def _listen(self) -> None:
        self._servers = [await self._start(index) for index in range(self._count)]
        self.ports = [server.sockets[0].getsockname()[1] for server in self._servers]

    async def _start(self, index: int) -> asyncio.Server:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                while await self._exchange(index, reader, writer):
                    pass
            except (asyncio.IncompleteReadError, ConnectionError):
                pass
            finally:
                writer.close()

        return await asyncio.start_server(serve, "127.0.0.1", 0)

    async def _exchange(self, index: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        request = parse_head(await reader.readuntil(b"\r\n\r\n"))
        lines = {name.lower(): value for name, value in request.headers}
        body = await reader.readexactly(int(lines.get("content-length", 0)))
        with self._lock:
            arrived = self._arrived.setdefault(lines["x-id"], Arrived())
            steps = lines["x-script"].split(",")
            step = steps[min(len(arrived.endpoints), len(steps) - 1)]
            if str(index) in lines.get("x-broken", ""):
                step = "500"
            arrived.endpoints.append(index)
            arrived.counts.append(lines.get("x-envoy-attempt-count", ""))
            arrived.bodies.append(body)
        if step == "hang":
            await reader.read(1)  # until the other side gives up
            return False
        if step == "garbage":
            writer.write(b"no HTTP at all\r\n\r\n")
        elif step != "reset":
            status, _, grpc = step.partition(":")
            line = f"grpc-status: {grpc}\r\n" if grpc else ""
            writer.write(
                f"HTTP/1.1 {status} Step\r\n{line}content-length: {len(step)}\r\n\r\n{step}".encode()
            )
            await writer.drain()
            return True
        await writer.drain()
        return False
