"""meshcore.integrations._asgi_answer: it is awaited as the app itself would be, however that ends."""

from __future__ import annotations

import asyncio
import gc
import inspect
import sys
import types
from collections.abc import Awaitable, Generator, Iterator
from contextvars import copy_context
from typing import Any

import pytest
from asgi_support import App, Client
from mesh_support import REVIEWS, active, in_loop, mesh_of, rules, service

from meshcore.context import activate, current
from meshcore.integrations.asgi import MeshMiddleware
from meshcore.mesh import Mesh

SLOW = "match: [{uri: {prefix: /slow}}], timeout: 0.05s, HERE"
EDITED = "match: [{uri: {prefix: /edited}}], headers: {response: {add: {x-by-mesh: b}}}, HERE"
SLOWER = "match: [{uri: {prefix: /late}}], timeout: 0.1s, HERE"


def mesh_for() -> Mesh:
    return mesh_of(service("reviews", 1), rules("reviews", SLOW, SLOWER))


def test_servers_take_it_for_an_asgi_3_app() -> None:
    middleware = MeshMiddleware(App(), mesh=mesh_for())
    assert inspect.iscoroutinefunction(middleware.__call__)


async def ignore(message: Any) -> None:
    pass


async def request() -> Any:
    return {"type": "http.request"}


def scope_of(**more: Any) -> dict[str, Any]:
    return {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/a",
        "query_string": b"",
        "headers": [(b"host", b"reviews:9080")],
        **more,
    }


def started() -> Mesh:
    mesh = mesh_for()
    mesh.start()
    return mesh


@in_loop
async def test_it_is_a_coroutine_like_any_other() -> None:
    app, mesh = App(), started()
    middleware = MeshMiddleware(app, mesh=mesh)
    task = asyncio.create_task(middleware(scope_of(), request, ignore))
    assert current() is None  # nothing has begun
    assert (active(mesh), app.seen) == (0, [])
    await task
    assert app.seen[0]["path"] == "/a"
    await middleware.__call__(scope_of(), request, ignore)
    await middleware(scope=scope_of(), receive=request, send=ignore)
    assert dict(mesh.requests.total()) == {(REVIEWS, 200, ""): 3}
    over = middleware(scope_of(), request, ignore)
    await over
    with pytest.raises(RuntimeError, match="cannot reuse"):
        await over
    mesh.close()


class Own(MeshMiddleware):
    """A class of a user's own."""

    called = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.called = scope["path"]
        await super().__call__(scope, receive, send)


@in_loop
async def test_it_is_called_by_place_by_name_and_as_its_class_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    app, mesh = App(), started()
    middleware = MeshMiddleware(app, mesh=mesh)
    await middleware(scope_of(), send=ignore, receive=request)
    for given, named, wrong in (((scope_of(), request), {}, "3 positional|send"), ((), {"a": 1}, "argument")):
        with pytest.raises(TypeError, match=wrong):
            middleware(*given, **named)
    own = Own(app, mesh=started(), service="reviews")
    await own(scope_of(path="/b"), request, ignore)
    assert (own.called, [scope["path"] for scope in app.seen]) == ("/b", ["/a", "/b"])
    monkeypatch.setattr(MeshMiddleware, "__call__", lambda *arguments: len(arguments))
    assert middleware(scope_of(), request, ignore) == 4
    own.mesh.close()
    mesh.close()


@types.coroutine
def asked(question: str) -> Generator[str, str, str]:
    return (yield question)


@in_loop
async def test_what_is_sent_to_who_awaits_it_reaches_the_app() -> None:
    told = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        told.append(await asked("who?"))
        told.append(await asked("why?"))

    async def awaits(answer: Awaitable[None]) -> str:
        await answer
        return "over"

    mesh = started()
    awaiting = awaits(MeshMiddleware(app, mesh=mesh)(scope_of(), request, ignore))
    assert [awaiting.send(None), awaiting.send("me")] == ["who?", "why?"]
    with pytest.raises(StopIteration, match="over"):
        awaiting.send("so")
    assert told == ["me", "so"]
    mesh.close()


