"""Notices that clients leave from whom nothing is read just now.

asyncio does not look at a socket whose reading is paused: a client could have gone for as long as an endpoint
takes nothing of what was sent. Linux tells (EPOLLRDHUP), which is what Envoy asks for, too; on other systems
only the time of a stream without progress ends it. What no system tells is that a client has left whose last
bytes did not fit into the socket.
"""

from __future__ import annotations

import asyncio
import select
from collections.abc import Callable

__all__ = ["Departures"]


class Departures:
    """Watches connections of one event loop. Close it when there is nothing left to watch."""

    def __init__(self) -> None:
        self._epoll: select.epoll | None = None
        self._watched: dict[int, tuple[asyncio.BaseTransport, Callable[[], object]]] = {}

    def watch(self, transport: asyncio.BaseTransport, gone: Callable[[], object]) -> None:
        """Call ``gone``, once, when the other side has closed or reset the connection."""
        socket = transport.get_extra_info("socket")
        if socket is None or not hasattr(select, "EPOLLRDHUP"):
            return
        if self._epoll is None:
            try:
                self._epoll = select.epoll()
            except OSError:  # too many files are open: it is noticed when it is read from again
                return
            asyncio.get_running_loop().add_reader(self._epoll.fileno(), self._look)
        number = socket.fileno()
        if self._watched.get(number, (None,))[0] is transport:
            return
        self._watched[number] = transport, gone
        self._epoll.register(number, select.EPOLLRDHUP | select.EPOLLONESHOT)

    def forget(self, transport: asyncio.BaseTransport) -> None:
        """Its reading goes on, or it has ended."""
        socket = transport.get_extra_info("socket")
        number = -1 if socket is None else socket.fileno()
        watched = self._watched.get(number)
        if watched is not None and watched[0] is transport:
            self._end(number)

    def close(self) -> None:
        if self._epoll is not None:
            asyncio.get_running_loop().remove_reader(self._epoll.fileno())
            self._epoll.close()
            self._epoll = None
        self._watched.clear()

    def _look(self) -> None:
        assert self._epoll is not None
        for number, _ in self._epoll.poll(0):
            _, gone = self._watched[number]
            self._end(number)
            gone()

    def _end(self, number: int) -> None:
        assert self._epoll is not None
        del self._watched[number]
        self._epoll.unregister(number)
