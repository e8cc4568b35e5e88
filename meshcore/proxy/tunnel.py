"""After 101 Switching Protocols: bytes both ways, unread, until either side ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
from aiohttp import web
from aiohttp.base_protocol import BaseProtocol

from meshcore.proxy.downstream import Answer
from meshcore.proxy.watch import Watch
from meshcore.telemetry.access import AccessRecord
from meshcore.upstream.client import Response

__all__ = ["tunnel"]


class _Pipe:
    """Takes over a connection's bytes from aiohttp's HTTP parser; holds the sender back when full."""

    def __init__(self, protocol: BaseProtocol, limit: int) -> None:
        self.reader = aiohttp.StreamReader(protocol, limit, loop=asyncio.get_running_loop())

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        self.reader.feed_data(data)
        return False, b""

    def feed_eof(self) -> None:
        self.reader.feed_eof()


async def tunnel(
    request: web.BaseRequest,
    response: Response,
    answer: Answer,
    record: AccessRecord,
    watch: Watch,
    limit: int,
) -> None:
    """Copy until one side closes. The caller closes both connections afterwards."""
    from_client = _Pipe(request.protocol, limit)

    async def send_up(data: bytes) -> None:
        record.bytes_received += len(data)
        await response.write(data)

    request.protocol.set_parser(from_client)  # type: ignore[arg-type]  # takes what arrived behind the head
    copies = [
        asyncio.ensure_future(_copy(from_client.reader.readany, send_up, watch)),
        asyncio.ensure_future(_copy(response.content.read, answer.write_through, watch)),
    ]
    try:
        await asyncio.wait(copies, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for copy in copies:
            copy.cancel()
        await asyncio.gather(*copies, return_exceptions=True)


async def _copy(
    read: Callable[[], Awaitable[bytes]], write: Callable[[bytes], Awaitable[None]], watch: Watch
) -> None:
    while data := await read():
        watch.touch()
        await write(data)
