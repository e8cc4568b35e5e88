"""Forwards requests that came to an ASGI app and are for another service."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from meshcore._per_loop import PerLoop
from meshcore.engine import Attempt, Decision
from meshcore.exchange import AttemptError, arun
from meshcore.exchange.side_by_side import ended
from meshcore.integrations._asgi_copying import Copying
from meshcore.integrations._inbound import goes_in_circles, mark_of
from meshcore.integrations._traces import Naming
from meshcore.mesh import Mesh

if TYPE_CHECKING:
    from meshcore.upstream.client import RequestBody, Response, Upstream
    from meshcore.upstream.connections import Connection, Connections
    from meshcore.upstream.mirrors import Copy, Mirrors

__all__ = ["Forwarder", "Head", "Told", "Way", "answer"]

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


async def refuse(send: Send, told: Told, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
    """Answer a request that cannot be sent on as it is."""
    told.status = int(status)
    lines = [(b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": int(status), "headers": lines})
    await send({"type": "http.response.body", "body": status.phrase.encode()})


class Told:
    """What is counted of a request, however it ends."""

    __slots__ = ("flag", "status")

    def __init__(self) -> None:
        self.status = 0  #: of the answer; 0: there is none
        self.flag = ""  #: Envoy's response flag, beside the decision's

    def count(self, mesh: Mesh, decision: Decision, flags: str) -> None:
        """``flags``: the decision's, as far as they are to be told."""
        told = ",".join(filter(None, (self.flag, flags)))
        mesh.requests.count((decision.cluster or "", self.status, told))


class Forwarder:
    """The way to other services, for each event loop."""

    def __init__(self, mesh: Mesh) -> None:
        self._mesh = mesh
        self._ways: PerLoop[Way] = PerLoop()

    async def forward(self, decision: Decision, receive: Receive, send: Send, named: Naming | None) -> None:
        """Send the request to its endpoint, and the answer back, and count it.

        Args:
            named: makes the endpoint's header lines of those that it would get; None: they stay.

        Raises:
            ImportError: httptools is not there.
            BrokenAnswer: the answer has begun, and has no end: nothing else tells the client.
        """
        told = Told()
        try:
            if goes_in_circles(decision):
                await refuse(send, told, HTTPStatus.LOOP_DETECTED)
            else:
                await _Forwarding(self.way(), decision, receive, send, told, named).run()
        except asyncio.CancelledError:
            told.flag = "DC"
            raise
        finally:
            told.count(self._mesh, decision, decision.flags)

    async def copying(self, decision: Decision, receive: Receive) -> Copying:
        """Begin the copies that a decision asks for of a request that the app answers."""
        copying = Copying(self.way(), decision, receive)
        await copying.begin()
        return copying

    def way(self) -> Way:
        """From this event loop.

        Raises:
            ImportError: httptools is not there.
        """
        return self._ways.get(lambda: Way(self._mesh))

    @property
    def copies(self) -> int:
        """Copies for mirrors that are under way in this event loop."""
        way = self._ways.find()
        return way.mirrors.active if way is not None else 0

    async def close(self) -> None:
        """Close the connections of this event loop."""
        way = self._ways.pop()
        if way is not None:
            await way.mirrors.close()
            await way.upstream.close()


class Way:
    """To endpoints, from one event loop."""

    def __init__(self, mesh: Mesh) -> None:
        try:
            from meshcore.upstream.client import Upstream
            from meshcore.upstream.mirrors import Mirrors
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                "forwarding to other services needs httptools, which is missing; install it by: "
                "pip install 'meshcore-engine[proxy]'",
                name=error.name,
            ) from error
        self.mesh = mesh
        self.upstream: Upstream = Upstream(certificates=lambda: mesh.certificates)
        self.connections: Connections = mesh.connections
        self.mirrors: Mirrors = Mirrors(
            mesh.engine,
            upstream=lambda: self.upstream,
            connections=self.connections,
            cluster=lambda name: mesh.view().cluster(name),
            address=mesh.address,
            count=mesh.counters.count,
            finished=lambda *over: mesh.requests.count(over),
        )

    async def send(
        self,
        decision: Decision,
        attempt: Attempt,
        lines: Sequence[tuple[bytes, bytes]],
        body: RequestBody | None = None,
        leave: Callable[[], object] = lambda: None,
    ) -> Head:
        """Make an attempt, with these lines behind Host; ``leave``: it wants no more of the body.

        Raises:
            AttemptError: it has failed.
            UpstreamError: it cannot be sent, and no endpoint is to blame.
        """
        from meshcore.upstream.connections import Place
        from meshcore.upstream.replies import UpstreamError

        cluster = self.mesh.view().cluster(decision.cluster)
        assert decision.cluster is not None
        host = attempt.authority.encode("utf-8", "surrogateescape")
        headers = [(b"Host", host), *lines, mark_of(self.mesh)]
        connection: Connection | None = None
        try:
            place = Place(decision.cluster, attempt.endpoint, decision.priority)
            connection = await self.connections.take(place)
            response = await self.upstream.send(
                self.mesh.address(cluster, attempt.endpoint),
                cluster,
                decision.method,
                attempt.path,
                headers,
                body,
                connection,
            )
        except BaseException as error:
            leave()
            if connection is not None:
                connection.close()
            if isinstance(error, UpstreamError) and error.reply.error:
                raise AttemptError(error.reply.error) from error
            raise
        return Head(response, connection, leave)

    def begin_copies(self, decision: Decision, *, body: bool) -> Sequence[Copy]:
        """Send the copies that a decision asks for, to be fed the ``body``."""
        lines = decision.request_headers()
        length = next((value for name, value in lines if name == b"content-length"), None)
        return self.mirrors.begin(decision, length, body=body)