@in_loop
async def test_what_has_not_begun_ends_without_a_trace() -> None:
    app, mesh = App(), started()
    middleware = MeshMiddleware(app, mesh=mesh)
    closed = middleware(scope_of(), request, ignore)
    closed.close()
    thrown = middleware(scope_of(), request, ignore)
    with pytest.raises(ZeroDivisionError):
        thrown.throw(ZeroDivisionError())
    for ended in (closed, thrown):
        with pytest.raises(RuntimeError, match="cannot reuse"):
            await ended
    task = asyncio.create_task(middleware(scope_of(), request, ignore))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (app.seen, active(mesh), mesh.requests.total()) == ([], 0, {})
    mesh.close()


@in_loop
async def test_what_cannot_be_decided_is_raised_when_awaited() -> None:
    mesh = started()
    answer = MeshMiddleware(App(), mesh=mesh)({"type": "http"}, request, ignore)
    with pytest.raises(KeyError):
        await answer
    with pytest.raises(RuntimeError, match="cannot reuse"):
        await answer
    assert mesh.requests.total() == {}
    mesh.close()


@in_loop
async def test_send_takes_one_message() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        for wrong in ((), ({}, {})):
            with pytest.raises(TypeError):
                send(*wrong)
        with pytest.raises(TypeError):
            send(message={}, more={})
        with pytest.raises(KeyError):
            send({})
        await send({"type": "http.response.start", "status": 204})
        await send({"type": "http.response.body"})

    mesh = started()
    await MeshMiddleware(app, mesh=mesh)(scope_of(), request, ignore)
    assert dict(mesh.requests.total()) == {(REVIEWS, 204, ""): 1}
    mesh.close()


@in_loop
async def test_requests_of_several_threads_are_counted_by_each() -> None:
    mesh = started()
    middleware = MeshMiddleware(App(), mesh=mesh)

    def serve() -> None:
        asyncio.run(middleware(scope_of(), request, ignore))

    for _ in range(3):
        await asyncio.gather(*(asyncio.to_thread(serve) for _ in range(4)))
        await middleware(scope_of(), request, ignore)
    assert dict(mesh.requests.total()) == {(REVIEWS, 200, ""): 15}
    mesh.close()


@in_loop
async def test_the_servers_scope_and_message_stay_as_they_were() -> None:
    sent: list[Any] = []

    async def keep(message: Any) -> None:
        sent.append(message)

    head = {"type": "http.response.start", "status": 200, "headers": [(b"x-app", b"1")]}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)
        await send(head)

    seen: list[Any] = []
    mesh, scope = started(), scope_of()
    await MeshMiddleware(app, mesh=mesh)(scope, request, keep)
    assert scope == scope_of()
    assert seen[0] is not scope
    assert seen[0]["headers"][0] is scope["headers"][0]  # what the route leaves alone is not made anew
    assert sent == [head]
    assert sent[0] is head
    mesh.close()


@in_loop
async def test_a_request_that_is_closed_gives_back_what_it_had() -> None:
    ended: list[bool] = []

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(current() is not None)

    mesh = mesh_for()
    mesh.start()
    request = Client(MeshMiddleware(App(before=hang), mesh=mesh)).get("/a")
    assert request.send(None) is not None
    assert active(mesh) == 1
    request.close()
    assert ended == [True]
    assert active(mesh) == 0
    assert current() is None
    assert dict(mesh.requests.total()) == {(REVIEWS, 0, "DC"): 1}
    mesh.close()


