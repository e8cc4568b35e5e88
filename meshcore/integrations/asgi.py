"""ASGI middleware: the mesh's decisions in front of an app (Starlette, FastAPI, Litestar, Quart, Django).

Source: the ASGI specification, https://asgi.readthedocs.io/en/latest/specs/www.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from meshcore._aside import aside, require_asyncio
from meshcore.context import RequestContext, enter, leave
from meshcore.engine import Decision, Outcome
from meshcore.integrations import _asgi_websocket
from meshcore.integrations._around import require_app, require_mesh
from meshcore.integrations._asgi_added import lines_added
from meshcore.integrations._asgi_answer import serve
from meshcore.integrations._asgi_entry import Entry
from meshcore.integrations._asgi_forward import Forwarder, answer
from meshcore.integrations._asgi_spans import watched
from meshcore.integrations._inbound import Inbound, lines_told
from meshcore.integrations._traces import naming
from meshcore.mesh import Mesh

__all__ = ["MeshMiddleware"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_NEEDED = "MeshMiddleware needs a server that runs asyncio (Hypercorn: -k asyncio)"


class MeshMiddleware(Entry):
    """Puts an app into the mesh.

        app.add_middleware(MeshMiddleware, mesh=mesh)   # Starlette, FastAPI
        app = MeshMiddleware(app, mesh=mesh)            # anything that speaks ASGI

    A request that the configuration routes to this service goes to the app, with its headers and path edited
    as the route says; others are answered (redirects, direct answers, faults, limits) or forwarded, for which
    httptools is needed (extra ``proxy``). Bodies are not touched in either direction. The handshakes
    of websockets are decided likewise, but never forwarded. The mesh is started with the app.

    Args:
        app: the app.
        mesh: the mesh of the process.
        service: which service the app is, where that is not ``mesh.service``.

    Raises:
        TypeError: the app is not of this kind, or the mesh none.
        ValueError: the app is in this mesh already.
    """

    def __init__(self, app: App, *, mesh: Mesh, service: str | None = None) -> None:
        require_mesh(mesh)
        require_app(app, mesh, MeshMiddleware, 3, "meshcore.integrations.wsgi.MeshMiddleware")
        self._inbound = Inbound(mesh, service)
        super().__init__(app, self._inbound)
        self._forwarder = Forwarder(mesh)
        # Servers tell ASGI 3 from what was before by a coroutine function of this name. Calls go by the type.
        vars(self)["__call__"] = self._called

    async def _called(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self(scope, receive, send)

    async def _other(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "http":  # the server has no lifespan
            require_asyncio(_NEEDED)
            await self.mesh.ause()
            await self(scope, receive, send)
        elif kind == "lifespan":
            await self._lifespan(scope, receive, send)
        elif kind == "websocket":
            await _asgi_websocket.serve(self.app, self._inbound, self._forwarder, scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            require_asyncio(_NEEDED)
            await aside(self.mesh.start)
        except Exception as error:  # else servers take us for an app without a lifespan, and go on
            await receive()
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            raise
        self._forwarder.added = lines_added(send)
        try:
            await self.app(scope, receive, send)
        finally:
            await self._forwarder.close()
            if self.mesh.spans is not None:
                await asyncio.to_thread(self.mesh.spans.flush)

    async def _aside(
        self, decision: Decision, scope: Scope, receive: Receive, send: Send, called: bool
    ) -> None:
        """What takes more than to let the app answer."""
        with decision:
            context = RequestContext(scope["headers"], decision=decision)
            span = None
            if self.mesh.spans is not None:
                span = watched(self.mesh, decision, context, scope, receive, send)
                if span is not None:
                    receive, send = span.receive, span.send
            named = naming(context, decision, called=called, reported=span is not None)
            token = enter(context)
            copying = None
            kept = False
            try:
                if decision.rate_limits and not called:  # else the caller has asked
                    await self.mesh.limits.aask(decision)
                if decision.delay:
                    await asyncio.sleep(decision.delay)
                    decision.end_delay()
                if self._inbound.for_app(decision, called=called):
                    self._inbound.name(decision, called=called)
                    if self._inbound.copies(decision, scope["headers"], called=called):
                        receive = copying = await self._forwarder.copying(decision, scope["headers"], receive)
                    if decision.outcome is Outcome.FORWARD:
                        await serve(self, decision, scope, receive, send, not called, named)
                    else:  # no route leads to the app
                        if named is not None:
                            scope = {**scope, "headers": named(scope["headers"])}
                        await self._unrouted(decision, scope, receive, send, called)
                elif decision.outcome is Outcome.FORWARD:
                    await self._forwarder.forward(decision, scope["headers"], receive, send, named)
                else:
                    self._count(decision, await answer(decision, send))
            except Exception:
                # Who handles it outside of us (Starlette's handler of Exception) works for the request, too.
                # Servers have a task for each request, with which its context goes.
                kept = True
                if span is not None:
                    span.failed()
                raise
            finally:
                if span is not None:
                    span.left()
                if copying is not None:
                    copying.close()
                if not kept:
                    leave(token)

    async def _unrouted(
        self, decision: Decision, scope: Scope, receive: Receive, send: Send, called: bool
    ) -> None:
        """Let the app answer as if there were no mesh. What the mesh sends is counted, as at a sidecar, whose
        inbound listener takes whatever comes."""
        head = _Head(lines_told(decision, tells_id=self.mesh.tells_request_id), send)
        try:
            await self.app(scope, receive, head)
        except Exception:
            head.status = head.status or 500
            raise
        finally:
            if called:
                self.mesh.requests.count((decision.cluster or "", head.status, ""))

    def _count(self, decision: Decision, status: int) -> None:
        self.mesh.requests.count((decision.cluster or "", status, decision.flags))


class _Head:
    """``send`` for the app, which adds header lines to the answer."""

    def __init__(self, lines: list[tuple[bytes, bytes]], send: Send) -> None:
        self._lines = lines
        self._send = send
        self.status = 0  #: 0: the answer has not begun

    def __call__(self, message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self._lines:
                message = {**message, "headers": [*message.get("headers", ()), *self._lines]}
        return self._send(message)
