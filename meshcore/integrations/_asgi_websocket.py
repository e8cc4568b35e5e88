"""Websockets that come to an ASGI app: a handshake is decided as the GET request that it is.

Source: the ASGI specification, https://asgi.readthedocs.io/en/latest/specs/www.html and its extension
websocket.http.response; RFC 6455 section 4.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING

from meshcore.context import RequestContext, activate, enter, leave
from meshcore.engine import Decision, Outcome
from meshcore.integrations import _traces
from meshcore.integrations._asgi_scope import edited_scope, target_of
from meshcore.integrations._asgi_way import Told
from meshcore.integrations._asgi_websocket_forward import EXTENSION, FORBIDDEN, forward, refuse
from meshcore.integrations._inbound import MARK, Inbound, port_of
from meshcore.upstream.framing import framed_answer

if TYPE_CHECKING:
    from meshcore.integrations._asgi_forward import Forwarder
    from meshcore.integrations.asgi import App, Message, Receive, Scope, Send

__all__ = ["serve"]

_MARK = MARK.encode()
_ENDS = frozenset({"websocket.accept", "websocket.close", f"{EXTENSION}.start"})


class _Session(RequestContext):
    """Of a connection that stays open: the route's time is for the handshake."""

    __slots__ = ()

    @property
    def deadline(self) -> None:
        return None


async def serve(
    app: App, inbound: Inbound, forwarder: Forwarder, scope: Scope, receive: Receive, send: Send
) -> None:
    """Let the app have a handshake, forward it, or refuse it."""
    mesh = inbound.mesh
    await mesh.ause()
    headers = list(scope["headers"])  # they may be there to be read once
    headers = _traces.told(headers, mesh.view().tracers) or headers
    scope = {**scope, "headers": headers}
    client = scope.get("client")
    source, port = (client[0], client[1]) if client else (None, 0)
    called = any(line[0] == _MARK for line in headers) and source in mesh.callers
    with mesh.engine.decide(
        "GET",
        None,
        target_of(scope),
        _upgrading(headers),
        scheme="https" if scope.get("scheme") == "wss" else "http",
        source=source,
        source_port=port_of(port),
        protocol=f"HTTP/{scope.get('http_version', '1.1')}",
        inbound=called,
        served=inbound.own().served,
    ) as decision:
        if decision.rate_limits and not called:  # else the caller has asked
            await mesh.limits.aask(decision)
        if decision.delay:
            await asyncio.sleep(decision.delay)
            decision.end_delay()
        told, routed = Told(), decision.outcome is Outcome.FORWARD
        ours = inbound.for_app(decision, called=called)
        try:
            if routed and not ours:
                with activate(_Session(headers, decision=decision)):
                    await forward(forwarder.way(), decision, scope, receive, send, told)
            elif ours:
                await _serve_app(app, inbound, decision, scope, receive, send, told, called=called)
            else:
                await receive()  # websocket.connect
                await refuse(decision, scope, send, told)
        except asyncio.CancelledError:
            told.flag = "DC"
            raise
        finally:
            if routed or called or not ours:  # else the mesh knows nothing of it
                told.count(mesh, decision, "" if ours and not routed else decision.flags)


async def _serve_app(
    app: App,
    inbound: Inbound,
    decision: Decision,
    scope: Scope,
    receive: Receive,
    send: Send,
    told: Told,
    *,
    called: bool,
) -> None:
    inbound.name(decision, called=called)
    known = decision.outcome is Outcome.FORWARD
    answer = _Answer(decision if known else None, send, told, edited=not called)
    context = _Session(scope["headers"], decision=decision)
    if answer.edits:
        scope = edited_scope(decision, scope)
        named = _traces.naming(context, decision, called=called, reported=False)
        if named is not None:
            scope["headers"] = named(scope["headers"])
    token = enter(context)
    try:
        await app(scope, receive, answer)
    except Exception:
        answer.failed()
        raise
    finally:
        leave(token)


def _upgrading(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The header lines with those that ask for the upgrade: HTTP/2 has none, and some servers leave them
    out."""
    if any(name == b"upgrade" for name, _ in headers):
        return headers
    return [*headers, (b"connection", b"upgrade"), (b"upgrade", b"websocket")]


class _Answer:
    """``send`` for the app: tells the decision how the handshake ends, and edits the answer to it."""

    def __init__(self, decision: Decision | None, send: Send, told: Told, *, edited: bool) -> None:
        self._decision = decision
        self._send = send
        self._told = told
        self.edits = edited and decision is not None

    def __call__(self, message: Message) -> Awaitable[None]:
        kind = message["type"]
        if not self._told.status and kind in _ENDS:
            status = 101 if kind == "websocket.accept" else message.get("status", FORBIDDEN)
            self._told.status = status
            if self._decision is not None:
                headers = message.get("headers") or ()
                self._decision.report(status=status, headers=headers, replayable=False)
                if self.edits and kind != "websocket.close":
                    edited = self._decision.response_headers(headers, status=status)
                    message = {**message, "headers": framed_answer(edited, headers)}
        return self._send(message)

    def failed(self) -> None:
        """The app raised an exception: where nothing has been sent, the server answers 500."""
        if not self._told.status:
            self._told.status = 500
            if self._decision is not None:
                self._decision.report(status=500, replayable=False)
