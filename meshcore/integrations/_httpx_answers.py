"""What an httpx client's answer holds while it is read: an endpoint, a place at it, a pool of connections."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from functools import lru_cache
from typing import Any

from meshcore.engine import Decision
from meshcore.integrations._httpx_requests import error_of
from meshcore.integrations._outbound import is_late, too_late
from meshcore.integrations._pools import Pool, Pools
from meshcore.integrations._spans import Closes

__all__ = ["Held", "async_stream", "sync_stream"]


class Held:
    """What an attempt has while it is under way, its answer included: a place, and a pool of connections."""

    __slots__ = ("_pools", "given", "headers", "place", "pool", "response", "status", "timeouts")

    def __init__(self, place: Closes, pools: Pools) -> None:
        self.place = place  #: at the endpoint
        self._pools = pools
        self.pool: Pool | None = None
        self.given: Mapping[str, float | None] | None = None  #: timeouts of the client's
        self.timeouts: dict[str, float | None] | None = None  #: those that hold; None: they are the client's

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
    """A class for the body of an answer, which gives the endpoint back when it is closed, or breaks off."""

    class Stream(lib.SyncByteStream):  # type: ignore[misc]
        def __init__(self, head: Held, decision: Decision, deadline: float | None) -> None:
            self._stream = head.response.stream
            self._head = head
            self._decision = decision
            self._deadline = deadline

        def __iter__(self) -> Iterator[bytes]:
            try:
                yield from self._stream
            except BaseException as error:  # httpcore has closed it by now
                if isinstance(error, lib.ReadTimeout) and is_late(self._deadline):
                    error.args = (too_late(self._decision),)
                _broke_off(lib, error, self._decision, self._head, self._deadline)
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
        def __init__(self, head: Held, decision: Decision, deadline: float | None) -> None:
            self._stream = head.response.stream
            self._head = head
            self._decision = decision
            self._deadline = deadline

        def __aiter__(self) -> AsyncIterator[bytes]:
            return _Body(lib, self._stream, self._decision, self._head, self._deadline)

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

    __slots__ = ("_deadline", "_decision", "_head", "_lib", "_pieces", "_stream")

    def __init__(self, lib: Any, stream: Any, decision: Decision, head: Held, deadline: float | None) -> None:
        self._lib = lib
        self._stream = stream
        self._pieces: AsyncIterator[bytes] = stream.__aiter__()
        self._decision = decision
        self._head = head
        self._deadline = deadline

    def __aiter__(self) -> _Body:
        return self

    async def __anext__(self) -> bytes:
        try:
            if self._deadline is None:
                return await self._pieces.__anext__()
            return await self._in_time(self._deadline - time.monotonic())
        except StopAsyncIteration:
            raise
        except BaseException as error:  # httpcore has closed it by now
            _broke_off(self._lib, error, self._decision, self._head, self._deadline)
            raise

    async def _in_time(self, seconds: float) -> bytes:
        """The next piece, within so many seconds."""
        late = None
        if seconds > 0.0:
            try:
                return await _within(seconds, self._pieces)
            except asyncio.TimeoutError as error:
                late = error
        else:
            await self._stream.aclose()
        raise self._lib.ReadTimeout(too_late(self._decision)) from late


async def _within(seconds: float, pieces: AsyncIterator[bytes]) -> bytes:
    if sys.version_info >= (3, 11):
        async with asyncio.timeout(seconds):
            return await pieces.__anext__()
    return await asyncio.wait_for(pieces.__anext__(), seconds)


def _broke_off(
    lib: Any, error: BaseException, decision: Decision, head: Held, deadline: float | None
) -> None:
    """Nothing more is read of an answer. The endpoint is to blame for one without end, as in Envoy, and not
    for the caller's patience."""
    if isinstance(error, lib.ReadTimeout) and is_late(deadline):
        decision.report(error="timeout")
    elif isinstance(error, lib.TransportError):
        word = error_of(lib, error)
        if word in ("reset", "protocol-error"):
            http1 = head.response.extensions.get("http_version", b"HTTP/1.1") != b"HTTP/2"
            decision.report(error="protocol-error" if http1 else word)
    decision.close()
    head.give()
