"""The client of bench_hop.py: GETs over several connections, how long each took, and the CPU of a process."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass
from pathlib import Path

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Sample:
    """One round: seconds that each request took, and all of them together."""

    latencies: list[float]
    elapsed: float


class _Connection(asyncio.Protocol):
    """Sends a request again and again; the next one when the answer is there."""

    def __init__(self, request: bytes, left: list[int], latencies: list[float]) -> None:
        self._request = request
        self._left = left  #: of all connections together
        self._latencies = latencies
        self._data = b""
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._next()

    def _next(self) -> None:
        if not self._left[0]:
            self._transport.close()
            if not self.over.done():
                self.over.set_result(None)
            return
        self._left[0] -= 1
        self._begun = time.perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._data = data = self._data + data
        head, found, body = data.partition(b"\r\n\r\n")
        if not found:
            return
        if not head.startswith(b"HTTP/1.1 200"):
            self.over.set_exception(SystemExit(f"answered: {head.decode()}"))
            self._transport.abort()
            return
        length = _LENGTH.search(head)
        if len(body) == int(length[1]) if length else body.endswith(b"0\r\n\r\n"):
            self._latencies.append(time.perf_counter() - self._begun)
            self._data = b""
            self._next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.over.done():
            self.over.set_exception(SystemExit(f"the server closed a connection: {error}"))


async def load(port: int, request: bytes, requests: int, connections: int) -> Sample:
    latencies: list[float] = []
    left = [requests]
    loop = asyncio.get_running_loop()
    begun = time.perf_counter()
    made = [
        await loop.create_connection(lambda: _Connection(request, left, latencies), "127.0.0.1", port)
        for _ in range(connections)
    ]
    await asyncio.gather(*(connection.over for _, connection in made))
    return Sample(latencies, time.perf_counter() - begun)


def cpu_seconds(process: int) -> float:
    """What the threads of a process have used so far, by the scheduler's account in nanoseconds."""
    accounts = Path(f"/proc/{process}/task").glob("*/schedstat")
    return sum(int(account.read_text().split()[0]) for account in accounts) / 1e9
