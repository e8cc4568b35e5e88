"""The body of a request as an ASGI server gives it, read ahead of whoever takes it.

A server says that a client has left when it is asked for more, and no earlier. Whoever asked only when an
endpoint takes more would never learn of it where the endpoint takes nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from meshcore.integrations.asgi import Receive

__all__ = ["ClientBody"]

#: Bytes that may wait to be taken, beside the message that goes beyond.
_AHEAD = 64 * 1024


class ClientBody:
    """See above. Cancel ``reading`` when the request is over."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._waiting: deque[bytes] = deque()
        self._size = 0  # of those
        self._come = asyncio.Event()  # something has, or nothing will
        self._room = asyncio.Event()
        self._sent = False  # the client has sent all
        self.gone = asyncio.Event()  #: the client has left
        self.reading = asyncio.ensure_future(self._read())  #: raises what the server does

    @property
    def whole(self) -> bool:
        """All of it is here, or has been taken."""
        return self._sent

    @property
    def at_end(self) -> bool:
        """All of it has been taken."""
        return self._sent and not self._waiting

    async def next(self) -> bytes | None:
        """What comes next; b"": that was all; None: the client has left."""
        while not self._waiting:
            if self.gone.is_set():
                return None
            if self._sent:
                return b""
            self._come.clear()
            await self._come.wait()
        chunk = self._waiting.popleft()
        self._size -= len(chunk)
        self._room.set()
        return chunk

    async def _read(self) -> None:
        try:
            while (message := await self._receive())["type"] != "http.disconnect":
                if body := message.get("body"):
                    self._waiting.append(bytes(body))
                    self._size += len(body)
                self._sent = self._sent or not message.get("more_body", False)
                self._come.set()
                while self._size > _AHEAD:
                    self._room.clear()
                    await self._room.wait()
        finally:
            self.gone.set()
            self._come.set()
