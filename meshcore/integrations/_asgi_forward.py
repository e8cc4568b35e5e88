"""Forwards requests that came to an ASGI app and are for another service."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from meshcore._per_loop import PerLoop
from meshcore.engine import Attempt, Decision
from meshcore.exchange import AttemptError, arun
from meshcore.exchange.side_by_side import ended
from meshcore.integrations._asgi_body import ClientBody
from meshcore.integrations._asgi_copying import Copying
from meshcore.integrations._asgi_way import STALLED, Head, Told, Way
from meshcore.integrations._inbound import goes_in_circles, may_be_copied
from meshcore.integrations._outbound import too_late
from meshcore.integrations._traces import Naming
from meshcore.mesh import Mesh
from meshcore.upstream.framing import framed_answer, length_of

if TYPE_CHECKING:
    from meshcore.upstream.headers import Line
    from meshcore.upstream.incoming import Incoming
    from meshcore.upstream.mirrors import Copy

__all__ = ["Forwarder", "answer"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

#: Bytes that one attempt's body may be ahead of another's.
_LAG = 64 * 1024


async def answer(decision: Decision, send: Send) -> int:
    """Send what the decision itself answers; returns the status."""
    body = decision.body
    lines = framed_answer(decision.response_headers(), ())
    headers = [*lines, (b"content-length", str(len(body)).encode())]
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


class Forwarder:
    """The way to other services, for each event loop."""

    def __init__(self, mesh: Mesh) -> None:
        self._mesh = mesh
        self._ways: PerLoop[Way] = PerLoop()
        self.added: frozenset[bytes] = frozenset()  #: names of lines that the server has in every answer

    async def forward(
        self,
        decision: Decision,
        headers: Sequence[Line],
        receive: Receive,
        send: Send,
        named: Naming | None,
    ) -> None:
        """Send the request to its endpoint, and the answer back, and count it.

        Args:
            headers: with which it came.
            named: makes the endpoint's header lines of those that it would get; None: they stay.

        Raises:
            ImportError: httptools is not there.
            BrokenAnswer, TimeoutError: the answer has begun, and has no end, or none in the route's time:
                nothing else tells the client.
        """
        told = Told()
        try:
            if goes_in_circles(headers):
                await refuse(send, told, HTTPStatus.LOOP_DETECTED)
            else:
                length = length_of(headers)
                forwarding = _Forwarding(self.way(), decision, length, receive, send, told, named)
                forwarding.added = self.added
                await forwarding.run(copied=self._mesh.view().mirrors and may_be_copied(headers))
        except asyncio.CancelledError:
            told.flag = "DC"
            raise
        finally:
            told.count(self._mesh, decision, decision.flags)

    async def copying(self, decision: Decision, headers: Sequence[Line], receive: Receive) -> Copying:
        """Begin the copies that a decision asks for of a request, which came with these lines, that the app
        answers."""
        copying = Copying(self.way(), decision, length_of(headers), receive)
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


class _Forwarding:
    """One request that is forwarded."""

    def __init__(
        self,
        way: Way,
        decision: Decision,
        length: bytes | None,
        receive: Receive,
        send: Send,
        told: Told,
        named: Naming | None,
    ) -> None:
        from meshcore.upstream.replay import Replay

        self._way = way
        self._decision = decision
        self._length = length
        self._to_client = send
        self.added: frozenset[bytes] = frozenset()
        self._said_all = False  # the last of the answer is with the server
        self._told = told
        self._named = named
        self._client = ClientBody(receive)
        self._first = b""
        self._body = Replay(self._next_chunk, decision.buffer_limit, _LAG)
        self._has_body = False
        self._copies: Sequence[Copy] = ()  # for mirrors
        self._loop = asyncio.get_running_loop()
        self._late = False  # the route's time is over, and the answer has begun
        self._waits_since: float | None = None  # what an endpoint is to take of the body; None: nothing does

    async def run(self, *, copied: bool) -> None:
        """``copied``: mirrors may get copies."""
        client = self._client
        tasks: list[asyncio.Future[Any]] = [client.reading]
        try:
            first = await client.next()
            if first is None:
                self._left()
                return
            self._first, self._has_body = first, bool(first)
            if copied:
                self._copies = self._way.begin_copies(self._decision, self._length, body=self._has_body)
            exchange = asyncio.ensure_future(self._exchange())
            gone = asyncio.ensure_future(client.gone.wait())
            tasks += [exchange, gone]
            await self._wait(exchange, gone)
            if self._said_all:  # servers may say that a client has left before they have sent the last of it
                await self._wait(exchange)
            if exchange.done():
                exchange.result()
            elif gone.done():
                self._left()
            else:
                exchange.cancel()
                await ended([exchange])
                await self._stalled()
        finally:
            for copy in self._copies:
                copy.abandon()
            for task in tasks:
                task.cancel()
            if await ended(tasks):
                raise asyncio.CancelledError

    def _send(self, message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.body" and not message.get("more_body"):
            self._said_all = True
        return self._to_client(message)

    def _left(self) -> None:
        """The client has; raises what its server did instead of telling so."""
        self._told.flag = "DC"
        self._client.reading.result()

    async def _wait(self, *until: asyncio.Future[Any]) -> None:
        """Until one has ended, or an endpoint has taken nothing for too long."""
        done: set[asyncio.Future[Any]] = set()
        while not done:
            now = self._loop.time()
            left = (now if self._waits_since is None else self._waits_since) + STALLED - now
            if left <= 0:
                return
            done, _ = await asyncio.wait(until, timeout=left, return_when=asyncio.FIRST_COMPLETED)

    async def _stalled(self) -> None:
        """End what no endpoint ends."""
        from meshcore.upstream.client import BrokenAnswer

        if self._told.status:
            self._told.flag = "SI"
            raise BrokenAnswer("stream timeout")
        self._decision.report(error="idle-timeout")
        self._told.status = self._decision.status or 504
        await answer(self._decision, self._send)

    async def _exchange(self) -> None:
        decision = self._decision
        from meshcore.upstream.client import BrokenAnswer
        from meshcore.upstream.replies import BROKEN_OFF, UpstreamError

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
        limit = self._limit(head.response.content)
        try:
            await self._relay(head)
        except BrokenAnswer:
            decision.report(error=BROKEN_OFF.error)
            raise
        except asyncio.CancelledError:
            if not self._late:
                raise
            self._told.flag = "UT"
            raise TimeoutError(too_late(decision)) from None
        finally:
            if limit is not None:
                limit.cancel()
            head.close()

    def _limit(self, content: Incoming) -> asyncio.TimerHandle | None:
        """The route's timeout is for the endpoint's whole answer, not for how fast the client takes it."""

        task = asyncio.current_task()
        assert task is not None

        def cut(task: asyncio.Task[None] = task) -> None:
            if not content.complete:
                self._late = True
                task.cancel()

        deadline = self._decision.deadline
        if deadline is None or content.complete:
            return None
        return self._loop.call_later(deadline - time.monotonic(), cut)

    async def _attempt(self, attempt: Attempt) -> Head:
        from meshcore.upstream.client import RequestBody
        from meshcore.upstream.headers import end_to_end

        lines = [line for line in attempt.request_headers() if line[0].lower() != b"host"]
        if self._named is not None:
            lines = self._named(lines)
        body = None
        if self._has_body:
            self._body.join(attempt)
            body = RequestBody(partial(self._read, attempt), at_hand=self._client.whole)
        leave = partial(self._body.leave, attempt)
        head = await self._way.send(self._decision, attempt, end_to_end(lines), body, self._length, leave)
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
        headers = framed_answer(decision.response_headers(lines, status=head.status), lines)
        if self.added:
            headers = [line for line in headers if line[0].lower() not in self.added]
        await self._send({"type": "http.response.start", "status": head.status, "headers": headers})
        while chunk := await content.read():
            if self._waits_since is not None:  # while it says something, it may listen later
                self._waits_since = self._loop.time()
            await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    def _replayable(self) -> bool:
        return not self._has_body or self._body.replayable

    async def _read(self, attempt: Attempt) -> bytes:
        self._waits_since = None
        piece = await self._body.read(attempt)
        self._waits_since = self._loop.time() if piece else None
        return piece

    async def _next_chunk(self) -> bytes:
        """The next bytes of the client's body; b"" at its end. Never, where the client has left: no endpoint
        is to blame for that, and ``run()`` ends the exchange."""
        chunk: bytes | None
        chunk, self._first = self._first, b""
        if not chunk and (chunk := await self._client.next()) is None:
            await self._loop.create_future()
        assert chunk is not None
        for copy in self._copies:
            copy.feed(chunk)
            if self._client.at_end:
                copy.end()
        return chunk
