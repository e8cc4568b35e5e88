"""aiohttp's pools of connections, which tell a request's place when they make a new one for it.

Overridden is what makes a connection: a TraceConfig would tell as well, at ten microseconds for each request.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

import aiohttp

from meshcore.upstream.connections import Connection

__all__ = ["PLACE", "TcpPool", "UnixPool"]

#: Of the request that the task is sending; None: nothing counts its connections.
PLACE: ContextVar[Connection | None] = ContextVar("PLACE", default=None)


class _Counted(aiohttp.BaseConnector):
    async def _create_connection(self, *arguments: Any) -> Any:
        place = PLACE.get()
        if place is None:
            return await super()._create_connection(*arguments)
        with place.connecting():
            return await super()._create_connection(*arguments)

    async def connect(self, *arguments: Any, **named: Any) -> aiohttp.connector.Connection:
        connection = await super().connect(*arguments, **named)
        place = PLACE.get()
        if place is not None and place.on_ready is not None:
            place.on_ready()
        return connection


class TcpPool(_Counted, aiohttp.TCPConnector):
    pass


class UnixPool(_Counted, aiohttp.UnixConnector):
    pass
