"""What is counted of requests that the ASGI middleware forwards and that end before their answers do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asgi_support import Client
from mesh_support import REVIEWS, active, in_loop, mesh_of, rules, service

from meshcore.integrations.asgi import MeshMiddleware
from meshcore.mesh import Mesh

RATINGS = REVIEWS.replace("reviews", "ratings")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"


async def nobody(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("the app is called")


@asynccontextmanager
async def mesh_to(answer: bytes, *, ends: bool) -> AsyncIterator[tuple[Mesh, Client]]:
    """An endpoint that answers so, and then ``ends`` the connection or says nothing more."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        if not ends:
            await reader.read()  # until the other side ends
        writer.close()

    pytest.importorskip("httptools")
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    ratings = service("ratings", server.sockets[0].getsockname()[1])
    mesh = mesh_of(
        service("reviews", 1), ratings, rules("reviews", "route: [{destination: {host: ratings}}]")
    )
    try:
        yield mesh, Client(MeshMiddleware(nobody, mesh=mesh))
    finally:
        server.close()
        mesh.close()


@in_loop
async def test_an_answer_that_breaks_off_is_the_endpoints_fault() -> None:
    async with mesh_to(HEAD, ends=True) as (mesh, client):
        with pytest.raises(Exception, match="connection termination"):
            await client.get("/")
        assert (client.status, client.body) == (200, b"he")
        assert dict(mesh.requests.total()) == {(RATINGS, 200, "UC"): 1}
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
