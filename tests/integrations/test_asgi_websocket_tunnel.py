"""How websockets end that the ASGI middleware forwards: who has gone, and what is still to be sent then."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asgi_support import websocket_scope
from mesh_support import REVIEWS, active, in_loop, mesh_of, rules, service
from websockets_raw import GUID

from meshcore.integrations import _asgi_websocket_tunnel as tunnel
from meshcore.integrations.asgi import MeshMiddleware
from meshcore.mesh import Mesh

RATINGS = REVIEWS.replace("reviews", "ratings")
TO = "route: [{destination: {host: ratings}}]"
#: More than the system's buffers of a connection hold.
FLOOD = [b"x" * 1_000_000] * 40


class Endpoint:
    """Accepts a websocket, and reads nothing of it before it is told to; it ends it by ``last``."""

    def __init__(self, last: bytes | None) -> None:
        self.reads = asyncio.Event()
        self.taken: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.port = 0
        self._last = last

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        (key,) = [
            line[19:] for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key: ")
        ]
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
        writer.write(
            b"HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: "
            + accept
            + b"\r\n\r\n"
        )
        if self._last is None:
            await self.reads.wait()
            taken = b""
            try:
                while piece := await reader.read(1 << 20):
                    taken += piece
            except ConnectionError:
                pass
            self.taken.set_result(taken)
        else:
            writer.write(self._last)
        writer.close()


@asynccontextmanager
async def mesh_to(last: bytes | None = None) -> AsyncIterator[tuple[Mesh, Endpoint]]:
    endpoint = Endpoint(last)
    server = await asyncio.start_server(endpoint.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield mesh_of(service("reviews", 1), service("ratings", port), rules("reviews", TO)), endpoint
    finally:
        endpoint.reads.set()
        server.close()


class Client:
    """What comes of a client that says all of this at once, and leaves as told. ``slow``: its server takes
    what it is sent, and no more."""

    def __init__(self, mesh: Mesh, said: list[bytes], *, slow: bool = False, **left: Any) -> None:
        self._slow = slow
        self.sent: list[dict[str, Any]] = []
        self.unread: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.accepted = asyncio.Event()
        self.unread.put_nowait({"type": "websocket.connect"})
        self._then = [{"type": "websocket.receive", "bytes": message} for message in said]
        if left:
            self._then.append({"type": "websocket.disconnect", **left})
        middleware: Any = MeshMiddleware(nobody, mesh=mesh)
        self.task = asyncio.ensure_future(middleware(websocket_scope("/"), self.unread.get, self._send))

    async def _send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)
        if message["type"] == "websocket.accept":
            self.accepted.set()
            for what in self._then:
                self.unread.put_nowait(what)
        if self._slow:
            await asyncio.get_running_loop().create_future()


async def nobody(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("the app is called")


@in_loop
async def test_a_client_that_has_gone_takes_a_stuck_endpoint_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tunnel, "_AHEAD", 1 << 30)
    monkeypatch.setattr(tunnel, "_PATIENCE", 1e9)  # which is for clients that close
    async with mesh_to() as (mesh, endpoint):
        client = Client(mesh, FLOOD, code=1006)
        await client.task
        assert active(mesh) == 0
        assert dict(mesh.requests.total()) == {(RATINGS, 101, "DC"): 1}
        assert [message["type"] for message in client.sent] == ["websocket.accept"]
        endpoint.reads.set()
        assert len(await endpoint.taken) < sum(map(len, FLOOD)), "what could not be sent is dropped"


@in_loop
async def test_what_a_client_says_before_it_goes_is_passed_on() -> None:
    async with mesh_to() as (mesh, endpoint):
        client = Client(mesh, [b"last words"], code=1006)
        await client.task
        endpoint.reads.set()
        taken = await endpoint.taken
        assert (taken[0], len(taken)) == (0x82, 2 + 4 + len(b"last words")), "and no word of a close"
        assert dict(mesh.requests.total()) == {(RATINGS, 101, "DC"): 1}


@in_loop
async def test_a_client_that_closes_waits_for_a_stuck_endpoint_no_longer_than_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tunnel, "_AHEAD", 1 << 30)
    monkeypatch.setattr(tunnel, "_PATIENCE", 0.05)
    async with mesh_to() as (mesh, _):
        await Client(mesh, FLOOD, code=1000).task
        assert active(mesh) == 0
        assert dict(mesh.requests.total()) == {(RATINGS, 101, ""): 1}


@in_loop
async def test_no_more_is_read_ahead_than_may_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """That the client has left stays unknown: it is behind what nobody takes."""
    monkeypatch.setattr(tunnel, "STALLED", 0.3)
    async with mesh_to() as (mesh, _):
        client = Client(mesh, FLOOD, code=1006)
        await client.task
        assert active(mesh) == 0
        assert dict(mesh.requests.total()) == {(RATINGS, 101, "SI"): 1}
        assert client.sent[-1]["code"] == 1001
        assert client.unread.qsize() > 1


@in_loop
async def test_a_server_that_cancels_as_it_accepts_has_accepted() -> None:
    async with mesh_to() as (mesh, _):
        client = Client(mesh, [], slow=True)
        await client.accepted.wait()
        client.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await client.task
        assert active(mesh) == 0
        assert dict(mesh.requests.total()) == {(RATINGS, 101, "DC"): 1}


@pytest.mark.parametrize(("last", "code", "flags"), [(b"", 1014, "UC"), (b"\x88\x00", 1000, "")])
@in_loop
async def test_an_endpoint_that_ends_without_a_word_is_to_blame(last: bytes, code: int, flags: str) -> None:
    async with mesh_to(last) as (mesh, _):
        client = Client(mesh, [])
        await client.task
        assert client.sent[-1]["code"] == code
        assert dict(mesh.requests.total()) == {(RATINGS, 101, flags): 1}


@in_loop
async def test_a_server_that_fails_says_so() -> None:
    async with mesh_to() as (mesh, _):
        client = Client(mesh, [])
        await client.accepted.wait()
        client.unread.put_nowait({})  # has no type
        with pytest.raises(KeyError):
            await client.task
        assert active(mesh) == 0
