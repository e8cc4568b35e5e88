"""What is sent to an endpoint, and what it answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from meshcore.upstream.headers import Head, Line
from meshcore.upstream.incoming import Incoming

if TYPE_CHECKING:
    from meshcore.upstream.http1 import Http1Connection

__all__ = ["BrokenAnswer", "RequestBody", "Response"]


class BrokenAnswer(Exception):
    """The answer's body ended before its end."""


class RequestBody:
    """The client's body, read as fast as the endpoint takes it.

    Args:
        chunks: gives the next bytes, b"" at the end.
        at_hand: the whole body is there already, so that the head may wait for it.
    """

    __slots__ = ("at_hand", "chunks")

    def __init__(self, chunks: Callable[[], Awaitable[bytes]], at_hand: bool) -> None:
        self.chunks = chunks
        self.at_hand = at_hand


class Response:
    """The head of an answer, and what its body comes by. Close it when no more of it is wanted."""

    __slots__ = ("_connection", "content", "head", "raw_headers", "reason", "status")

    def __init__(self, connection: Http1Connection, content: Incoming) -> None:
        self._connection = connection
        self.content = content
        self.status = 0
        self.reason = b""
        self.raw_headers: list[Line] = []
        self.head: Head  #: the same, sorted out

    async def write(self, data: bytes) -> None:
        """After 101: send bytes of the protocol that the connection has changed to."""
        await self._connection.write(data)

    def close(self) -> None:
        """Give the rest up, and the connection with it; where all has come, it is somebody else's by now."""
        self._connection.give_up(self)
