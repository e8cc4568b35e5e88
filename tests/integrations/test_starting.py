"""meshcore.integrations: requests that come before a mesh has started wait for one thread that starts it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from asgi_support import App, Client, websocket_scope
from mesh_support import in_loop, mesh_of, rules, service

from meshcore.integrations.asgi import MeshMiddleware
from meshcore.mesh import Mesh

Request = Callable[[Mesh], Callable[[], Awaitable[object]]]


def of_http(mesh: Mesh) -> Callable[[], Awaitable[object]]:
    app = MeshMiddleware(App(), mesh=mesh)
    return lambda: Client(app).get("/")


def of_a_websocket(mesh: Mesh) -> Callable[[], Awaitable[object]]:
    async def closes(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.close"})

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        assert message["type"] == "websocket.close"

    app = MeshMiddleware(closes, mesh=mesh)
    return lambda: app(websocket_scope("/"), receive, send)


def of_httpx(mesh: Mesh) -> Callable[[], Awaitable[object]]:
    httpx = pytest.importorskip("httpx")
    from meshcore.integrations.httpx import AsyncMeshTransport

    transport = AsyncMeshTransport(mesh)
    return lambda: transport.handle_async_request(httpx.Request("GET", "http://reviews:9080/own"))


@pytest.mark.parametrize("requests", [of_http, of_a_websocket, of_httpx])
@in_loop
async def test_one_thread_starts_the_mesh_for_all(requests: Request) -> None:
    own = "match: [{uri: {exact: /own}}], directResponse: {status: 204}"
    mesh = mesh_of(service("reviews", 1), rules("reviews", own))
    let_go, start = threading.Event(), mesh.start
    starting: list[threading.Thread] = []

    def slowly() -> None:
        starting.append(threading.current_thread())
        assert let_go.wait(30)
        start()

    mesh.start = slowly  # type: ignore[method-assign]
    request = requests(mesh)
    waiting = [asyncio.ensure_future(request()) for _ in range(20)]
    while not starting:
        await asyncio.sleep(0)
    for _ in range(5):
        await asyncio.sleep(0)
    let_go.set()
    await asyncio.gather(*waiting)
    assert len(starting) == 1
    assert starting != [threading.main_thread()]
    assert mesh.started
    mesh.close()


def test_another_loop_than_asyncios_is_told() -> None:
    """As of Trio, whose coroutines nothing of asyncio runs."""
    pytest.importorskip("httpx")
    mesh = mesh_of(service("reviews", 1), rules("reviews"))
    for _ in range(2):
        with pytest.raises(RuntimeError, match="AsyncClient needs asyncio; here runs none of its"):
            of_httpx(mesh)().__await__().send(None)
        mesh.start()
    mesh.close()
    with pytest.raises(RuntimeError, match="event loops of asyncio; here runs none"):
        mesh.__aenter__().__await__().send(None)
