"""The body of a message as it comes in on a connection, held back when nobody reads it."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol

__all__ = ["RECEIVED", "Incoming"]

#: Bytes that are received at a time, into a buffer that all connections of an event loop share. By itself
#: asyncio receives 256 KiB: more than is to wait here, and room for thousands of requests sent ahead.
RECEIVED = 64 * 1024


class Pausable(Protocol):
    """A connection that can be left unread."""

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


class Incoming:
    """Bytes between whoever receives them and whoever reads them; one reader at a time.

    Args:
        source: the connection, which is not read from while too much waits here.
        limit: bytes that may wait.
    """

    __slots__ = ("_chunks", "_error", "_limit", "_size", "_source", "_waiter", "complete", "paused")

    def __init__(self, source: Pausable, limit: int) -> None:
        self._source = source
        self._limit = limit
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self.paused = False  #: the sender is held back
        self._waiter: asyncio.Future[None] | None = None
        self._error: Exception | None = None
        self.complete = False  #: the last byte has come

    @property
    def at_end(self) -> bool:
        """It has come, and has been read."""
        return self.complete and not self._chunks

    def feed(self, data: bytes) -> None:
        """More has come."""
        self._chunks.append(data)
        self._size += len(data)
        if self._size > self._limit and not self.paused:
            self.paused = True
            self._source.pause_reading()
        self._wake()

    def end(self) -> None:
        """Nothing more will come; the connection may carry another message."""
        self.complete = True
        self._resume()
        self._wake()

    def fail(self, error: Exception) -> None:
        """The rest will not come: ``read()`` raises this, after what has come."""
        if not self.complete and self._error is None:
            self._error = error
            self._wake()

    def take(self) -> bytes:
        """What is here now; b"" where that is nothing."""
        chunks = self._chunks
        if not chunks:
            return b""
        data = chunks.popleft() if len(chunks) == 1 else b"".join(chunks)
        chunks.clear()
        self._size = 0
        self._resume()
        return data

    async def read(self) -> bytes:
        """The next bytes, once there are some; b"" at the end.

        Raises:
            Exception: what ``fail()`` was told.
        """
        while not self._chunks:
            if self._error is not None:
                raise self._error
            if self.complete:
                return b""
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self.take()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _resume(self) -> None:
        if self.paused:
            self.paused = False
            self._source.resume_reading()
