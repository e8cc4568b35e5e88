"""An ASGI server and client in one: calls an app as a server would, and keeps what it sends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

Message = dict[str, Any]


@dataclass
class Client:
    """One request to an app. ``body``: pieces as they come in; None in it: the client leaves within it, and
    after it where it ``leaves``."""

    app: Callable[..., Awaitable[None]]
    sent: list[Message] = field(default_factory=list)

    async def get(
        self,
        path: str,
        *,
        host: str = "reviews:9080",
        method: str = "GET",
        headers: tuple[tuple[bytes, bytes], ...] = (),
        body: tuple[bytes | None, ...] = (b"",),
        leaves: bool = False,
        **scope: Any,
    ) -> Client:
        raw, _, query = path.encode().partition(b"?")
        pieces = list(body)
        left: asyncio.Event = asyncio.Event()

        async def receive() -> Message:
            if not pieces:
                if not leaves:
                    await left.wait()
                return {"type": "http.disconnect"}
            piece = pieces.pop(0)
            if piece is None:
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

        async def send(message: Message) -> None:
            await asyncio.sleep(0)
            self.sent.append(message)

        given = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": raw.decode(),
            "raw_path": raw,
            "query_string": query,
            "root_path": "",
            "headers": [(b"host", host.encode()), *headers],
            "client": ("10.0.0.9", 4711),
            "server": ("127.0.0.1", 8000),
            **scope,
        }
        try:
            await self.app(given, receive, send)
        finally:
            left.set()
        return self

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode(): value.decode() for name, value in self.sent[0]["headers"]}

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent[1:])


@dataclass
class App:
    """Answers 200 with what it saw, and keeps it."""

    status: int = 200
    seen: list[dict[str, Any]] = field(default_factory=list)
    before: Callable[[], Awaitable[object]] | None = None  #: what it does before it answers
    after: Callable[[], Awaitable[object]] | None = None  #: what it does after the head
    bodies: list[bytes] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.seen.append(scope)
        if scope["type"] != "http":
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        self.bodies.append(body)
        if self.before is not None:
            await self.before()
        head = {"type": "http.response.start", "status": self.status, "headers": [(b"x-app", b"1")]}
        await send(head)
        if self.after is not None:
            await self.after()
        await send({"type": "http.response.body", "body": b"app "})
        await send({"type": "http.response.body", "body": b"body"})


def websocket_scope(path: str, *lines: tuple[bytes, bytes], **scope: Any) -> dict[str, Any]:
    return {
        "type": "websocket",
        "http_version": "1.1",
        "scheme": "ws",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"reviews:9080"), *lines],
        "client": ("10.0.0.9", 4711),
        **scope,
    }
