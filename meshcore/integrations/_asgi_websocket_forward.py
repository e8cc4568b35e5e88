"""Websockets that came to an ASGI app and are for another service: messages go to an endpoint, and back.

An ASGI server gives messages and no bytes. So each side has a connection of its own: pings are answered here,
and what the two sides agree on in their handshakes (compression) is theirs.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from meshcore.engine import Attempt, Decision
from meshcore.exchange import AttemptError, arun
from meshcore.exchange.side_by_side import ended
from meshcore.integrations._asgi_forward import Head, Way
from meshcore.integrations._inbound import goes_in_circles

if TYPE_CHECKING:
    from meshcore.integrations.asgi import Message, Receive, Scope, Send
    from meshcore.upstream.websocket import Message as Received

__all__ = ["EXTENSION", "FORBIDDEN", "forward", "refuse"]

EXTENSION = "websocket.http.response"
#: What the client gets where the server cannot say more.
FORBIDDEN = 403
#: Bytes of a message, as ASGI's servers have it by default.
_MOST = 16 * 1024 * 1024
#: Seconds that an endpoint has to end its side, when the client has left.
_PATIENCE = 5.0
_NORMAL, _GOING_AWAY, _NO_STATUS, _BAD_GATEWAY = 1000, 1001, 1005, 1014


async def refuse(decision: Decision, scope: Scope, send: Send) -> int:
    """End a handshake before it is accepted, by the decision's answer where the server can send that."""
    lines = decision.response_headers()
    return await _answer(scope, send, decision.status or 500, lines, decision.body)


async def forward(way: Way, decision: Decision, scope: Scope, receive: Receive, send: Send) -> int:
    """Take a handshake to its endpoint, and then messages until either side ends. The status of the answer to
    it; 0: the client has left before.

    Raises:
        ImportError: httptools is not there.
    """
    from meshcore.upstream.replies import UpstreamError

    await receive()  # websocket.connect
    if goes_in_circles(decision):
        return await _answer(scope, send, 508, [], b"Loop Detected")
    client = _Client(receive, send)
    opening = asyncio.ensure_future(_open(way, decision, scope))
    try:
        await asyncio.wait((opening, client.next), return_when=asyncio.FIRST_COMPLETED)
        if not opening.done():  # there is nothing that a client may say before it is answered: it has left
            return 0
        try:
            head = opening.result()
        except UpstreamError:  # a control character is in what is to be sent: no endpoint is to blame
            return await _answer(scope, send, 400, [], b"Bad Request")
        if head is None:
            return await refuse(decision, scope, send)
        if head.status != 101:
            return await _relay(decision, scope, send, head)
        await _accept(decision, client, head)
        await _Tunnel(decision, client, head).run()
        return 101
    finally:
        tasks = (opening, client.next)
        for task in tasks:
            task.cancel()
        cancelled = await ended(tasks)
        # It may have been there before anybody could take it: we were cancelled just then.
        if not opening.cancelled() and opening.exception() is None and (head := opening.result()) is not None:
            head.close()
        if cancelled:
            raise asyncio.CancelledError


async def _open(way: Way, decision: Decision, scope: Scope) -> Head | None:
    """The answer to the handshake, which the endpoint has accepted where its status is 101."""
    from meshcore.upstream.headers import end_to_end
    from meshcore.upstream.websocket import handshake, is_accepted, subprotocol

    asked = list(scope.get("subprotocols") or ())

    async def attempted(attempt: Attempt) -> Head:
        given = [line for line in attempt.request_headers() if line[0].lower() != b"host"]
        lines, key = handshake(end_to_end(given), asked)
        head = await way.send(decision, attempt, lines)
        good = 200 <= head.status <= 599
        if head.status == 101:
            good = is_accepted(key, head.headers) and subprotocol(head.headers) in (None, *asked)
        if not good:
            head.close()
            raise AttemptError("protocol-error")
        return head

    return await arun(decision, attempted, discard=Head.close)


async def _accept(decision: Decision, client: _Client, head: Head) -> None:
    from meshcore.upstream.headers import end_to_end
    from meshcore.upstream.websocket import subprotocol

    lines = [(name.lower(), value) for name, value in end_to_end(head.headers)]
    lines = [line for line in lines if not line[0].startswith(b"sec-websocket-")]
    await client.send(
        {
            "type": "websocket.accept",
            "subprotocol": subprotocol(head.headers),
            "headers": decision.response_headers(lines, status=101),
        }
    )


async def _relay(decision: Decision, scope: Scope, send: Send, head: Head) -> int:
    """Give the client an answer that ends the handshake."""
    from meshcore.upstream.headers import end_to_end

    if EXTENSION not in (scope.get("extensions") or {}):
        return await _answer(scope, send, head.status, [], b"")
    lines = [(name.lower(), value) for name, value in end_to_end(head.headers)]
    headers = decision.response_headers(lines, status=head.status)
    await send({"type": f"{EXTENSION}.start", "status": head.status, "headers": headers})
    while chunk := await head.response.content.read():
        await send({"type": f"{EXTENSION}.body", "body": chunk, "more_body": True})
    await send({"type": f"{EXTENSION}.body", "body": b"", "more_body": False})
    return head.status


