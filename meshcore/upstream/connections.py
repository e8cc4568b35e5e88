"""Connections to endpoints, within the circuit breakers of their clusters.

HTTP/1.1 carries one request at a time, so that a request needs a connection of its own: its place here is its
connection's. Connections that are idle are not counted. As in Envoy a request that finds no place waits for
one of its endpoint, first come first served, and is pending meanwhile; so is one whose connection is still
being made. Threads and event loops stand in one line.
"""

from __future__ import annotations

import asyncio
import threading
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

    __slots__ = ("_key", "_lease", "_places", "on_ready")

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


class _Waiter:
    """Somebody in the line. ``wake``: tells that the turn has come; raises RuntimeError where nobody is there
    any more."""

    __slots__ = ("called", "lease", "wake")

    def __init__(self, wake: Callable[[], object]) -> None:
        self.wake = wake
        self.called = False
        self.lease: Lease | None = None  #: of a connection; None: nothing is limited


class Connections:
    """The places of all endpoints, for any number of threads and event loops."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._waiting: dict[Key, deque[_Waiter]] = {}

    async def take(self, decision: Placed, seconds: float | None = None) -> Connection:
        """A place for a request that is to be forwarded, once there is one. It waits no longer than
        ``seconds``; None: as long as that takes.

        Raises:
            UpstreamError: where it would have to wait, and no more may.
            TimeoutError: there was none by then.
        """
        found = self.at_once(decision)
        if found is not None:
            return found
        key = _key(decision)
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[bool] = loop.create_future()
        waiter = _Waiter(lambda: loop.call_soon_threadsafe(_resolve, turn, True))
        with self._pending(key):
            if not self._line_up(key, waiter):
                end = None if seconds is None else loop.call_later(seconds, _resolve, turn, False)
                try:
                    if not await turn:
                        raise TimeoutError
                except BaseException:
                    self._leave(key, waiter)
                    raise
                finally:
                    if end is not None:
                        end.cancel()
        return Connection(self, key, waiter.lease)

    def wait(self, decision: Placed, seconds: float | None = None) -> Connection:
        """The same for a thread. One that runs an event loop needs ``seconds``: it may be that loop which
        would have to free the place."""
        found = self.at_once(decision)
        if found is not None:
            return found
        key = _key(decision)
        turn = threading.Event()
        waiter = _Waiter(turn.set)
        with self._pending(key):
            if not self._line_up(key, waiter):
                try:
                    if not turn.wait(seconds):
                        raise TimeoutError
                except BaseException:
                    self._leave(key, waiter)
                    raise
        return Connection(self, key, waiter.lease)

    def at_once(self, decision: Placed) -> Connection | None:
        """A place where there is one and nobody waits."""
        key = decision if isinstance(decision, Place) else _key(decision)
        if key in self._waiting:
            return None
        try:
            lease = self._lease(key)
        except KeyError:  # it has gone meanwhile: nothing limits what is left for it
            return Connection(self, key, None)
        return None if lease is None else Connection(self, key, lease)

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

    @contextmanager
    def _pending(self, key: Key) -> Iterator[None]:
        pending = self.pending(key)
        try:
            yield
        finally:
            if pending is not None:
                pending.close()

    def _line_up(self, key: Key, waiter: _Waiter) -> bool:
        """Whether its turn has come already: who freed a place before may not have seen it waiting."""
        with self._lock:
            self._waiting.setdefault(key, deque()).append(waiter)
        self.freed(key)
        return waiter.called

    def _leave(self, key: Key, waiter: _Waiter) -> None:
        """It waits no longer; its turn may have come in the same moment."""
        with self._lock:
            waiting = self._waiting.get(key)
            if not waiter.called and waiting is not None:
                waiting.remove(waiter)
                if not waiting:
                    del self._waiting[key]
        if waiter.lease is not None:
            waiter.lease.close()
        self.freed(key)

    def freed(self, key: Key) -> None:
        """There may be room: the first that waits for it gets it."""
        while key in self._waiting:
            with self._lock:
                called = self._next(key)
            if not called:
                return
            for waiter in called:
                try:
                    waiter.wake()
                except RuntimeError:  # its event loop has been closed
                    if waiter.lease is not None:
                        waiter.lease.close()

    def _next(self, key: Key) -> list[_Waiter]:
        """Whose turn it is. Under the lock."""
        waiting = self._waiting.get(key)
        if not waiting:
            return []
        try:
            lease = self._lease(key)
        except KeyError:  # it has gone: nobody has to wait any more
            called = list(waiting)
            waiting.clear()
        else:
            if lease is None:
                return []
            called = [waiting.popleft()]
            called[0].lease = lease
        for waiter in called:
            waiter.called = True
        if not waiting:
            del self._waiting[key]
        return called

    def _lease(self, key: Key) -> Lease | None:
        cluster, endpoint, priority = key
        return self._engine.connection(cluster, endpoint, priority=priority)


def _key(decision: Placed) -> Key:
    assert decision.cluster is not None
    assert decision.endpoint is not None
    return decision.cluster, decision.endpoint, decision.priority


def _resolve(future: asyncio.Future[bool], come: bool) -> None:
    if not future.done():
        future.set_result(come)
