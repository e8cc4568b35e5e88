"""Websockets that come to an ASGI app and are routed to another service: forwarded, and ended as due."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from asgi_support import websocket_scope
from mesh_support import REVIEWS, active, in_loop, mesh_of, rules, service

from meshcore.integrations.asgi import MeshMiddleware
from meshcore.mesh import Mesh

RESPONSE = {"websocket.http.response": {}}
RATINGS = REVIEWS.replace("reviews", "ratings")
TO = "route: [{destination: {host: ratings}}]"
EDITED = "match: [{uri: {prefix: /v1/}}], rewrite: {uri: /}, headers: {response: {add: {x-by: b}}}, " + TO
BALANCED = "{loadBalancer: {simple: ROUND_ROBIN}}"
EJECTING = "{outlierDetection: {consecutive5xxErrors: 1, maxEjectionPercent: 100}}"


async def nobody(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("the app is called")


@dataclass
class Origin:
    """Answers what it is told, in capitals; "end 4000" ends it so, "drop" without a word."""

    port: int = 0
    seen: list[Any] = field(default_factory=list)
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    code: int | None = None

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        if request.path.endswith("/no"):
            return web.Response(status=401, text="not you", headers={"x-why": "1"})
        answer = web.WebSocketResponse(protocols=("chat",))
        answer.headers["x-origin"] = "1"
        await answer.prepare(request)
        try:
            async for message in answer:
                word = message.data
                if word == "drop":
                    assert request.transport is not None
                    made = request.transport.get_extra_info("socket")
                    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    request.transport.abort()
                elif isinstance(word, str) and word.startswith("end "):
                    await answer.close(code=int(word[4:]), message=b"enough")
                elif word == "ping":
                    await answer.ping(b"x")
                elif isinstance(word, bytes):
                    await answer.send_bytes(word[::-1])
                else:
                    await answer.send_str(word.upper())
        finally:
            self.code = answer.close_code
            self.closed.set()
        return answer


@asynccontextmanager
async def mesh_with(policy: str = BALANCED, **options: Any) -> AsyncIterator[tuple[Mesh, Origin]]:
    """The service "reviews", whose requests are for "ratings"."""
    origin = Origin()
    app = web.Application()
    app.router.add_get("/{path:.*}", origin.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    origin.port = runner.addresses[0][1]
    away = rules("reviews", EDITED, f"timeout: 1s, {TO}")
    ratings = service("ratings", origin.port).replace(BALANCED, policy)
    try:
        yield mesh_of(service("reviews", 1), ratings, away, **options), origin
    finally:
        await runner.cleanup()


class Client:
    """A client that has said hello, as an ASGI server has it."""

    def __init__(self, mesh: Mesh, path: str = "/", *lines: tuple[bytes, bytes], **scope: Any) -> None:
        self._messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._messages.put_nowait({"type": "websocket.connect"})
        given = websocket_scope(path, *lines, **scope)
        middleware: Any = MeshMiddleware(nobody, mesh=mesh)
        self.task = asyncio.ensure_future(middleware(given, self._messages.get, self._put))

    async def _put(self, message: dict[str, Any]) -> None:
        self._sent.put_nowait(message)

    async def told(self) -> dict[str, Any]:
        return await self._sent.get()

    def say(self, **what: Any) -> None:
        self._messages.put_nowait({"type": "websocket.receive", **what})

    def leave(self, **what: Any) -> None:
        self._messages.put_nowait({"type": "websocket.disconnect", **what})


@in_loop
async def test_messages_go_both_ways() -> None:
    async with mesh_with() as (mesh, origin):
        lines = (b"sec-websocket-extensions", b"permessage-deflate"), (b"origin", b"http://a")
        client = Client(mesh, "/v1/a", *lines, subprotocols=["other", "chat"])
        accepted = await client.told()
        assert (accepted["type"], accepted["subprotocol"]) == ("websocket.accept", "chat")
        assert {(b"x-origin", b"1"), (b"x-by", b"b")} <= set(accepted["headers"])
        assert not [name for name, _ in accepted["headers"] if name.startswith(b"sec-") or name == b"upgrade"]
        asked = origin.seen[0]
        assert (asked.path, asked.headers["origin"], asked.headers["x-meshcore-caller"]) == (
            "/a",
            "http://a",
            "reviews",
        )
        for said, heard in (("hello", "HELLO"), ("ä" * 100_000, "Ä" * 100_000), ("", "")):
            client.say(text=said)
            assert await client.told() == {"type": "websocket.send", "text": heard}
        client.say(text="ping")  # which is answered here
        client.say(bytes=b"abc", text=None)
        assert await client.told() == {"type": "websocket.send", "bytes": b"cba"}
        assert active(mesh) == 1
        client.leave(code=4001)
        await client.task
        await origin.closed.wait()
        assert (origin.code, active(mesh)) == (4001, 0)
        assert dict(mesh.requests.total()) == {(RATINGS, 101, ""): 1}


@pytest.mark.parametrize("code", [1000, 1011, 4000])
@in_loop
async def test_the_endpoint_ends_it(code: int) -> None:
    async with mesh_with() as (mesh, _):
        client = Client(mesh)
        await client.told()
        client.say(text=f"end {code}")
        assert await client.told() == {"type": "websocket.close", "code": code, "reason": "enough"}
        await client.task
        assert active(mesh) == 0


@in_loop
async def test_an_endpoint_that_breaks_off_is_to_blame() -> None:
    async with mesh_with(EJECTING) as (mesh, _):
        client = Client(mesh)
        await client.told()
        client.say(text="drop")
        assert (await client.told())["code"] == 1014
        await client.task
        (ratings,) = [it for it in mesh.engine.clusters() if it["name"] == RATINGS]
        assert ratings["endpoints"][0]["ejected"]
        assert dict(mesh.requests.total()) == {(RATINGS, 101, "UC"): 1}


@pytest.mark.parametrize("extensions", [RESPONSE, {}])
@in_loop
async def test_the_endpoint_may_refuse(extensions: dict[str, Any]) -> None:
    async with mesh_with() as (mesh, _):
        client = Client(mesh, "/no", extensions=extensions)
        start = await client.told()
        if extensions:
            assert (start["type"], start["status"]) == ("websocket.http.response.start", 401)
            assert (b"x-why", b"1") in start["headers"]
            body = b""
            while (piece := await client.told()).get("more_body"):
                body += piece["body"]
            assert body == b"not you"
        else:
            assert start == {"type": "websocket.close", "code": 1000}
        await client.task
        assert dict(mesh.requests.total()) == {(RATINGS, 401 if extensions else 403, ""): 1}


@in_loop
async def test_there_may_be_no_endpoint() -> None:
    refused = service("reviews", 1), service("ratings", 1), rules("reviews", TO)
    client = Client(mesh := mesh_of(*refused), extensions=RESPONSE)
    assert (await client.told())["status"] == 503
    await client.task
    ((_, status, flags),) = mesh.requests.total()
    assert (status, set(flags.split(","))) == (503, {"URX", "UF"})
    assert active(mesh) == 0


async def answering(answer: bytes) -> asyncio.Server:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await reader.read()  # until the other side ends
        writer.close()

    return await asyncio.start_server(serve, "127.0.0.1", 0)


def mesh_to(server: asyncio.Server, more: str = "") -> Mesh:
    port = server.sockets[0].getsockname()[1]
    return mesh_of(service("ratings", port), service("reviews", 1), rules("reviews", more + TO))


SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"


NO_ANSWERS = (
    SWITCHED + b"\r\n",
    SWITCHED + b"Sec-WebSocket-Accept: other\r\n\r\n",
    b"HTTP/1.1 99 No\r\n\r\n",
)


@pytest.mark.parametrize("answer", NO_ANSWERS)
@in_loop
async def test_what_is_no_answer_to_a_handshake(answer: bytes) -> None:
    async with await answering(answer) as server:
        port = server.sockets[0].getsockname()[1]
        client = Client(
            mesh := mesh_of(service("ratings", port), service("reviews", 1), rules("reviews", TO))
        )
        assert await client.told() == {"type": "websocket.close", "code": 1000}
        await client.task
        ((_, status, flags),) = mesh.requests.total()
        assert (status, flags.split(",")[0]) == (403, "UPE")
        assert active(mesh) == 0


@in_loop
async def test_a_handshake_takes_no_longer_than_the_route_says() -> None:
    async with await answering(b"") as server:
        port = server.sockets[0].getsockname()[1]
        mesh = mesh_of(
            service("ratings", port), service("reviews", 1), rules("reviews", f"timeout: 0.05s, {TO}")
        )
        client = Client(mesh, extensions=RESPONSE)
        assert (await client.told())["status"] == 504
        await client.task
        assert active(mesh) == 0


@in_loop
async def test_a_client_that_leaves_amid_its_handshake() -> None:
    async with await answering(b"") as server:
        client = Client(mesh := mesh_to(server))
        while not active(mesh):
            await asyncio.sleep(0)
        client.leave(code=1006)
        await client.task
        assert (active(mesh), dict(mesh.requests.total())) == (0, {(RATINGS, 0, "DC"): 1})


@in_loop
async def test_a_server_that_cancels_ends_both_sides() -> None:
    async with mesh_with() as (mesh, origin):
        client = Client(mesh)
        await client.told()
        client.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await client.task
        await origin.closed.wait()
        assert active(mesh) == 0
        assert dict(mesh.requests.total()) == {(RATINGS, 101, "DC"): 1}


@in_loop
async def test_a_server_that_cancels_just_when_the_endpoint_has_accepted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed = []

    class Head:
        def close(self) -> None:
            closed.append(self)

    async def accepted(*given: object) -> Head:
        client.task.cancel()
        return Head()

    monkeypatch.setattr("meshcore.integrations._asgi_websocket_forward._open", accepted)
    async with mesh_with() as (mesh, _):
        client = Client(mesh)
        with pytest.raises(asyncio.CancelledError):
            await client.task
        assert active(mesh) == 0
    assert len(closed) == 1


LIMITS = ("idle_timeout: 0.05s", "max_stream_duration: {max_stream_duration: 0.05s}")


@pytest.mark.parametrize("limit", LIMITS)
@in_loop
async def test_it_ends_when_nothing_is_said_or_when_it_lasts_too_long(limit: str) -> None:
    async with mesh_with() as (_, origin):
        mesh = mesh_of(ENVOY.replace("PORT", str(origin.port)).replace("LIMIT", limit))
        client = Client(mesh)
        assert (await client.told())["type"] == "websocket.accept"
        assert (await client.told())["code"] == 1001
        await client.task
        await origin.closed.wait()
        assert active(mesh) == 0
        assert dict(mesh.requests.total()) == {("ratings", 101, "SI" if "idle" in limit else ""): 1}


ENVOY = """
static_resources:
  clusters: [{name: ratings, load_assignment: {cluster_name: ratings, endpoints: [{lb_endpoints: [
    {endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: PORT}}}}]}]}}]
  listeners:
  - name: all
    address: {socket_address: {address: 0.0.0.0, port_value: 80}}
    filter_chains:
    - filters:
      - name: manager
        typed_config:
          "@type": x/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: all
          upgrade_configs: [{upgrade_type: websocket}]
          route_config:
            virtual_hosts:
            - {name: all, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: ratings, LIMIT}}]}
          http_filters:
          - name: router
            typed_config: {"@type": x/envoy.extensions.filters.http.router.v3.Router}
"""


@in_loop
async def test_no_websocket_goes_in_circles() -> None:
    async with mesh_with(callers=()) as (mesh, origin):
        lines = ((b"x-meshcore-caller", b"a"),) * 9
        client = Client(mesh, "/", *lines, extensions=RESPONSE)
        assert (await client.told())["status"] == 508
        await client.task
        assert (origin.seen, active(mesh)) == ([], 0)
