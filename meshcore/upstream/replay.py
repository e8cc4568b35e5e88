"""The client's body, read once and sent with each attempt."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

__all__ = ["Replay"]

#: Bytes that a reader gets at once.
_PIECE = 64 * 1024


class Replay:
    """Keeps what came of a body, for attempts that read it from its beginning, as far as the bound allows.

    Attempts side by side share it: the one that is ahead reads from the client. Once nobody can begin anew,
    only what the slowest of them has not read yet is kept, and no more of it than ``lag``.

    Args:
        chunks: gives the client's next bytes, b"" at the end.
        limit: bytes to keep for further attempts.
        lag: bytes that one attempt may be ahead of another, when no more are kept.
    """

    def __init__(self, chunks: Callable[[], Awaitable[bytes]], limit: int, lag: int) -> None:
        self._chunks = chunks
        self._limit = limit
        self._lag = lag
        self._kept = bytearray()
        self._dropped = 0  #: bytes before those that are kept
        self._ended = False
        self._positions: dict[object, int] = {}
        self._turn = asyncio.Lock()
        self._advanced = asyncio.Event()
        self.replayable = True  #: a further attempt would find the body's beginning

    def join(self, reader: object) -> None:
        """Somebody is going to read, from the beginning."""
        self._positions[reader] = 0

    def leave(self, reader: object) -> None:
        """Nobody waits for this reader any longer."""
        self._positions.pop(reader, None)
        self._drop()

    def settle(self) -> None:
        """No further attempt will be made."""
        self.replayable = False
        self._drop()

    async def read(self, reader: object) -> bytes:
        """The next bytes for a reader; b"" at the end."""
        while self._positions[reader] == self._dropped + len(self._kept):
            if self._ended:
                return b""
            async with self._turn:
                if self._positions[reader] == self._dropped + len(self._kept) and not self._ended:
                    await self._more()
        begin = self._positions[reader] - self._dropped
        with memoryview(self._kept) as kept:
            piece = bytes(kept[begin : begin + _PIECE])
        self._positions[reader] += len(piece)
        self._drop()
        return piece

    async def _more(self) -> None:
        while not self.replayable and len(self._kept) > self._lag:  # somebody is far behind
            self._advanced.clear()
            await self._advanced.wait()
        chunk = await self._chunks()
        self._ended = not chunk
        self._kept += chunk
        if len(self._kept) > self._limit:
            self.settle()

    def _drop(self) -> None:
        if self.replayable:
            return
        first = min(self._positions.values(), default=self._dropped + len(self._kept))
        del self._kept[: first - self._dropped]
        self._dropped = max(first, self._dropped)
        self._advanced.set()