class Head:
    """The head of an answer, and what its body comes by."""

    def __init__(self, response: Response, connection: Connection, leave: Callable[[], object]) -> None:
        self.status = response.status
        self.headers = response.raw_headers
        self.response = response
        self._connection = connection
        self._leave = leave

    def close(self) -> None:
        self.response.close()
        self._connection.close()
        self._leave()  # an endpoint may answer while it still reads


class _Forwarding:
    """One request that is forwarded."""

    def __init__(
        self,
        way: Way,
        decision: Decision,
        receive: Receive,
        send: Send,
        told: Told,
        named: Naming | None,
    ) -> None:
        from meshcore.upstream.replay import Replay

        self._way = way
        self._decision = decision
        self._receive = receive
        self._send = send
        self._told = told
        self._named = named
        self._first = b""
        self._whole = asyncio.Event()  # the client has sent all
        self._gone = asyncio.Event()  # the client has left
        self._body = Replay(self._next_chunk, decision.buffer_limit, _LAG)
        self._has_body = False
        self._copies: Sequence[Copy] = ()  # for mirrors

    async def run(self) -> None:
        self._first = await self._receive_chunk()
        if self._gone.is_set():
            self._told.flag = "DC"
            return
        self._has_body = bool(self._first)
        if self._way.mesh.view().mirrors:
            self._copies = self._way.begin_copies(self._decision, body=self._has_body)
        exchange = asyncio.ensure_future(self._exchange())
        others = [asyncio.ensure_future(self._gone.wait()), asyncio.ensure_future(self._watch())]
        try:
            await asyncio.wait([exchange, others[0]], return_when=asyncio.FIRST_COMPLETED)
            if exchange.done():
                exchange.result()
            else:
                self._told.flag = "DC"
        finally:
            for copy in self._copies:
                copy.abandon()
            tasks = (exchange, *others)
            for task in tasks:
                task.cancel()
            if await ended(tasks):
                raise asyncio.CancelledError

    async def _exchange(self) -> None:
        decision = self._decision
        from meshcore.upstream.client import BrokenAnswer
        from meshcore.upstream.replies import UpstreamError

        try:
            head = await arun(decision, self._attempt, replayable=self._replayable, discard=Head.close)
        except UpstreamError:  # a control character is in what is to be sent: no endpoint is to blame
            await refuse(self._send, self._told)
            return
        if head is None:
            self._told.status = decision.status or 500
            await answer(decision, self._send)
            return
        self._told.status = head.status
        self._body.settle()
        try:
            await self._relay(head)
        except BrokenAnswer:
            decision.report(error="reset")
            raise
        finally:
            head.close()

    async def _attempt(self, attempt: Attempt) -> Head:
        from meshcore.upstream.client import RequestBody
        from meshcore.upstream.headers import end_to_end

        lines = [line for line in attempt.request_headers() if line[0].lower() != b"host"]
        if self._named is not None:
            lines = self._named(lines)
        body = None
        if self._has_body:
            self._body.join(attempt)
            body = RequestBody(partial(self._body.read, attempt), at_hand=self._whole.is_set())
        leave = partial(self._body.leave, attempt)
        head = await self._way.send(self._decision, attempt, end_to_end(lines), body, leave)
        if not 200 <= head.status <= 599:  # servers know no other, and nobody asked for 101
            head.close()
            raise AttemptError("protocol-error")
        return head

    async def _relay(self, head: Head) -> None:
        from meshcore.upstream.headers import end_to_end

        decision, content = self._decision, head.response.content
        lines = [(name.lower(), value) for name, value in end_to_end(head.headers)]  # as ASGI wants names
        if head.status == 304:  # servers would wait for a body of the length that it tells
            lines = [line for line in lines if line[0] != b"content-length"]
        headers = decision.response_headers(lines, status=head.status)
        await self._send({"type": "http.response.start", "status": head.status, "headers": headers})
        while chunk := await content.read():
            await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    def _replayable(self) -> bool:
        return not self._has_body or self._body.replayable

    async def _next_chunk(self) -> bytes:
        """The next bytes of the client's body; b"" at its end. Never, where the client has left: no endpoint
        is to blame for that, and ``run()`` ends the exchange."""
        chunk, self._first = self._first, b""
        if not chunk:
            chunk = await self._receive_chunk()
        if self._gone.is_set():
            await asyncio.get_running_loop().create_future()
        for copy in self._copies:
            copy.feed(chunk)
            if self._whole.is_set():
                copy.end()
        return chunk

    async def _receive_chunk(self) -> bytes:
        while not self._whole.is_set():
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self._gone.set()
                return b""
            if not message.get("more_body", False):
                self._whole.set()
            if message.get("body"):
                return bytes(message["body"])
        return b""

    async def _watch(self) -> None:
        """Once nobody else receives any more, notice that the client leaves."""
        await self._whole.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone.set()
