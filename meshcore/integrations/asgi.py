"""ASGI middleware: the mesh's decisions in front of an app (Starlette, FastAPI, Litestar, Quart, Django).

Source: the ASGI specification, https://asgi.readthedocs.io/en/latest/specs/www.html
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import quote, unquote

from meshcore.context import RequestContext, enter, leave
from meshcore.engine import Decision, Outcome
from meshcore.integrations._asgi_forward import Forwarder, answer
from meshcore.integrations._inbound import MARK, Inbound
from meshcore.mesh import Mesh

__all__ = ["MeshMiddleware"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_MARK = MARK.encode()


class MeshMiddleware:
    """Puts an app into the mesh.

        app.add_middleware(MeshMiddleware, mesh=mesh)   # Starlette, FastAPI
        app = MeshMiddleware(app, mesh=mesh)            # anything that speaks ASGI

    A request that the configuration routes to this service goes to the app, with its headers and path edited
    as the route says; others are answered (redirects, direct answers, faults, limits) or forwarded, for which
    aiohttp is needed (extra ``proxy``). Bodies are not touched in either direction. The handshakes
    of websockets are decided likewise, but never forwarded. The mesh is started with the app.

    Args:
        app: the app.
        mesh: the mesh of the process.
        service: which service the app is, where that is not ``mesh.service``.
    """

    def __init__(self, app: App, *, mesh: Mesh, service: str | None = None) -> None:
        self.app = app
        self.mesh = mesh
        self._inbound = Inbound(mesh, service)
        self._forwarder = Forwarder(mesh)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "http":
            await self._http(scope, receive, send)
        elif kind == "lifespan":
            await self._lifespan(scope, receive, send)
        elif kind == "websocket":
            from meshcore.integrations import _asgi_websocket  # it uses what is here

            await _asgi_websocket.serve(self.app, self.mesh, self._inbound, scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.to_thread(self.mesh.start)
        try:
            await self.app(scope, receive, send)
        finally:
            await self._forwarder.close()

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self.mesh.started:  # the server has no lifespan
            await asyncio.to_thread(self.mesh.start)
        headers = scope["headers"]
        source, port = scope.get("client") or (None, 0)
        with self.mesh.engine.decide(
            scope["method"],
            None,
            _target(scope),
            headers,
            scheme=scope["scheme"],
            source=source,
            source_port=port if port and 0 <= port <= 65535 else 0,
            protocol=f"HTTP/{scope['http_version']}",
        ) as decision:
            token = enter(RequestContext(headers, decision=decision))
            copying = None
            try:
                called = any(line[0] == _MARK for line in headers)
                if decision.rate_limits and self._inbound.asks(source, called=called):
                    await self.mesh.limits.aask(decision)
                if decision.delay:
                    if not called:  # else the caller has waited
                        await asyncio.sleep(decision.delay)
                    decision.end_delay()
                if self._inbound.for_app(decision, called=called):
                    if not called and self.mesh.view().mirrors and decision.mirrors:
                        receive = copying = await self._forwarder.copying(decision, receive)
                    await self._serve(decision, scope, receive, send, edited=not called)
                elif decision.outcome is Outcome.FORWARD:
                    self._count(decision, await self._forwarder.forward(decision, receive, send))
                else:
                    self._count(decision, await answer(decision, send))
            finally:
                if copying is not None:
                    copying.close()
                leave(token)

    def _count(self, decision: Decision, status: int) -> None:
        self.mesh.requests.count((decision.cluster or "", status, decision.flags))

    async def _serve(
        self, decision: Decision, scope: Scope, receive: Receive, send: Send, *, edited: bool
    ) -> None:
        """Let the app answer."""
        if decision.outcome is not Outcome.FORWARD:  # the mesh knows nothing of the request
            await self.app(scope, receive, send)
            return
        response = _Response(decision, send, edited=edited)
        if edited:
            scope = _edited(scope, decision)
        timeout = decision.timeout
        try:
            if timeout is None:
                await self.app(scope, receive, response)
                return
            async with _Limit(timeout) as limit:
                await self.app(scope, receive, response)
            if limit.reached:
                if response.status:
                    raise TimeoutError(f"the answer took longer than the route's timeout of {timeout} s")
                decision.on_deadline()
                response.status = await answer(decision, send)
        except Exception:
            response.failed()
            raise
        finally:
            self._count(decision, response.status)


class _Response:
    """``send`` for the app: tells the decision of the answer's head, and edits that."""

    __slots__ = ("_decision", "_edited", "_send", "status")

    def __init__(self, decision: Decision, send: Send, *, edited: bool) -> None:
        self._decision = decision
        self._send = send
        self._edited = edited
        self.status = 0  #: 0: the answer has not begun

    def __call__(self, message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            status = self.status = message["status"]
            headers = message.get("headers", ())
            self._decision.report(status=status, headers=headers, replayable=False)
            if self._edited:
                message = {**message, "headers": self._decision.response_headers(headers, status=status)}
        return self._send(message)

    def failed(self) -> None:
        """The app raised an exception: where nothing has been sent, the server answers 500."""
        if not self.status:
            self.status = 500
            self._decision.report(status=500, replayable=False)


class _Limit:
    """Cancels what is inside after so many seconds; ``reached`` says afterwards that it did."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.reached = False

    async def __aenter__(self) -> _Limit:
        self._task = asyncio.current_task()
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._cancel)
        return self

    def _cancel(self) -> None:
        self.reached = True
        assert self._task is not None
        self._task.cancel()

    async def __aexit__(self, kind: type[BaseException] | None, *rest: object) -> bool:
        self._timer.cancel()
        if not self.reached or kind is not asyncio.CancelledError:
            return False
        if sys.version_info >= (3, 11):
            assert self._task is not None
            return self._task.uncancel() == 0  # else somebody else cancelled it, too
        return True


def _target(scope: Scope) -> bytes:
    """The request target as it was received, as far as the server kept it."""
    path = scope.get("raw_path")
    if not path:
        path = quote(scope["path"]).encode()
    query = scope["query_string"]
    return path + b"?" + query if query else path


def _edited(scope: Scope, decision: Decision) -> Scope:
    """The scope of the request as the route makes it."""
    path, _, query = decision.path.partition("?")
    lines = [line for line in decision.request_headers() if line[0] != b"host"]  # a second one
    return {
        **scope,
        "headers": [(b"host", decision.authority.encode()), *lines],
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
    }
