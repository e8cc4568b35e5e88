"""Connections to endpoints, within the circuit breakers of their clusters.

HTTP/1.1 carries one request at a time, so that a request needs a connection of its own: its place here is its
connection's. Connections that are idle are not counted. As in Envoy a request that finds no place waits for
one of its endpoint, first come first served, and is pending meanwhile; so is one whose connection is still
being made.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal, NamedTuple, Protocol

from meshcore.engine import Engine, Lease
from meshcore.upstream.replies import OVERFLOW, UpstreamError

__all__ = ["Connection", "Connections", "Place"]

#: A cluster, an endpoint of it, and a priority.
Key = tuple[str, str, Literal["default", "high"]]


class Placed(Protocol):
    """What needs a place: an attempt, or a pick."""

    @property
    def cluster(self) -> str | None: ...
    @property
    def endpoint(self) -> str | None: ...
    @property
    def priority(self) -> Literal["default", "high"]: ...


class Place(NamedTuple):
    """Where an attempt is to go."""

    cluster: str
    endpoint: str
    priority: Literal["default", "high"]


class Connection:
    """The place of one request; close it when the request is over.

    ``on_ready`` is called once it has its connection.
    """

    def __init__(self, places: Connections, key: Key, lease: Lease | None) -> None:
        self._places = places
        self._key = key
        self._lease = lease
        self.on_ready: Callable[[], None] | None = None

    @contextmanager
    def connecting(self) -> Iterator[None]:
        """The pool has no connection to give and makes one.

        Raises:
            UpstreamError: where no more may wait for that.
        """
        pending = self._places.pending(self._key)
        try:
            yield
        finally:
            if pending is not None:
                pending.close()

    def close(self) -> None:
        self.on_ready = None  # a pooled connection's context remembers us, and ought to remember nothing else
        if self._lease is not None:
            self._lease.close()
            self._lease = None
            self._places.freed(self._key)


class Connections:
    """The places of all endpoints. Used from the event loop's thread alone."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: dict[Key, deque[asyncio.Future[Lease | None]]] = {}

    async def take(self, decision: Placed) -> Connection:
        """A place for a request that is to be forwarded, once there is one.

        Raises:
            UpstreamError: where it would have to wait, and no more may.
        """
        assert decision.cluster is not None
        assert decision.endpoint is not None
        key = (decision.cluster, decision.endpoint, decision.priority)
        if key not in self._waiting:
            try:
                lease = self._lease(key)
            except KeyError:  # it has gone meanwhile: nothing limits what is left for it
                return Connection(self, key, None)
            if lease is not None:
                return Connection(self, key, lease)
        pending = self.pending(key)
        try:
            return Connection(self, key, await self._turn(key))
        finally:
            if pending is not None:
                pending.close()

    def pending(self, key: Key) -> Lease | None:
        """Raises UpstreamError where no more may wait; None for a cluster that has gone."""
        cluster, _, priority = key
        try:
            lease = self._engine.pending(cluster, priority=priority)
        except KeyError:
            return None
        if lease is None:
            raise UpstreamError(OVERFLOW)
        return lease

    def freed(self, key: Key) -> None:
        """There may be room: the first that waits for it gets it."""
        waiting = self._waiting.get(key)
        while waiting and waiting[0].done():  # cancelled, and not out of the line yet
            waiting.popleft()
        if not waiting:
            self._waiting.pop(key, None)
            return
        try:
            lease = self._lease(key)
        except KeyError:  # it has gone: nobody has to wait any more
            for future in self._waiting.pop(key):
                if not future.done():
                    future.set_result(None)
            return
        if lease is not None:
            waiting.popleft().set_result(lease)

    def _lease(self, key: Key) -> Lease | None:
        cluster, endpoint, priority = key
        return self._engine.connection(cluster, endpoint, priority=priority)

    async def _turn(self, key: Key) -> Lease | None:
        waiting = self._waiting.setdefault(key, deque())
        future: asyncio.Future[Lease | None] = asyncio.get_running_loop().create_future()
        waiting.append(future)
        try:
            return await future
        except asyncio.CancelledError:
            if not future.cancelled() and (lease := future.result()) is not None:
                lease.close()  # its turn came as it was cancelled
            self.freed(key)
            raise
