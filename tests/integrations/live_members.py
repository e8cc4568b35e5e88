"""Services in the mesh by ASGI or WSGI, and a proxy in front of them, over real sockets, in threads."""

from __future__ import annotations

import asyncio
import http.client
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from mesh_support import PATIENCE

from meshcore.integrations import asgi, wsgi
from meshcore.mesh import Mesh
from meshcore.proxy import Proxy

__all__ = ["KINDS", "Member", "ask", "members", "proxied", "until"]


@dataclass
class Member:
    """A process of a service."""

    port: int
    mesh: Mesh
    #: Path, body and names of the callers of each request that came to its app.
    seen: list[tuple[str, bytes, str]] = field(default_factory=list)

    @property
    def copies(self) -> int:
        """How many it has begun to send: before its app gets the request of which they are."""
        return int(self.mesh.counters.total().get("mirror.rq_total", 0))


def until(met: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not met():
        assert time.monotonic() < end
        time.sleep(0.001)


def ask(port: int, host: str, path: str = "/", body: bytes | None = None, **headers: str) -> int:
    """The status of the answer. ``headers``: with "_" for "-"."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        lines = {"Host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
        connection.request("GET" if body is None else "POST", path, body, lines)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


# ------------------------------------------------------------------ ASGI


class _AsgiApp:
    def __init__(self, member: Member) -> None:
        self.member = member

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for _ in range(2):
                await send({"type": f"{(await receive())['type']}.complete"})
            return
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        names = [value for name, value in scope["headers"] if name == b"x-meshcore-caller"]
        self.member.seen.append((scope["path"], body, b",".join(names).decode()))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})


@contextmanager
def _uvicorn(member: Member, listening: socket.socket) -> Iterator[None]:
    import uvicorn

    app = asgi.MeshMiddleware(_AsgiApp(member), mesh=member.mesh)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on"))
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    try:
        until(lambda: server.started or not thread.is_alive())
        yield
    finally:
        server.should_exit = True
        thread.join(PATIENCE)


# ------------------------------------------------------------------ WSGI


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    block_on_close = False


class _Quiet(WSGIRequestHandler):
    def log_message(self, *arguments: Any) -> None:
        pass


@contextmanager
def _wsgiref(member: Member, listening: socket.socket) -> Iterator[None]:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        member.seen.append((environ["PATH_INFO"], body, environ.get("HTTP_X_MESHCORE_CALLER", "")))
        start_response("200 OK", [("content-length", "0")])
        return [b""]

    listening.close()
    middleware = wsgi.MeshMiddleware(app, mesh=member.mesh)
    server = make_server("127.0.0.1", member.port, middleware, _Server, _Quiet)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


KINDS = {"asgi": _uvicorn, "wsgi": _wsgiref}


@contextmanager
def members(kind: str, count: int, mesh_of: Callable[[int, list[int]], Mesh]) -> Iterator[list[Member]]:
    """So many, each with a mesh: by its number, and the ports of all."""
    listening = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [it.getsockname()[1] for it in listening]
    found = [Member(port, mesh_of(number, ports)) for number, port in enumerate(ports)]
    with ExitStack() as stack:
        for member, sock in zip(found, listening, strict=True):
            stack.enter_context(member.mesh)
            stack.enter_context(KINDS[kind](member, sock))
        yield found


@contextmanager
def proxied(proxy: Proxy) -> Iterator[int]:
    """A proxy that serves; gives its port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def run(work: Coroutine[Any, Any, object]) -> None:
        asyncio.run_coroutine_threadsafe(work, loop).result(PATIENCE)

    try:
        run(proxy.start())
        try:
            yield proxy.ports[0]
        finally:
            run(proxy.stop(drain=0))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE)
        loop.close()
