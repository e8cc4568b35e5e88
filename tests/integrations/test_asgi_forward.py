"""What is counted of requests that the ASGI middleware forwards and that end before their answers do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from asgi_support import Client
from mesh_support import REVIEWS, active, in_loop, mesh_of, rules, service

from meshcore.integrations import _asgi_body, _asgi_forward
from meshcore.integrations.asgi import MeshMiddleware
from meshcore.mesh import Mesh

RATINGS = REVIEWS.replace("reviews", "ratings")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"


async def nobody(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("the app is called")


@asynccontextmanager
async def mesh_to(answer: bytes, *, ends: bool, rule: str = "") -> AsyncIterator[tuple[Mesh, Client]]:
    """An endpoint that answers so, and then ``ends`` the connection or says nothing more. ``rule``: what else
    the route says."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        if not ends:
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            await over.wait()
        writer.close()

    over = asyncio.Event()

    pytest.importorskip("httptools")
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    ratings = service("ratings", server.sockets[0].getsockname()[1])
    route = f"{rule}route: [{{destination: {{host: ratings}}}}]"
    mesh = mesh_of(service("reviews", 1), ratings, rules("reviews", route))
    try:
        yield mesh, Client(MeshMiddleware(nobody, mesh=mesh))
    finally:
        over.set()
        server.close()
        mesh.close()


@in_loop
async def test_an_answer_that_breaks_off_is_the_endpoints_fault() -> None:
    async with mesh_to(HEAD, ends=True) as (mesh, client):
        with pytest.raises(Exception, match="connection termination"):
            await client.get("/")
        assert (client.status, client.body) == (200, b"he")
        assert dict(mesh.requests.total()) == {(RATINGS, 200, "UPE"): 1}
        assert active(mesh) == 0


@pytest.mark.parametrize(("answer", "status"), [(b"", 0), (HEAD, 200)])
@in_loop
async def test_whoever_is_cancelled_has_what_it_has(answer: bytes, status: int) -> None:
    async with mesh_to(answer, ends=False) as (mesh, client):
        request = asyncio.ensure_future(client.get("/"))
        while not (client.body == b"he" if answer else active(mesh)):
            await asyncio.sleep(0)
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
        assert dict(mesh.requests.total()) == {(RATINGS, status, "DC"): 1}
        assert active(mesh) == 0


#: More than the system's buffers of a connection hold.
FLOOD = (b"x" * 1_000_000,) * 40


@in_loop
async def test_a_client_may_leave_while_its_endpoint_takes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_asgi_body, "_AHEAD", 1 << 30)
    async with mesh_to(b"", ends=False) as (mesh, client):
        await client.get("/", method="POST", body=(*FLOOD, None))
        assert client.sent == []
        assert dict(mesh.requests.total()) == {(RATINGS, 0, "DC"): 1}
        assert active(mesh) == 0


@in_loop
async def test_an_endpoint_may_take_nothing_no_longer_than_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """That the client has left stays unknown: it is behind what nobody takes."""
    monkeypatch.setattr(_asgi_forward, "STALLED", 0.3)
    async with mesh_to(b"", ends=False) as (mesh, client):
        await client.get("/", method="POST", body=(*FLOOD, None))
        assert (client.status, client.body) == (504, b"stream timeout")
        assert dict(mesh.requests.total()) == {(RATINGS, 504, "SI"): 1}
        assert active(mesh) == 0


@in_loop
async def test_an_answer_that_has_begun_is_cut_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_asgi_forward, "STALLED", 0.3)
    async with mesh_to(HEAD, ends=False) as (mesh, client):
        with pytest.raises(Exception, match="stream timeout"):
            await client.get("/", method="POST", body=(*FLOOD, None))
        assert client.status == 200
        assert [(status, flags) for _, status, flags in mesh.requests.total()] == [(200, "SI")]
        assert active(mesh) == 0


def around(send: Any) -> Any:
    async def wrapped_send(message: Any) -> None:
        await send(message)

    return wrapped_send


@pytest.mark.parametrize(
    ("settings", "left"),
    [
        ({"date_header": True, "server_header": True}, [b"x-a"]),
        ({"include_date_header": True, "include_server_header": False}, [b"server", b"x-a"]),
        ({}, [b"date", b"server", b"x-a"]),
    ],
)
@in_loop
async def test_lines_that_the_server_adds_are_not_there_twice(settings: Any, left: list[bytes]) -> None:
    class Lifespan:
        config = SimpleNamespace(**settings)

        async def send(self, message: Any) -> None:
            pass

    async def serves(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "lifespan"

    answer = b"HTTP/1.1 200 OK\r\nDate: then\r\nServer: its\r\nX-A: 1\r\nContent-Length: 0\r\n\r\n"
    async with mesh_to(answer, ends=False) as (mesh, client):
        client.app = middleware = MeshMiddleware(serves, mesh=mesh)
        await middleware({"type": "lifespan"}, asyncio.Event().wait, around(Lifespan().send))
        await client.get("/")
        assert sorted({name for name, _ in client.sent[0]["headers"]} - {b"content-length"}) == left


@in_loop
async def test_a_server_may_tell_that_a_client_has_left_before_all_is_sent() -> None:
    """As Hypercorn does."""
    async with mesh_to(HEAD + b"llo", ends=True) as (mesh, client):
        over, bodies = asyncio.Event(), [{"type": "http.request"}]

        async def server(scope: Any, _: Any, send: Any) -> None:
            async def receive() -> Any:
                if bodies:
                    return bodies.pop()
                await over.wait()
                return {"type": "http.disconnect"}

            async def sends(message: Any) -> None:
                if message["type"] == "http.response.body" and not message["more_body"]:
                    over.set()
                    for _ in range(5):
                        await asyncio.sleep(0)
                await send(message)

            await middleware(scope, receive, sends)

        middleware, client.app = client.app, server
        await client.get("/")
        assert (client.status, client.body, len(client.sent)) == (200, b"hello", 3)
        assert dict(mesh.requests.total()) == {(RATINGS, 200, ""): 1}


@pytest.fixture
def in_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where an answer begins the time of its route is over."""
    monkeypatch.setattr(_asgi_forward, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + 60))


@in_loop
async def test_the_routes_timeout_is_for_the_whole_answer(in_a_minute: None) -> None:
    async with mesh_to(HEAD, ends=False, rule="timeout: 60s, ") as (mesh, client):
        with pytest.raises(TimeoutError, match="the route's time was over before the end of the answer"):
            await client.get("/")
        assert client.status == 200
        assert dict(mesh.requests.total()) == {(RATINGS, 200, "UT"): 1}
        assert active(mesh) == 0


@in_loop
async def test_a_client_may_be_slower_than_the_routes_timeout(in_a_minute: None) -> None:
    async with mesh_to(HEAD + b"llo", ends=False, rule="timeout: 60s, ") as (mesh, client):
        await client.get("/")
        assert (client.status, client.body) == (200, b"hello")
        assert dict(mesh.requests.total()) == {(RATINGS, 200, ""): 1}


@in_loop
async def test_what_a_server_raises_gets_to_it() -> None:
    async with mesh_to(b"", ends=False) as (mesh, client):

        async def receive() -> dict[str, Any]:
            raise OSError("the server fails")

        async def app(scope: Any, _: Any, send: Any) -> None:
            await middleware(scope, receive, send)

        middleware, client.app = client.app, app
        with pytest.raises(OSError, match="the server fails"):
            await client.get("/")
        assert active(mesh) == 0
