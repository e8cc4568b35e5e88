"""After 101 Switching Protocols: bytes both ways, unread, until either side ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
from aiohttp import web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import StreamWriter

from meshcore.proxy.downstream import Answer
from meshcore.proxy.watch import Watch
from meshcore.telemetry.access import AccessRecord

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
    response: aiohttp.ClientResponse,
    answer: Answer,
    record: AccessRecord,
    watch: Watch,
    limit: int,
) -> None:
    """Copy until one side closes. The caller closes both connections afterwards."""
    connection = response.connection
    upstream = connection.protocol if connection is not None else None
    if upstream is None:
        return
    downstream = request.protocol
    from_client, from_upstream = _Pipe(downstream, limit), _Pipe(upstream, limit)
    to_upstream = StreamWriter(upstream, asyncio.get_running_loop())

    async def send_up(data: bytes) -> None:
        record.bytes_received += len(data)
        await to_upstream.write(data)

    # Both take whatever arrived behind the two heads.
    downstream.set_parser(from_client)  # type: ignore[arg-type]
    upstream.set_parser(from_upstream, from_upstream.reader)
    copies = [
        asyncio.ensure_future(_copy(from_client.reader, send_up, watch)),
        asyncio.ensure_future(_copy(from_upstream.reader, answer.write_through, watch)),
    ]
    try:
        await asyncio.wait(copies, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for copy in copies:
            copy.cancel()
        await asyncio.gather(*copies, return_exceptions=True)


async def _copy(
    reader: aiohttp.StreamReader, write: Callable[[bytes], Awaitable[None]], watch: Watch
) -> None:
    while data := await reader.readany():
        watch.touch()
        await write(data)
