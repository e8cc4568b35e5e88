"""meshcore.integrations.asgi: handshakes of websockets are decided as requests are."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from asgi_support import App as HttpApp
from asgi_support import Client, websocket_scope
from mesh_support import REVIEWS, active, in_loop, mesh_of, rules, service

from meshcore.context import current
from meshcore.integrations.asgi import MeshMiddleware
from meshcore.mesh import Mesh
from meshcore.model import HttpOptions

EDITED = (
    "match: [{uri: {prefix: /v1/}}], rewrite: {uri: /}, timeout: 1s, "
    "headers: {request: {add: {x-for-app: a}}, response: {add: {x-by-mesh: b}}}, HERE"
)
ABORT = "match: [{uri: {exact: /abort}}], fault: {abort: {httpStatus: 418, percentage: {value: 100}}}, HERE"
LATE = "match: [{uri: {exact: /late}}], fault: {delay: {fixedDelay: 0.001s, percentage: {value: 100}}}, HERE"
MOVED = "match: [{uri: {exact: /moved}}], redirect: {uri: /new}"
ONLY_WEBSOCKETS = (
    "match: [{headers: {upgrade: {exact: websocket}}, uri: {exact: /ws}}], rewrite: {uri: /found}, HERE"
)
RESPONSE = {"websocket.http.response": {}}


@dataclass
class App:
    """Accepts, and ends when the client has said something. ``answer``: it sends this instead."""

    mesh: Mesh
    answer: list[dict[str, Any]] = field(default_factory=list)
    seen: list[Any] = field(default_factory=list)
    active: int = -1  #: requests under way while the connection was open

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        context = current()
        assert context is not None
        self.seen.append((scope, context.route, context.deadline))
        assert (await receive())["type"] == "websocket.connect"
        for message in self.answer or [{"type": "websocket.accept", "headers": [(b"x-app", b"1")]}]:
            await send(message)
        self.active = active(self.mesh)
        if (await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": "said"})
        await send({"type": "websocket.close", "code": 1000})


def mesh_for(**options: Any) -> Mesh:
    routes = EDITED, ABORT, LATE, MOVED, ONLY_WEBSOCKETS
    return mesh_of(service("reviews", 1), rules("reviews", *routes), **options)


async def handshake(app: Any, path: str, *lines: tuple[bytes, bytes], **scope: Any) -> list[dict[str, Any]]:
    """What the server is told to send."""
    sent: list[dict[str, Any]] = []
    messages = [{"type": "websocket.connect"}, {"type": "websocket.receive", "text": "hello"}]

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(websocket_scope(path, *lines, **scope), receive, send)
    return sent


@in_loop
async def test_the_app_gets_what_is_routed_to_it_edited() -> None:
    mesh = mesh_for()
    app = App(mesh)
    sent = await handshake(MeshMiddleware(app, mesh=mesh), "/v1/chat")
    ((scope, route, deadline),) = app.seen
    assert (scope["path"], scope["raw_path"]) == ("/chat", b"/chat")
    assert (b"x-for-app", b"a") in scope["headers"]
    assert route is not None
    assert deadline is None  # the connection stays open
    assert {(b"x-app", b"1"), (b"x-by-mesh", b"b")} <= set(sent[0]["headers"])
    assert [message["type"] for message in sent] == ["websocket.accept", "websocket.send", "websocket.close"]
    assert (app.active, active(mesh)) == (1, 0)
    assert dict(mesh.requests.total()) == {(REVIEWS, 101, ""): 1}


@in_loop
async def test_routes_know_a_websocket() -> None:
    app = App(mesh := mesh_for())
    middleware = MeshMiddleware(app, mesh=mesh)
    await handshake(middleware, "/ws")
    await handshake(middleware, "/ws", (b"connection", b"Upgrade"), (b"upgrade", b"websocket"))
    assert [scope["path"] for scope, _, _ in app.seen] == ["/found", "/found"]


@pytest.mark.parametrize(("path", "status", "header"), [("/abort", 418, b""), ("/moved", 301, b"location")])
@in_loop
async def test_what_the_mesh_answers_ends_the_handshake(path: str, status: int, header: bytes) -> None:
    app = App(mesh := mesh_for())
    middleware = MeshMiddleware(app, mesh=mesh)
    start, body = await handshake(middleware, path, extensions=RESPONSE)
    assert (start["type"], start["status"]) == ("websocket.http.response.start", status)
    assert body["type"] == "websocket.http.response.body"
    assert not header or header in dict(start["headers"])
    assert await handshake(middleware, path) == [{"type": "websocket.close", "code": 1000}]
    assert app.seen == []
    assert active(mesh) == 0
    assert sorted(key[1] for key in mesh.requests.total()) == sorted((status, 403))


@in_loop
async def test_an_upgrade_that_is_not_let_through_is_refused() -> None:
    mesh = mesh_for()
    config = mesh.engine.config
    mesh.swap(
        replace(config, listeners=tuple(replace(one, options=HttpOptions()) for one in config.listeners))
    )
    app = App(mesh)
    start, _ = await handshake(MeshMiddleware(app, mesh=mesh), "/v1/chat", extensions=RESPONSE)
    assert (start["status"], app.seen, active(mesh)) == (403, [], 0)


@in_loop
async def test_what_the_mesh_does_not_know_passes() -> None:
    """It is for Istio's PassthroughCluster."""
    app = App(mesh := mesh_for())
    sent = await handshake(MeshMiddleware(app, mesh=mesh), "/", headers=[(b"host", b"nobody")])
    assert sent[0] == {"type": "websocket.accept", "headers": [(b"x-app", b"1")]}
    assert app.seen[0][0]["path"] == "/"
    assert (app.active, active(mesh)) == (1, 0)


