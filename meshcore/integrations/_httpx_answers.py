"""What an httpx client's answer holds while it is read: an endpoint, a place at it, a pool of connections."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from functools import lru_cache
from typing import Any

from meshcore.engine import Decision
from meshcore.integrations._httpx_requests import error_of
from meshcore.integrations._pools import Pool, Pools
from meshcore.integrations._spans import Closes

__all__ = ["Held", "async_stream", "sync_stream"]


class Held:
    """What an attempt has while it is under way, its answer included: a place, and a pool of connections."""

    __slots__ = ("_pools", "headers", "place", "pool", "response", "status")

    def __init__(self, place: Closes, pools: Pools) -> None:
        self.place = place  #: at the endpoint
        self._pools = pools
        self.pool: Pool | None = None

    def answered(self, response: Any) -> Held:
        """The head of the answer is there."""
        self.response = response
        self.status: int = response.status_code
        self.headers: list[tuple[bytes, bytes]] = response.headers.raw
        return self

    def give(self) -> None:
        """It is over; once more changes nothing."""
        self.place.close()
        pool, self.pool = self.pool, None
        if pool is not None:
            self._pools.give(pool)

    def drop(self) -> None:
        """Nobody gets this answer, nor an error of its end."""
        try:
            with contextlib.suppress(Exception):
                self.response.close()
        finally:
            self.give()

    async def adrop(self) -> None:
        """The same for asyncio."""
        try:
            with contextlib.suppress(Exception):
                await self.response.aclose()
        finally:
            self.give()


@lru_cache(2)
def sync_stream(lib: Any) -> Any:
    """A class for the body of an answer, which gives the endpoint back when it is closed."""

    class Stream(lib.SyncByteStream):  # type: ignore[misc]
        def __init__(self, head: Held, decision: Decision) -> None:
            self._stream = head.response.stream
            self._head = head
            self._decision = decision

        def __iter__(self) -> Iterator[bytes]:
            try:
                yield from self._stream
            except lib.TransportError as error:
                _broke_off(lib, error, self._decision)
                raise

        def close(self) -> None:
            try:
                if _holds_more(self._stream):
                    self._head.response.extensions["network_stream"].close()
                self._stream.close()
            finally:
                self._decision.close()
                self._head.give()

    return Stream


@lru_cache(2)
def async_stream(lib: Any) -> Any:
    """The same for asyncio."""

    class Stream(lib.AsyncByteStream):  # type: ignore[misc]
        def __init__(self, head: Held, decision: Decision) -> None:
            self._stream = head.response.stream
            self._head = head
            self._decision = decision

        def __aiter__(self) -> AsyncIterator[bytes]:
            return _Body(lib, self._stream.__aiter__(), self._decision)

        async def aclose(self) -> None:
            try:
                if _holds_more(self._stream):
                    await self._head.response.extensions["network_stream"].aclose()
                await self._stream.aclose()
            finally:
                self._decision.close()
                self._head.give()

    return Stream


def _holds_more(stream: Any) -> bool:
    """Whether more came than the answer. httpcore keeps that, and takes it for the next request's answer: its
    connection has to end before it is given back. Nothing of this is public; tests see that it holds."""
    for name in ("_httpcore_stream", "_stream", "_connection"):
        stream = getattr(stream, name, None)
    state = getattr(stream, "_h11_state", None)
    return state is not None and bool(state.trailing_data[0])


class _Body:
    """The pieces of a body. No generator, which nobody would end where the caller reads no further."""

    __slots__ = ("_decision", "_lib", "_pieces")

    def __init__(self, lib: Any, pieces: AsyncIterator[bytes], decision: Decision) -> None:
        self._lib = lib
        self._pieces = pieces
        self._decision = decision

    def __aiter__(self) -> _Body:
        return self

    async def __anext__(self) -> bytes:
        try:
            return await self._pieces.__anext__()
        except self._lib.TransportError as error:
            _broke_off(self._lib, error, self._decision)
            raise


def _broke_off(lib: Any, error: Exception, decision: Decision) -> None:
    """The endpoint is to blame for an answer without end, as in Envoy, and not for the caller's patience."""
    word = error_of(lib, error)
    if word in ("reset", "protocol-error"):
        decision.report(error=word)