@in_loop
async def test_a_client_that_leaves_within_its_answer_is_told_of() -> None:
    """Starlette's answers that stream return then; others are cancelled by their server."""

    async def head_alone(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    mesh = mesh_for()
    await Client(MeshMiddleware(head_alone, mesh=mesh)).get("/a")
    waiting = App(after=asyncio.Event().wait)
    client = Client(MeshMiddleware(waiting, mesh=mesh))
    request = asyncio.ensure_future(client.get("/a"))
    while not client.sent:
        await asyncio.sleep(0)
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    assert active(mesh) == 0
    assert dict(mesh.requests.total()) == {(REVIEWS, 200, "DC"): 2}


@in_loop
async def test_a_timeout_that_a_client_names_leaves_no_timer() -> None:
    loop: Any = asyncio.get_running_loop()
    mesh = mesh_for()
    middleware = MeshMiddleware(App(before=lambda: asyncio.sleep(0)), mesh=mesh)
    for i in range(50):
        lines = ((b"grpc-timeout", b"%dm" % (10_000_000 + i)), (b"content-type", b"application/grpc"))
        assert (await Client(middleware).get("/a", headers=lines)).status == 200
    later = [timer for timer in loop._scheduled if timer.when() > loop.time() + 1000]
    assert all(timer.cancelled() for timer in later)


@in_loop
async def test_an_app_that_raises_before_it_is_awaited() -> None:
    def app(scope: Any, receive: Any, send: Any) -> Awaitable[None]:
        raise ZeroDivisionError

    mesh = mesh_for()
    with pytest.raises(ZeroDivisionError):
        await Client(MeshMiddleware(app, mesh=mesh)).get("/a")
    assert active(mesh) == 0
    assert current() is not None  # for handlers outside of the middleware
    assert dict(mesh.requests.total()) == {(REVIEWS, 500, ""): 1}


@in_loop
async def test_an_app_may_return_any_awaitable() -> None:
    inner = App()

    def app(scope: Any, receive: Any, send: Any) -> Awaitable[None]:
        return asyncio.ensure_future(inner(scope, receive, send))

    mesh = mesh_for()
    assert (await Client(MeshMiddleware(app, mesh=mesh)).get("/a")).status == 200
    assert active(mesh) == 0


@in_loop
async def test_an_app_that_does_not_let_itself_be_cancelled_has_no_say() -> None:
    async def stay() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await stay()

    mesh = mesh_for()
    assert (await Client(MeshMiddleware(app, mesh=mesh)).get("/slow")).status == 504
    task = asyncio.current_task()
    if sys.version_info >= (3, 11):
        assert task is not None
        assert task.cancelling() == 0
    assert active(mesh) == 0


@in_loop
async def test_an_app_that_raises_for_the_timeout_is_heard() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ZeroDivisionError

    mesh = mesh_for()
    with pytest.raises(ZeroDivisionError):
        await Client(MeshMiddleware(app, mesh=mesh)).get("/slow")
    assert active(mesh) == 0
    assert dict(mesh.requests.total()) == {(REVIEWS, 500, ""): 1}


@in_loop
async def test_all_that_are_too_slow_are_ended_each_at_its_own_time() -> None:
    loop = asyncio.get_running_loop()
    mesh = mesh_for()
    mesh.start()
    middleware = MeshMiddleware(App(before=asyncio.Event().wait), mesh=mesh)
    took: list[tuple[str, float]] = []

    async def get(path: str) -> None:
        begun = loop.time()
        assert (await Client(middleware).get(path)).status == 504
        took.append((path, loop.time() - begun))

    waiting = []
    for path in ("/late", "/slow", "/slow", "/late", "/slow"):
        waiting.append(asyncio.ensure_future(get(path)))
        await asyncio.sleep(0)
    await asyncio.gather(*waiting)
    assert all(seconds >= {"/slow": 0.05, "/late": 0.1}[path] for path, seconds in took)
    assert active(mesh) == 0
    assert (await Client(middleware).get("/slow")).status == 504  # when nobody has been watched for a while
    mesh.close()


@in_loop
async def test_one_that_ends_in_time_is_not_ended_later() -> None:
    async def wait() -> None:
        await asyncio.sleep(0)

    mesh = mesh_for()
    middleware = MeshMiddleware(App(before=wait), mesh=mesh)
    hanging = MeshMiddleware(App(before=asyncio.Event().wait), mesh=mesh)
    assert (await Client(middleware).get("/slow")).status == 200
    assert (await Client(hanging).get("/slow")).status == 504
    assert dict(mesh.requests.total()) == {(REVIEWS, 200, ""): 1, (REVIEWS, 504, "UT"): 1}


@in_loop
async def test_whoever_cancels_as_well_is_obeyed() -> None:
    mesh = mesh_for()
    mesh.start()

    async def slowly() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if sys.version_info >= (3, 11):
                task.cancel()
            raise

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await slowly()

    task = asyncio.ensure_future(Client(MeshMiddleware(app, mesh=mesh)).get("/slow"))
    if sys.version_info >= (3, 11):
        with pytest.raises(asyncio.CancelledError):
            await task
    else:  # which cannot tell
        assert (await task).status == 504
    assert active(mesh) == 0
    mesh.close()


@in_loop
async def test_the_context_is_the_same_whoever_asks_and_outlives_the_answer() -> None:
    found = []

    async def ask() -> None:
        found.extend([current(), await asyncio.to_thread(current)])
        kept.append(asyncio.ensure_future(later()))

    async def later() -> None:
        await over.wait()
        found.append(current())

    kept: list[asyncio.Future[None]] = []
    over = asyncio.Event()
    await Client(MeshMiddleware(App(before=ask), mesh=mesh_for())).get("/a")
    over.set()
    await kept[0]
    assert found[0] is not None
    assert found == [found[0]] * 3
    assert found[0].cluster == REVIEWS
    assert current() is None


@pytest.mark.parametrize("path", ["/a", "/edited"])
@in_loop
async def test_lines_of_an_answer_may_be_there_to_be_read_once(path: str) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        lines = iter([(b"x-app", b"1"), (b"content-length", b"0")])
        await send({"type": "http.response.start", "status": 200, "headers": lines})
        await send({"type": "http.response.body"})

    mesh = mesh_of(service("reviews", 1), rules("reviews", EDITED))
    for lines in ((), ((b"x-meshcore-caller", b"productpage"),)):
        client = await Client(MeshMiddleware(app, mesh=mesh)).get(path, headers=lines)
        assert client.headers["x-app"] == "1"


@pytest.mark.parametrize("status", [0, 99, 1000, 65736, -1, 10**30, "200", None])
@in_loop
async def test_a_status_that_there_is_not_is_a_failure_of_the_app(status: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status})

    mesh = mesh_for()
    with pytest.raises((ValueError, TypeError, OverflowError)):
        await Client(MeshMiddleware(app, mesh=mesh)).get("/a")
    assert active(mesh) == 0
    assert dict(mesh.requests.total()) == {(REVIEWS, 500, ""): 1}


