"""After 101 Switching Protocols: bytes both ways, unread, until either side ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from meshcore.proxy.answer import Answer
from meshcore.proxy.watch import Watch
from meshcore.telemetry.access import AccessRecord
from meshcore.upstream.client import Response
from meshcore.upstream.incoming import Incoming

__all__ = ["tunnel"]


async def tunnel(
    client: Incoming, response: Response, answer: Answer, record: AccessRecord, watch: Watch
) -> None:
    """Copy until one side closes. Where it was the client, this ends by a cancellation as a rule. The caller
    closes both connections afterwards."""

    async def send_up(data: bytes) -> None:
        record.bytes_received += len(data)
        await response.write(data)

    copies = [
        asyncio.ensure_future(_copy(client, send_up, watch)),
        asyncio.ensure_future(_copy(response.content, answer.write_through, watch)),
    ]
    try:
        await asyncio.wait(copies, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for copy in copies:
            copy.cancel()
        await asyncio.gather(*copies, return_exceptions=True)


async def _copy(source: Incoming, write: Callable[[bytes], Awaitable[None]], watch: Watch) -> None:
    while data := await source.read():
        watch.touch()
        await write(data)