async def _answer(
    scope: Scope, send: Send, status: int, lines: list[tuple[bytes, bytes]], body: bytes
) -> int:
    if EXTENSION not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close", "code": _NORMAL})
        return FORBIDDEN
    headers = [*lines, (b"content-length", str(len(body)).encode())]
    await send({"type": f"{EXTENSION}.start", "status": status, "headers": headers})
    await send({"type": f"{EXTENSION}.body", "body": body})
    return status


class _Client:
    """The server's side of the app, for which always one ``receive()`` is under way."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self.next: asyncio.Future[Message] = asyncio.ensure_future(receive())

    @property
    def has_left(self) -> bool:
        if not self.next.done() or self.next.cancelled():
            return False
        return self.next.exception() is not None or self.next.result()["type"] == "websocket.disconnect"

    async def send(self, message: Message) -> None:
        """Nothing, once it has left: servers take that amiss."""
        if not self.has_left:
            with suppress(OSError):  # it leaves just now
                await self._send(message)

    async def receive(self) -> Message:
        message = await asyncio.shield(self.next)
        if message["type"] != "websocket.disconnect":  # after which there is nothing
            self.next = asyncio.ensure_future(self._receive())
        return message


class _Tunnel:
    """What is said between a client and an endpoint, once the endpoint has accepted."""

    def __init__(self, decision: Decision, client: _Client, head: Head) -> None:
        from meshcore.upstream.websocket import Frames

        self._decision = decision
        self._client = client
        self._response = head.response
        self._frames = Frames(_MOST)
        self._writing = asyncio.Lock()
        self._loop = asyncio.get_running_loop()
        self._moved = self._begun = self._loop.time()

    async def run(self) -> None:
        up, down = asyncio.ensure_future(self._up()), asyncio.ensure_future(self._down())
        try:
            await self._wait(up, down)
            if not up.done() and not down.done():  # it has taken too long
                await self._end(_GOING_AWAY, "nothing is said any more")
            elif not down.done():  # the client has left
                await asyncio.wait((down,), timeout=_PATIENCE)
        finally:
            for task in (up, down):
                task.cancel()
            if await ended((up, down)):
                raise asyncio.CancelledError
        for task in (up, down):
            if not task.cancelled():
                task.result()

    async def _wait(self, *tasks: asyncio.Future[None]) -> None:
        """Until one has ended, or nothing has moved for too long, or all has lasted for too long."""
        idle, longest = self._decision.idle_timeout, self._decision.max_stream_duration
        while True:
            ends = [self._moved + idle] if idle else []
            ends += [self._begun + longest] if longest else []
            left = min(ends) - self._loop.time() if ends else None
            if left is not None and left <= 0:
                return
            done, _ = await asyncio.wait(tasks, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            if done:
                return

    async def _up(self) -> None:
        """What the client says, until it leaves."""
        from meshcore.upstream.websocket import BINARY, TEXT, close_frame, frame

        while True:
            message = await self._client.receive()
            self._moved = self._loop.time()
            if message["type"] == "websocket.disconnect":
                code, reason = message.get("code", _NO_STATUS), message.get("reason") or ""
                await self._write(close_frame(code, reason))
                return
            text = message.get("text")
            data = frame(BINARY, message.get("bytes") or b"") if text is None else frame(TEXT, text.encode())
            await self._write(data)

    async def _down(self) -> None:
        """What the endpoint says, until it ends."""
        from meshcore.upstream.client import BrokenAnswer
        from meshcore.upstream.websocket import TOO_BIG, WebSocketError, close_frame

        content = self._response.content
        try:
            while data := await content.read():
                self._moved = self._loop.time()
                for message in self._frames.feed(data):
                    if await self._said(message):
                        return
        except BrokenAnswer:
            self._decision.report(error="reset")
        except WebSocketError as error:
            await self._write(close_frame(error.code, str(error)))
            await self._end(error.code if error.code == TOO_BIG else _BAD_GATEWAY, str(error))
            return
        await self._end(_BAD_GATEWAY, "the endpoint has ended the connection")

    async def _said(self, message: Received) -> bool:
        """Pass a message on; whether it was the last one."""
        from meshcore.upstream.websocket import BINARY, CLOSE, PING, PONG, TEXT, close_frame, frame

        if message.kind == PING:
            await self._write(frame(PONG, message.data))
        elif message.kind == CLOSE:
            await self._write(close_frame(message.code))
            await self._end(_NORMAL if message.code == _NO_STATUS else message.code, message.data.decode())
            return True
        elif message.kind == TEXT:
            await self._client.send({"type": "websocket.send", "text": message.data.decode()})
        elif message.kind == BINARY:
            await self._client.send({"type": "websocket.send", "bytes": message.data})
        return False

    async def _end(self, code: int, reason: str) -> None:
        """Tell the client that this is all."""
        await self._client.send({"type": "websocket.close", "code": code, "reason": reason})

    async def _write(self, data: bytes) -> None:
        """To the endpoint. Where that has ended, reading tells."""
        async with self._writing:
            try:
                await self._response.write(data)
            except ConnectionError:
                return
