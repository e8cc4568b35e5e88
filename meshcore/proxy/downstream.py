"""The client's side: all connections of clients, and how they end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from meshcore.proxy.answer import Answer
from meshcore.proxy.client import ClientConnection
from meshcore.proxy.departures import Departures
from meshcore.proxy.options import ProxyOptions
from meshcore.proxy.request import Request
from meshcore.upstream.incoming import RECEIVED
from meshcore.upstream.replies import Reply

__all__ = ["DownstreamServer"]


class DownstreamServer:
    """Makes a ``ClientConnection`` for each client and hands its requests to ``handler``.

    Args:
        handler: answers a request; cancelled when the client leaves.
        options: bounds and times.
        refused: told of the peer's address and our answer, where something could not be parsed.
    """

    def __init__(
        self,
        handler: Callable[[Request], Awaitable[Answer]],
        options: ProxyOptions,
        refused: Callable[[object, Reply], None],
    ) -> None:
        self.handler = handler
        self.options = options
        self.refused = refused
        self.connections: set[ClientConnection] = set()
        self.departures = Departures()
        self.buffer = memoryview(bytearray(RECEIVED))  #: that connections receive into, one at a time

    def __call__(self) -> ClientConnection:
        return ClientConnection(self)

    def shut(self) -> None:
        """End connections that are idle, and the others after their answer."""
        for connection in tuple(self.connections):
            connection.shut()

    def abort(self) -> None:
        """End all connections, cancelling what they still serve."""
        for connection in tuple(self.connections):
            connection.abort()
        self.departures.close()
