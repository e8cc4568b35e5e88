"""What an httpx client's answer holds while it is read: an endpoint, a place at it, a pool of connections."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from functools import lru_cache
from typing import Any

from meshcore.engine import Decision
from meshcore.integrations._pools import Pool, Pools
from meshcore.upstream.connections import Connection

__all__ = ["Head", "Held", "async_stream", "sync_stream"]


class Held:
    """What an attempt has while it is under way, its answer included: a place, and a pool of connections."""

    __slots__ = ("_place", "_pools", "pool")

    def __init__(self, place: Connection, pools: Pools) -> None:
        self._place = place
        self._pools = pools
        self.pool: Pool | None = None

    def give(self) -> None:
        """It is over; once more changes nothing."""
        self._place.close()
        pool, self.pool = self.pool, None
        if pool is not None:
            self._pools.give(pool)


class Head:
    """The head of an answer, and what is held for it."""

    __slots__ = ("give", "headers", "response", "status")

    def __init__(self, response: Any, held: Held) -> None:
        self.response = response
        self.status: int = response.status_code
        self.headers: list[tuple[bytes, bytes]] = response.headers.raw
        self.give = held.give

    def drop(self) -> None:
        """Nobody gets this answer, nor an error of its end."""
        try:
            with contextlib.suppress(Exception):
                self.response.close()
        finally:
            self.give()

    async def adrop(self) -> None:
        try:
            with contextlib.suppress(Exception):
                await self.response.aclose()
        finally:
            self.give()


@lru_cache(2)
def sync_stream(lib: Any) -> Any:
    """A class for the body of an answer, which gives the endpoint back when it is closed."""

    class Stream(lib.SyncByteStream):  # type: ignore[misc]
        def __init__(self, head: Head, decision: Decision) -> None:
            self._stream = head.response.stream
            self._over: tuple[Callable[[], object], ...] = (decision.close, head.give)

        def __iter__(self) -> Iterator[bytes]:
            found: Iterator[bytes] = self._stream.__iter__()
            return found

        def close(self) -> None:
            over, self._over = self._over, ()
            try:
                self._stream.close()
            finally:
                for tell in over:
                    tell()

    return Stream


@lru_cache(2)
def async_stream(lib: Any) -> Any:
    """The same for asyncio."""

    class Stream(lib.AsyncByteStream):  # type: ignore[misc]
        def __init__(self, head: Head, decision: Decision) -> None:
            self._stream = head.response.stream
            self._over: tuple[Callable[[], object], ...] = (decision.close, head.give)

        def __aiter__(self) -> AsyncIterator[bytes]:
            found: AsyncIterator[bytes] = self._stream.__aiter__()
            return found

        async def aclose(self) -> None:
            over, self._over = self._over, ()
            try:
                await self._stream.aclose()
            finally:
                for tell in over:
                    tell()

    return Stream
