"""Forwards requests that came to an ASGI app and are for another service."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import TYPE_CHECKING, Any

from meshcore.engine import Attempt, Decision
from meshcore.exchange import AttemptError, arun
from meshcore.mesh import Mesh

if TYPE_CHECKING:
    import aiohttp

    from meshcore.upstream.client import Upstream
    from meshcore.upstream.connections import Connection, Connections

__all__ = ["Forwarder", "answer"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

#: Bytes that one attempt's body may be ahead of another's.
_LAG = 64 * 1024


async def answer(decision: Decision, send: Send) -> int:
    """Send what the decision itself answers; returns the status."""
    body = decision.body
    headers = [*decision.response_headers(), (b"content-length", str(len(body)).encode())]
    status = decision.status or 500
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
    return status


class Forwarder:
    """The way to other services, for each event loop."""

    def __init__(self, mesh: Mesh) -> None:
        self._mesh = mesh
        self._ways: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Way] = weakref.WeakKeyDictionary()

    async def forward(self, decision: Decision, receive: Receive, send: Send) -> int:
        """Send the request to its endpoint, and the answer back; its status, 0 where the client has left.

        Raises:
            ImportError: aiohttp is not there.
        """
        loop = asyncio.get_running_loop()
        way = self._ways.get(loop)
        if way is None:
            way = self._ways[loop] = _Way(self._mesh)
        await asyncio.to_thread(self._mesh.start)
        return await _Forwarding(way, decision, receive, send).run()

    async def close(self) -> None:
        """Close the connections of this event loop."""
        way = self._ways.pop(asyncio.get_running_loop(), None)
        if way is not None:
            await way.upstream.close()


class _Way:
    def __init__(self, mesh: Mesh) -> None:
        try:
            from meshcore.upstream.client import Upstream
            from meshcore.upstream.connections import Connections
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                "forwarding to other services needs aiohttp, which is missing; install it by: "
                "pip install 'meshcore-engine[proxy]'",
                name=error.name,
            ) from error
        self.mesh = mesh
        self.upstream: Upstream = Upstream()
        self.connections: Connections = Connections(mesh.engine)


class _Head:
    """The head of an answer, and what its body comes by."""

    def __init__(self, response: aiohttp.ClientResponse, connection: Connection) -> None:
        self.status = response.status
        self.headers = response.raw_headers
        self.response = response
        self.connection = connection

    def close(self) -> None:
        self.response.close()
        self.connection.close()


class _Gone(Exception):
    """The client has left in the middle of its request."""


class _Forwarding:
    """One request that is forwarded."""

    def __init__(self, way: _Way, decision: Decision, receive: Receive, send: Send) -> None:
        from meshcore.upstream.replay import Replay

        self._way = way
        self._decision = decision
        self._receive = receive
        self._send = send
        self._first: bytes | None = b""
        self._whole = False  # the client has sent all
        self._body = Replay(self._next_chunk, decision.buffer_limit, _LAG)
        self._has_body = False

    async def run(self) -> int:
        try:
            self._first = await self._next_chunk()
        except _Gone:
            return 0
        self._has_body = bool(self._first)
        exchange = asyncio.ensure_future(self._exchange())
        leaving = asyncio.ensure_future(self._left()) if self._whole else None
        try:
            await asyncio.wait(
                [exchange] if leaving is None else [exchange, leaving], return_when=asyncio.FIRST_COMPLETED
            )
            if not exchange.done():
                return 0
            return exchange.result()
        except _Gone:
            return 0
        finally:
            for task in (exchange, leaving):
                if task is not None and not task.done():
                    task.cancel()
                    await asyncio.wait([task])

    async def _exchange(self) -> int:
        decision = self._decision
        head = await arun(decision, self._attempt, replayable=self._replayable, discard=_Head.close)
        if head is None:
            return await answer(decision, self._send)
        try:
            await self._relay(head)
        finally:
            head.close()
        return head.status

    async def _attempt(self, attempt: Attempt) -> _Head:
        from meshcore.upstream.client import RequestBody
        from meshcore.upstream.connections import Place
        from meshcore.upstream.headers import as_str, end_to_end
        from meshcore.upstream.replies import UpstreamError

        decision, way = self._decision, self._way
        cluster = way.mesh.view().cluster(decision.cluster)
        assert decision.cluster is not None
        headers = [("Host", attempt.authority), *as_str(end_to_end(attempt.request_headers()))]
        body = None
        if self._has_body:
            self._body.join(attempt)
            body = RequestBody(partial(self._body.read, attempt), at_hand=self._whole)
        connection: Connection | None = None
        try:
            place = Place(decision.cluster, attempt.endpoint, decision.priority)
            connection = await way.connections.take(place)
            response = await way.upstream.send(
                way.mesh.address(cluster, attempt.endpoint),
                cluster,
                decision.method,
                attempt.path,
                headers,
                body,
                connection,
            )
        except BaseException as error:
            if connection is not None:
                connection.close()
            if isinstance(error, UpstreamError):
                raise AttemptError(error.reply.error or "reset") from error
            raise
        finally:
            if body is not None:
                self._body.leave(attempt)
        return _Head(response, connection)

    async def _relay(self, head: _Head) -> None:
        from meshcore.upstream.headers import end_to_end

        decision, content = self._decision, head.response.content
        headers = decision.response_headers(end_to_end(head.headers), status=head.status)
        await self._send({"type": "http.response.start", "status": head.status, "headers": headers})
        while chunk := await content.readany():
            await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    def _replayable(self) -> bool:
        return not self._has_body or self._body.replayable

    async def _next_chunk(self) -> bytes:
        """The next bytes of the client's body; b"" at its end."""
        first, self._first = self._first, b""
        if first:
            return first
        while not self._whole:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise _Gone
            self._whole = not message.get("more_body", False)
            if message.get("body"):
                return bytes(message["body"])
        return b""

    async def _left(self) -> None:
        """Returns when the client has left."""
        while (await self._receive())["type"] != "http.disconnect":
            pass
