"""meshcore.integrations._asgi_outside: a server begins nothing in the context of a request that is over."""

from __future__ import annotations

import asyncio
import contextvars
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from mesh_support import in_loop, mesh_of, rules, service
from test_asgi_answer import request, scope_of

from meshcore.context import current
from meshcore.integrations.asgi import MeshMiddleware

OF_THE_SERVER = contextvars.ContextVar("OF_THE_SERVER", default="")
HEAD = {"type": "http.response.start", "status": 200, "headers": []}
PART = {"type": "http.response.body", "body": b"a", "more_body": True}
LAST = {"type": "http.response.body", "body": b"b"}


def within(app: Any) -> MeshMiddleware:
    mesh = mesh_of(service("reviews", 1), rules("reviews"))
    mesh.start()
    return MeshMiddleware(app, mesh=mesh)


async def answers(scope: Any, receive: Any, send: Any) -> None:
    for message in (HEAD, PART, LAST):
        await send(message)


@in_loop
async def test_what_a_server_begins_with_the_last_bytes_is_outside() -> None:
    """Timers of kept connections, and requests that came in with this one."""
    seen: list[tuple[bool, str]] = []
    later: list[bool] = []
    waited = asyncio.Event()

    async def send(message: Any) -> None:
        seen.append((current() is not None, OF_THE_SERVER.get()))
        await asyncio.sleep(0)
        seen.append((current() is not None, OF_THE_SERVER.get()))
        if message is LAST:
            asyncio.get_running_loop().call_soon(lambda: (later.append(current() is not None), waited.set()))

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await answers(scope, receive, send)
        assert current() is not None  # for its background tasks

    OF_THE_SERVER.set("set")
    await within(app)(scope_of(), request, send)
    await waited.wait()
    assert seen == [(True, "set")] * 4 + [(False, "set")] * 2
    assert later == [False]
    assert current() is None


@in_loop
async def test_a_request_is_let_go_of_though_timers_are_kept() -> None:
    kept: list[asyncio.TimerHandle] = []

    class Held:
        pass

    async def send(message: Any) -> None:
        if message is LAST:
            kept.append(asyncio.get_running_loop().call_later(1000, print))

    middleware, held = within(answers), Held()
    gone, scope = weakref.ref(held), scope_of(state=held)
    await asyncio.create_task(_run(middleware, scope, send))
    del scope, held
    assert gone() is None
    kept[0].cancel()


@pytest.mark.parametrize(
    ("sends", "error"),
    [
        (lambda: _raising(OSError("gone")), OSError),
        (lambda: _raising(asyncio.CancelledError()), asyncio.CancelledError),
    ],
)
@in_loop
async def test_what_a_server_raises_gets_to_the_app(
    sends: Callable[[], Any], error: type[BaseException]
) -> None:
    caught: list[BaseException] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(HEAD)
        try:
            await send(LAST)
        except error as found:
            caught.append(found)

    async def send(message: Any) -> None:
        if message is LAST:
            await sends()

    await within(app)(scope_of(), request, send)
    assert [type(one) for one in caught] == [error]


async def _raising(error: BaseException) -> None:
    await asyncio.sleep(0)
    raise error


async def _run(middleware: Any, scope: Any, send: Any) -> None:
    await middleware(scope, request, send)


@in_loop
async def test_whoever_is_cancelled_while_it_is_sent_ends() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def send(message: Any) -> None:
        if message is LAST:
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

    task = asyncio.create_task(_run(within(answers), scope_of(), send))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


@in_loop
async def test_a_server_may_return_any_awaitable() -> None:
    sent: list[Any] = []

    def send(message: Any) -> asyncio.Future[None]:
        sent.append(message["type"])
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        future.set_result(None)
        return future

    await within(answers)(scope_of(), request, send)
    assert sent == ["http.response.start", "http.response.body", "http.response.body"]


@in_loop
async def test_the_last_bytes_go_out_before_the_request_is_counted() -> None:
    middleware = within(answers)
    counts: list[int] = []
    requests = middleware.mesh.requests

    async def send(message: Any) -> None:
        counts.append(requests.total().total())

    await middleware(scope_of(), request, send)
    assert [*counts, requests.total().total()] == [0, 0, 0, 1]


@in_loop
async def test_the_last_bytes_may_be_waited_for_in_a_task() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        for _ in range(3):
            await asyncio.sleep(0)
        sent.append(message)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(HEAD)
        await asyncio.wait_for(send(LAST), 10)

    await within(app)(scope_of(), request, send)
    assert sent == [HEAD, LAST]
