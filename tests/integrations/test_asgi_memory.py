"""meshcore.integrations.asgi: however a request ends, nothing of it stays in memory."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from asgi_support import Message
from mesh_support import active, in_loop, mesh_of, rules, service

from meshcore.context import current
from meshcore.integrations.asgi import MeshMiddleware

TIMES = 400
EDITED = (
    "match: [{uri: {prefix: /edited}}], rewrite: {uri: /}, timeout: 60s, "
    "headers: {request: {add: {x-for-app: a}}, response: {add: {x-by-mesh: b}}}, HERE"
)
ABORT = "match: [{uri: {exact: /abort}}], fault: {abort: {httpStatus: 418, percentage: {value: 100}}}, HERE"
LINES = [(b"x-app", b"1")]
Send = Callable[[Message], Awaitable[None]]


async def answers(scope: Any, receive: Any, send: Send) -> None:
    context = current()
    assert context is not None
    assert context.inject({})
    await send({"type": "http.response.start", "status": 200, "headers": iter(LINES)})
    await asyncio.sleep(0)
    await send({"type": "http.response.body"})


async def fails(scope: Any, receive: Any, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": LINES})
    raise ZeroDivisionError


def fails_at_once(scope: Any, receive: Any, send: Send) -> Awaitable[None]:
    raise ZeroDivisionError


async def hangs(scope: Any, receive: Any, send: Send) -> None:
    await asyncio.get_running_loop().create_future()


async def whole(request: Any) -> None:
    with contextlib.suppress(ZeroDivisionError):
        await asyncio.ensure_future(request)


async def cancelled(request: Any) -> None:
    task = asyncio.ensure_future(request)
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def closed(request: Any) -> None:
    request.send(None)
    request.close()


async def dropped(request: Any) -> None:
    async def server() -> None:
        await request

    server().send(None)


@pytest.mark.parametrize(
    ("app", "path", "ends"),
    [
        (answers, "/", whole),
        (answers, "/edited", whole),
        (answers, "/abort", whole),
        (answers, "/%00", whole),
        (answers, "/edited", cancelled),
        (fails, "/edited", whole),
        (fails_at_once, "/edited", whole),
        (hangs, "/edited", cancelled),
        (hangs, "/edited", closed),
        (hangs, "/edited", dropped),
    ],
)
@in_loop
async def test_nothing_of_a_request_stays(
    app: Any, path: str, ends: Callable[[Any], Awaitable[None]]
) -> None:
    mesh = mesh_of(service("reviews", 1), rules("reviews", EDITED, ABORT))
    mesh.start()
    middleware = MeshMiddleware(app, mesh=mesh)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        list(message.get("headers", ()))

    async def some(times: int) -> int:
        for _ in range(times):
            lines = [(b"host", b"reviews:9080"), (b"x-b3-traceid", b"0af7651916cd43dd8448eb211c80319c")]
            scope = {"type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": path}
            scope |= {"raw_path": path.encode(), "query_string": b"", "headers": lines}
            await ends(middleware(scope, receive, send))
        gc.collect()
        return sys.getallocatedblocks()

    gc.freeze()  # what the other tests have left does not have to be looked through
    try:
        await some(TIMES)  # pools fill
        before = await some(TIMES)
        # What a request leaves is at least one block; the interpreter's own pools come and go by less.
        assert await some(TIMES) - before < TIMES // 2
    finally:
        gc.unfreeze()
    assert active(mesh) == 0
    mesh.close()
