"""The span of a request that comes to an ASGI app: told by what goes between the app and its server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from meshcore.context import RequestContext
from meshcore.engine import Decision
from meshcore.integrations._asgi_scope import target_of
from meshcore.integrations._spans import server_span
from meshcore.mesh import Mesh
from meshcore.telemetry.request_spans import RequestSpan
from meshcore.telemetry.span_texts import Seen

__all__ = ["Watched", "watched"]

Message = MutableMapping[str, Any]


def watched(
    mesh: Mesh,
    decision: Decision,
    context: RequestContext,
    scope: MutableMapping[str, Any],
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> Watched | None:
    """None: no span of the request is reported."""
    headers = list(scope["headers"])
    client = scope.get("client")
    seen = Seen(
        scope["method"],
        scope.get("scheme") or "http",
        "",
        target_of(scope).decode("utf-8", "surrogateescape"),
        headers,
        f"HTTP/{scope['http_version']}",
        str(client[0]) if client else "",
    )
    seen.authority = seen.header(b"host") or decision.authority
    span = server_span(mesh, decision, context, seen)
    return None if span is None else Watched(span, receive, send)


class Watched:
    """``receive`` and ``send`` of a request whose span ends with the last bytes of the answer."""

    def __init__(
        self,
        span: RequestSpan,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        self._span = span
        self._receive = receive
        self._send = send
        self._status = 0  #: 0: the answer has not begun
        self._received = self._sent = 0

    async def receive(self) -> Message:
        message = await self._receive()
        self._received += len(message.get("body") or b"")
        return message

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.start":
            self._status = message["status"]
        await self._send(message)
        if kind == "http.response.body":
            self._sent += len(message.get("body") or b"")
        if kind == "http.response.pathsend" or (kind.endswith(".body") and not message.get("more_body")):
            self._end()

    def failed(self) -> None:
        """The app has raised an exception: where nothing has been sent, the server answers 500."""
        self._status = self._status or 500
        self._end()

    def left(self) -> None:
        """Nothing more is going to be sent. Where that was not all, the client has gone."""
        self._end("DC")

    def _end(self, flags: str | None = None) -> None:
        self._span.received, self._span.sent = self._received, self._sent
        self._span.end(self._status, flags)