@pytest.mark.parametrize(
    ("lines", "counted"),
    [(((b"x-meshcore-caller", b"a"),), {("inbound|9080||", 101, ""): 1}), ((), {("", 403, "NR"): 1})],
)
@in_loop
async def test_what_the_mesh_sends_is_counted_though_no_route_leads_here(
    lines: tuple[tuple[bytes, bytes], ...], counted: dict[Any, int]
) -> None:
    rule = rules("reviews").replace("  - {route", "  - {match: [{uri: {exact: /known}}], route")
    app = App(mesh := mesh_of(service("reviews", 1), rule))
    await handshake(MeshMiddleware(app, mesh=mesh), "/other", *lines)
    assert dict(mesh.requests.total()) == counted


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ([{"type": "websocket.close", "code": 1000}], 403),
        ([{"type": "websocket.http.response.start", "status": 401, "headers": []}], 401),
    ],
)
@in_loop
async def test_the_app_may_refuse(answer: list[dict[str, Any]], status: int) -> None:
    app = App(mesh := mesh_for(), answer=answer)
    sent = await handshake(MeshMiddleware(app, mesh=mesh), "/v1/chat", extensions=RESPONSE)
    assert sent[0]["type"] == answer[0]["type"]
    assert dict(mesh.requests.total()) == {(REVIEWS, status, ""): 1}


@in_loop
async def test_an_app_that_fails_is_the_endpoints_failure() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise OSError("broken")

    mesh = mesh_for()
    with pytest.raises(OSError, match="broken"):
        await handshake(MeshMiddleware(app, mesh=mesh), "/v1/chat")
    assert active(mesh) == 0


LIMIT = """
apiVersion: meshcore/v1
kind: RateLimits
rules:
- {name: all, rate: 1/hour}
"""


@pytest.mark.parametrize("lines", [(), ((b"x-meshcore-caller", b"productpage"),)])
@in_loop
async def test_limits_hold_for_handshakes(lines: tuple[tuple[bytes, bytes], ...]) -> None:
    app = App(mesh := mesh_of(LIMIT))
    middleware = MeshMiddleware(app, mesh=mesh)
    await handshake(middleware, "/", *lines)
    start, _ = await handshake(middleware, "/", *lines, extensions=RESPONSE)
    assert start["status"] == 429
    assert len(app.seen) == 1


@in_loop
async def test_a_delay_is_waited_out() -> None:
    app = App(mesh := mesh_for())
    await handshake(MeshMiddleware(app, mesh=mesh), "/late")
    assert [scope["path"] for scope, _, _ in app.seen] == ["/late"]
    assert sum(fault["delays_injected"] for fault in mesh.engine.faults()) == 1


@pytest.mark.parametrize("upgrade", [b"websocket", b"h2c", b"other", b""])
@in_loop
async def test_whoever_asks_for_another_protocol_goes_past_no_limit(upgrade: bytes) -> None:
    lines = ((b"connection", b"upgrade"), (b"upgrade", upgrade))
    middleware = MeshMiddleware(HttpApp(), mesh=mesh_of(LIMIT))
    assert [(await Client(middleware).get("/", headers=lines)).status for _ in range(2)] == [200, 429]


@pytest.mark.parametrize("called", [(), ((b"x-meshcore-caller", b"anybody"),)])
@in_loop
async def test_whoever_is_malformed_goes_past_no_limit(called: tuple[tuple[bytes, bytes], ...]) -> None:
    app = HttpApp()
    for mesh in (mesh_of(LIMIT), mesh_of(LIMIT, service("reviews", 1), rules("reviews"))):
        middleware = MeshMiddleware(app, mesh=mesh)
        assert (await Client(middleware).get("/%00", headers=called)).status == 400
        assert (await Client(middleware).get("/", raw_path=b"/a%00", headers=called)).status == 400
    assert app.seen == []


@pytest.mark.parametrize(
    ("error", "counted"), [(asyncio.CancelledError(), "DC"), (OSError("the app fails"), "")]
)
@in_loop
async def test_what_was_accepted_stays_so_however_it_ends(error: BaseException, counted: str) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        raise error

    mesh = mesh_for()
    with pytest.raises(type(error)):
        await handshake(MeshMiddleware(app, mesh=mesh), "/v1/chat")
    assert active(mesh) == 0
    assert dict(mesh.requests.total()) == {(REVIEWS, 101, counted): 1}