END = {"type": "http.response.body", "body": b"all"}


@pytest.mark.parametrize("end", [END, {"type": "http.response.pathsend", "path": "/a"}])
@pytest.mark.parametrize("path", ["/slow", "/delayed"])
@in_loop
async def test_what_an_app_does_after_its_answer_takes_as_long_as_it_takes(
    path: str, end: dict[str, Any]
) -> None:
    """Starlette's background tasks: the request itself is over."""
    after: list[object] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        context = current()
        assert context is not None
        assert context.deadline is not None
        await send({"type": "http.response.start", "status": 200})
        await send(dict(END, more_body=True))
        after.append(active(mesh))
        await send(end)
        after.append(active(mesh))
        await hangs
        after.append(current())
        after.append(context.deadline)

    delayed = "match: [{uri: {prefix: /delayed}}], timeout: 0.05s, "
    delayed += "fault: {delay: {fixedDelay: 0.001s, percentage: {value: 100}}}, HERE"
    mesh = mesh_of(service("reviews", 1), rules("reviews", SLOW, delayed))
    mesh.start()
    middleware = MeshMiddleware(app, mesh=mesh)
    loop = asyncio.get_running_loop()
    hangs = loop.create_future()
    task = asyncio.ensure_future(Client(middleware).get(path))
    while len(after) < 2:
        await asyncio.sleep(0)
    assert after == [1, 0]
    timed_out = await Client(MeshMiddleware(App(before=asyncio.Event().wait), mesh=mesh)).get(path)
    assert timed_out.status == 504  # by now the first one would be, too
    hangs.set_result(None)
    assert (await task).status == 200
    assert after[2] is not None
    assert after[3] is None  # nor does what it asks of others end by the request's deadline
    assert sum(mesh.requests.total().values()) == 2
    mesh.close()


