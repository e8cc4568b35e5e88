"""Connections that wait for their next request."""

from __future__ import annotations

import asyncio
import ssl
from typing import Generic, Protocol, TypeVar

__all__ = ["IdleConnections", "Key"]

#: An endpoint, the TLS that it is spoken to over, and the name that it has proved.
Key = tuple[str, ssl.SSLContext | None, str | None]


class Pooled(Protocol):
    @property
    def key(self) -> Key: ...
    @property
    def closing(self) -> bool: ...
    def close(self) -> None: ...


Connection = TypeVar("Connection", bound=Pooled)


class IdleConnections(Generic[Connection]):
    """Those of an event loop; the one that was used last is given first, so that the others can end.

    Args:
        timeout: seconds that a connection is kept; 0: for ever.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._idle: dict[Key, dict[Connection, float]] = {}  # each with when it began to wait
        self._timer: asyncio.TimerHandle | None = None

    def take(self, key: Key) -> Connection | None:
        """A connection that waits, which does so no longer."""
        idle = self._idle.get(key)
        while idle:
            connection, _ = idle.popitem()
            if not idle:
                del self._idle[key]
            if not connection.closing:
                return connection
        return None

    def put(self, connection: Connection) -> None:
        loop = asyncio.get_running_loop()
        self._idle.setdefault(connection.key, {})[connection] = loop.time()
        if self._timer is None and self._timeout:
            self._timer = loop.call_later(self._timeout, self._sweep)

    def forget(self, connection: Connection) -> None:
        """It has ended by itself."""
        idle = self._idle.get(connection.key)
        if idle is not None and idle.pop(connection, None) is not None and not idle:
            del self._idle[connection.key]

    def close(self) -> None:
        """End all of them."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting = [connection for idle in self._idle.values() for connection in idle]
        self._idle.clear()
        for connection in waiting:
            connection.close()

    def _sweep(self) -> None:
        """End those whose time is over, and come again for the next."""
        loop = asyncio.get_running_loop()
        over = loop.time() - self._timeout
        for idle in tuple(self._idle.values()):
            for connection in [one for one, since in idle.items() if since <= over]:
                self.forget(connection)
                connection.close()
        oldest = min((next(iter(idle.values())) for idle in self._idle.values()), default=None)
        self._timer = None if oldest is None else loop.call_at(oldest + self._timeout, self._sweep)
