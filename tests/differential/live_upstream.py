"""Upstreams on loopback ports that answer with what they received."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from queue import SimpleQueue

from live_servers import Servers

__all__ = ["EchoServers", "Received", "parse_head"]


@dataclass(frozen=True)
class Received:
    """A request as it reached the upstream."""

    method: str
    target: str
    headers: list[tuple[str, str]]

    @staticmethod
    def parse(echo: str) -> Received:
        """Read the ``x-received`` header that the upstream answers with."""
        data = json.loads(base64.b64decode(echo))
        return Received(data["method"], data["target"], [(name, value) for name, value in data["headers"]])


class EchoServers(Servers):
    """``count`` HTTP/1.1 servers on free ports of 127.0.0.1; use it as a context manager.

    ``log`` has what they received, with the server's index, in the order of arrival.
    """

    def __init__(self, count: int) -> None:
        super().__init__()
        self._count = count
        self.ports: list[int] = []
        self.log: SimpleQueue[tuple[int, Received]] = SimpleQueue()

    async def _listen(self) -> None:
        self._servers = [await self._start(index) for index in range(self._count)]
        self.ports = [server.sockets[0].getsockname()[1] for server in self._servers]

    async def _start(self, index: int) -> asyncio.Server:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await _serve(reader, writer, lambda received: self.log.put((index, received)))

        return await asyncio.start_server(serve, "127.0.0.1", 0)


async def _serve(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, note: Callable[[Received], None]
) -> None:
    try:
        while True:
            received = parse_head(await reader.readuntil(b"\r\n\r\n"))
            note(received)
            echo = json.dumps(asdict(received)).encode()
            writer.write(
                b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx-up: 1\r\n"
                b"access-control-allow-origin: up\r\nx-received: %s\r\n\r\n" % base64.b64encode(echo)
            )
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


def parse_head(head: bytes) -> Received:
    """A request's head as an upstream gets it."""
    lines = head.decode("latin-1").split("\r\n")
    method, target, _ = lines[0].split(" ")
    return Received(method, target, [_header(line) for line in lines[1:] if line])


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name, value.strip(" \t")