@in_loop
async def test_a_request_that_another_closes_leaves_that_its_context() -> None:
    mesh = mesh_for()
    mesh.start()
    request = Client(MeshMiddleware(App(before=asyncio.Event().wait), mesh=mesh)).get("/a")
    assert copy_context().run(request.send, None) is not None

    def another() -> None:
        with activate({"x-request-id": "two"}) as context:
            request.close()
            assert current() is context

    copy_context().run(another)
    assert active(mesh) == 0
    mesh.close()


@in_loop
async def test_an_app_that_no_task_runs_is_not_ended() -> None:
    """Somebody drives it by hand: there is nothing that could be cancelled."""
    mesh = mesh_for()
    mesh.start()
    app = App(before=asyncio.Event().wait)
    request = Client(MeshMiddleware(app, mesh=mesh)).get("/slow")
    driven = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(lambda: driven.set_result(request.send(None)))
    assert await driven is not None
    other = await Client(MeshMiddleware(app, mesh=mesh)).get("/slow")  # is, and does not wait for the first
    assert other.status == 504
    request.close()
    assert active(mesh) == 0
    mesh.close()


@in_loop
async def test_a_head_whose_lines_change_it_is_sent_as_it_was_given() -> None:
    """The lines are read after the status has been taken; nobody else has that then."""
    sent: list[Any] = []
    message: dict[str, Any] = {"type": "http.response.start", "status": int("599")}

    def lines() -> Iterator[tuple[bytes, bytes]]:
        message["status"] = None
        gc.collect()
        yield b"x-a", b"b"

    async def app(scope: Any, receive: Any, send: Any) -> None:
        message["headers"] = lines()
        await send(message)
        await send({"type": "http.response.body"})

    async def send(message: Any) -> None:
        sent.append(message)

    mesh = started()
    await MeshMiddleware(app, mesh=mesh)(scope_of(), request, send)
    assert (b"x-a", b"b") in sent[0]["headers"]
    assert dict(mesh.requests.total()) == {(REVIEWS, 599, ""): 1}
    mesh.close()


@in_loop
async def test_a_scope_whose_lines_change_it() -> None:
    scope = scope_of(client=["10.0.0.9", 1234], scheme="".join(["ht", "tp"]), method="".join(["GE", "T"]))

    def lines() -> Iterator[tuple[bytes, bytes]]:
        scope.update(client=None, scheme=None)
        gc.collect()
        yield b"host", b"reviews:9080"

    scope["headers"] = lines()
    app, mesh = App(), started()
    await MeshMiddleware(app, mesh=mesh)(scope, request, ignore)
    assert dict(mesh.requests.total()) == {(REVIEWS, 200, ""): 1}
    mesh.close()


@in_loop
async def test_nothing_is_sent_before_an_app_is_called() -> None:
    mesh = started()
    answer: Any = MeshMiddleware(App(), mesh=mesh)(scope_of(), request, ignore)
    for kind in ("start", "body"):
        with pytest.raises(RuntimeError, match="no app has been called"):
            answer({"type": f"http.response.{kind}", "status": 200})
    with pytest.raises(RuntimeError, match="no app has been called"):
        answer.context()
    its_type: Any = type(answer)
    with pytest.raises(TypeError, match="what a middleware returns"):
        its_type()
    with pytest.raises(TypeError, match="what a middleware returns"):
        its_type.__new__(its_type)
    answer.close()
    mesh.close()
