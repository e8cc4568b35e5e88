"""Websockets that came to an ASGI app and are for another service: messages go to an endpoint, and back.

An ASGI server gives messages and no bytes. So each side has a connection of its own: pings are answered here,
and what the two sides agree on in their handshakes (compression) is theirs.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from meshcore._tracers import agree, reads_as
from meshcore.engine import Attempt, Decision
from meshcore.exchange import AttemptError, arun
from meshcore.exchange.side_by_side import ended
from meshcore.integrations._asgi_way import Head, Told, Way
from meshcore.integrations._asgi_websocket_tunnel import NORMAL, Client, Tunnel
from meshcore.integrations._inbound import goes_in_circles
from meshcore.upstream.framing import framed_answer

if TYPE_CHECKING:
    from meshcore.integrations.asgi import Receive, Scope, Send

__all__ = ["EXTENSION", "FORBIDDEN", "forward", "refuse"]

EXTENSION = "websocket.http.response"
#: What the client gets where the server cannot say more.
FORBIDDEN = 403


async def refuse(decision: Decision, scope: Scope, send: Send, told: Told) -> None:
    """End a handshake before it is accepted, by the decision's answer where the server can send that."""
    lines = framed_answer(decision.response_headers(), ())
    await _answer(scope, send, told, decision.status or 500, lines, decision.body)


async def forward(
    way: Way, decision: Decision, scope: Scope, receive: Receive, send: Send, told: Told
) -> None:
    """Take a handshake to its endpoint, and then messages until either side ends.

    Raises:
        ImportError: httptools is not there.
    """
    from meshcore.upstream.replies import UpstreamError

    await receive()  # websocket.connect
    if goes_in_circles(scope["headers"]):
        await _answer(scope, send, told, 508, [], b"Loop Detected")
        return
    client = Client(receive, send)
    opening = asyncio.ensure_future(_open(way, decision, scope))
    try:
        await asyncio.wait((opening, client.heard), return_when=asyncio.FIRST_COMPLETED)
        if not opening.done():  # there is nothing that a client may say before it is answered: it has left
            told.flag = "DC"
            if client.reading.done():
                client.reading.result()  # raises what the server does
            return
        try:
            head = opening.result()
        except UpstreamError:  # a control character is in what is to be sent: no endpoint is to blame
            await _answer(scope, send, told, 400, [], b"Bad Request")
            return
        if head is None:
            await refuse(decision, scope, send, told)
        elif head.status != 101:
            await _relay(decision, scope, send, told, head)
        else:
            told.status = 101
            await _accept(decision, client, head)
            told.flag = await Tunnel(decision, client, head.response).run()
    finally:
        tasks = (opening, client.reading)
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
        named = agree(attempt.request_headers(), reads_as(decision.trace_format))
        given = [line for line in named if line[0].lower() != b"host"]
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


async def _accept(decision: Decision, client: Client, head: Head) -> None:
    from meshcore.upstream.headers import end_to_end
    from meshcore.upstream.websocket import subprotocol

    lines = [(name.lower(), value) for name, value in end_to_end(head.headers)]
    lines = [line for line in lines if not line[0].startswith(b"sec-websocket-")]
    await client.send(
        {
            "type": "websocket.accept",
            "subprotocol": subprotocol(head.headers),
            "headers": framed_answer(decision.response_headers(lines, status=101), lines),
        }
    )


async def _relay(decision: Decision, scope: Scope, send: Send, told: Told, head: Head) -> None:
    """Give the client an answer that ends the handshake."""
    from meshcore.upstream.client import BrokenAnswer
    from meshcore.upstream.headers import end_to_end

    if EXTENSION not in (scope.get("extensions") or {}):
        await _answer(scope, send, told, head.status, [], b"")
        return
    told.status = head.status
    lines = [(name.lower(), value) for name, value in end_to_end(head.headers)]
    headers = framed_answer(decision.response_headers(lines, status=head.status), lines)
    await send({"type": f"{EXTENSION}.start", "status": head.status, "headers": headers})
    try:
        while chunk := await head.response.content.read():
            await send({"type": f"{EXTENSION}.body", "body": chunk, "more_body": True})
    except BrokenAnswer:
        decision.report(error="reset")
        raise
    await send({"type": f"{EXTENSION}.body", "body": b"", "more_body": False})


async def _answer(
    scope: Scope, send: Send, told: Told, status: int, lines: list[tuple[bytes, bytes]], body: bytes
) -> None:
    if EXTENSION not in (scope.get("extensions") or {}):
        told.status = FORBIDDEN
        await send({"type": "websocket.close", "code": NORMAL})
        return
    told.status = status
    headers = [*lines, (b"content-length", str(len(body)).encode())]
    await send({"type": f"{EXTENSION}.start", "status": status, "headers": headers})
    await send({"type": f"{EXTENSION}.body", "body": body})
