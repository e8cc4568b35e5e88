"""meshcore.integrations.asgi: what reaches the app, what is answered, and that nothing is left over."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from asgi_support import App, Client
from mesh_support import REVIEWS, active, in_loop, mesh_of, rules, service
from origins import origins, refused_port

from meshcore.context import current
from meshcore.integrations.asgi import MeshMiddleware
from meshcore.mesh import Mesh

EDITED = (
    "match: [{uri: {prefix: /v1/}}], rewrite: {uri: /}, "
    "headers: {request: {add: {x-for-app: a}}, response: {add: {x-by-mesh: b}, remove: [x-app]}}, HERE"
)
MOVED = "match: [{uri: {exact: /moved}}], redirect: {uri: /new}"
ABORT = "match: [{uri: {exact: /abort}}], fault: {abort: {httpStatus: 418, percentage: {value: 100}}}, HERE"
SLOW = "match: [{uri: {prefix: /slow}}], timeout: 0.05s, HERE"
RETRIED = "match: [{uri: {prefix: /retried}}], retries: {attempts: 3, retryOn: 5xx}, HERE"


def mesh_for(*more: str) -> Mesh:
    return mesh_of(service("reviews", 1), rules("reviews", EDITED, MOVED, ABORT, SLOW, RETRIED, *more))


def counts(mesh: Mesh) -> dict[Any, int]:
    return dict(mesh.requests.total())


@in_loop
async def test_the_app_gets_what_is_routed_to_it() -> None:
    app, mesh = App(), mesh_for()
    client = await Client(MeshMiddleware(app, mesh=mesh)).get("/reviews/7?a=b", body=(b"one ", b"two"))
    assert (client.status, client.body) == (200, b"app body")
    assert client.headers["x-app"] == "1"
    assert app.seen[0]["path"] == "/reviews/7"
    assert app.seen[0]["query_string"] == b"a=b"
    assert app.bodies == [b"one two"]
    assert active(mesh) == 0
    assert counts(mesh) == {(REVIEWS, 200, ""): 1}


@in_loop
async def test_the_route_edits_what_the_app_and_the_client_see() -> None:
    app = App()
    client = await Client(MeshMiddleware(app, mesh=mesh_for())).get("/v1/a%20b?c=d")
    scope = app.seen[0]
    assert (scope["path"], scope["raw_path"], scope["query_string"]) == ("/a b", b"/a%20b", b"c=d")
    assert (b"x-for-app", b"a") in scope["headers"]
    assert (b"host", b"reviews:9080") in scope["headers"]
    assert client.headers["x-by-mesh"] == "b"
    assert "x-app" not in client.headers


@pytest.mark.parametrize(("path", "status"), [("/moved", 301), ("/abort", 418)])
@in_loop
async def test_what_the_mesh_answers_does_not_reach_the_app(path: str, status: int) -> None:
    app, mesh = App(), mesh_for()
    client = await Client(MeshMiddleware(app, mesh=mesh)).get(path)
    assert client.status == status
    assert int(client.headers["content-length"]) == len(client.body)
    assert app.seen == []
    assert active(mesh) == 0


@in_loop
async def test_a_caller_in_the_mesh_has_applied_the_routes() -> None:
    app = App()
    client = await Client(MeshMiddleware(app, mesh=mesh_for())).get(
        "/abort", headers=((b"x-meshcore-caller", b"productpage"),)
    )
    assert client.status == 200
    client = await Client(MeshMiddleware(app, mesh=mesh_for())).get(
        "/v1/a", headers=((b"x-meshcore-caller", b"productpage"),)
    )
    assert app.seen[-1]["path"] == "/v1/a"
    assert "x-by-mesh" not in client.headers


@pytest.mark.parametrize("address", ["8.8.8.8", "::ffff:8.8.8.8", "testclient"])
@in_loop
async def test_whoever_says_from_elsewhere_that_it_is_in_the_mesh_is_not_believed(address: str) -> None:
    app, mark = App(), ((b"x-meshcore-caller", b"productpage"),)
    middleware = MeshMiddleware(app, mesh=mesh_for())
    assert (await Client(middleware).get("/abort", headers=mark, client=(address, 1))).status == 418
    await Client(middleware).get("/v1/a", headers=mark, client=(address, 1))
    assert app.seen[-1]["path"] == "/a"


@in_loop
async def test_whom_a_mesh_believes_is_its_own_to_say() -> None:
    mesh = mesh_of(service("reviews", 1), rules("reviews", ABORT), callers=["8.8.8.0/24"])
    found = []
    for address in ("8.8.8.8", "10.0.0.9"):
        client = Client(MeshMiddleware(App(), mesh=mesh))
        mark = ((b"x-meshcore-caller", b"productpage"),)
        found.append((await client.get("/abort", headers=mark, client=(address, 1))).status)
    assert found == [200, 418]


@in_loop
async def test_hosts_that_the_configuration_does_not_know_reach_the_app() -> None:
    app, mesh = App(), mesh_for()
    client = await Client(MeshMiddleware(app, mesh=mesh)).get("/healthz", host="10.0.0.5:8000")
    assert client.status == 200


@in_loop
async def test_the_app_needs_no_endpoint() -> None:
    app = App()
    client = await Client(MeshMiddleware(app, mesh=mesh_of(service("reviews")))).get("/")
    assert client.status == 200


@in_loop
async def test_a_service_of_its_own_name() -> None:
    mesh = mesh_of(service("reviews", 1), service("ratings", 1), service=None)
    app = App()
    client = await Client(MeshMiddleware(app, mesh=mesh, service="ratings")).get("/", host="ratings:9080")
    assert client.status == 200
    assert app.seen


@in_loop
async def test_the_apps_context() -> None:
    found = []

    async def look() -> None:
        context = current()
        assert context is not None
        found.append((context.trace_id, context.cluster, context.request_id))

    app = App(before=look)
    traced = ((b"x-b3-traceid", b"0af7651916cd43dd8448eb211c80319c"), (b"x-b3-spanid", b"b7ad6b7169203331"))
    await Client(MeshMiddleware(app, mesh=mesh_for())).get(
        "/", headers=(*traced, (b"x-request-id", b"3d2f6a3e-0b8e-4d0f-9a56-3a6c7d3c9b11"))
    )
    assert found == [("0af7651916cd43dd8448eb211c80319c", REVIEWS, "3d2f6a3e-0b8e-4d0f-9a56-3a6c7d3c9b11")]
    assert current() is None


@in_loop
async def test_an_app_that_is_too_slow_is_ended() -> None:
    ended: list[bool] = []

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    app, mesh = App(before=hang), mesh_for()
    client = await Client(MeshMiddleware(app, mesh=mesh)).get("/slow")
    assert client.status == 504
    assert ended == [True]
    assert active(mesh) == 0
    assert counts(mesh) == {(REVIEWS, 504, "UT"): 1}


@in_loop
async def test_an_answer_that_takes_too_long_is_cut() -> None:
    app, mesh = App(after=asyncio.Event().wait), mesh_for()
    client = Client(MeshMiddleware(app, mesh=mesh))
    with pytest.raises(TimeoutError, match=r"0\.05 s"):
        await client.get("/slow")
    assert client.status == 200
    assert active(mesh) == 0
    assert counts(mesh) == {(REVIEWS, 200, "UT"): 1}


@in_loop
async def test_an_app_that_raises_gives_back_what_it_had() -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    app, mesh = App(before=fail), mesh_for()
    with pytest.raises(ZeroDivisionError):
        await Client(MeshMiddleware(app, mesh=mesh)).get("/retried")
    assert active(mesh) == 0
    assert counts(mesh) == {(REVIEWS, 500, ""): 1}
    context = current()  # for handlers outside of the middleware
    assert context is not None
    assert context.cluster == REVIEWS


@in_loop
async def test_the_app_is_not_asked_twice() -> None:
    app = App(status=503)
    client = await Client(MeshMiddleware(app, mesh=mesh_for())).get("/retried")
    assert client.status == 503
    assert len(app.seen) == 1


@in_loop
async def test_cancelling_at_any_await_leaves_nothing_over() -> None:
    mesh = mesh_for()

    async def pause() -> None:
        await asyncio.sleep(0)

    for steps in range(12):
        middleware = MeshMiddleware(App(before=pause, after=pause), mesh=mesh)
        task = asyncio.ensure_future(Client(middleware).get("/v1/a"))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert active(mesh) == 0


@in_loop
async def test_the_lifespan_passes() -> None:
    app, mesh = App(), mesh_for()
    middleware = MeshMiddleware(app, mesh=mesh)

    async def nothing(*_: Any) -> dict[str, Any]:
        return {}

    await middleware({"type": "lifespan"}, nothing, nothing)
    assert [scope["type"] for scope in app.seen] == ["lifespan"]
    mesh.close()
    with pytest.raises(RuntimeError, match="this mesh is closed"):
        await Client(middleware).get("/reviews/7")
    await middleware({"type": "lifespan"}, nothing, nothing)  # the app begins anew
    assert (await Client(middleware).get("/reviews/7")).status == 200
    mesh.close()


@in_loop
async def test_a_mesh_that_cannot_start_ends_the_servers_start(monkeypatch: pytest.MonkeyPatch) -> None:
    mesh, sent = mesh_for(), []

    def start() -> None:
        raise ModuleNotFoundError("no resolver")

    async def receive() -> dict[str, Any]:
        return {"type": "lifespan.startup"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    monkeypatch.setattr(mesh, "start", start)
    with pytest.raises(ModuleNotFoundError):
        await MeshMiddleware(App(), mesh=mesh)({"type": "lifespan"}, receive, send)
    assert sent == [{"type": "lifespan.startup.failed", "message": "no resolver"}]


def test_a_server_with_another_loop_is_told_what_is_needed() -> None:
    """As Hypercorn on trio, whose coroutines nothing of asyncio runs."""
    sent = []

    async def receive() -> dict[str, Any]:
        return {"type": "lifespan.startup"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    middleware = MeshMiddleware(App(), mesh=mesh_for())
    for scope in ({"type": "lifespan"}, {"type": "http"}):
        with pytest.raises(RuntimeError, match=r"runs asyncio.*-k asyncio"):
            middleware(scope, receive, send).__await__().send(None)
    assert [message["type"] for message in sent] == ["lifespan.startup.failed"]


@in_loop
async def test_what_the_server_does_not_tell_is_done_without() -> None:
    app = App()
    middleware = MeshMiddleware(app, mesh=mesh_for())
    client = await Client(middleware).get("/v1/\u00e4", raw_path=None, client=None, server=None)
    assert client.status == 200
    assert app.seen[0]["path"] == "/\u00e4"
    for body in ((None,), (b"half", None)):
        assert (await Client(middleware).get("/", body=body)).status == 200
    for decoded, raw in (("/v1/\udcff", b"/%FF"), ("", None)):  # of bytes that are no UTF-8; of a mount

        async def tells(scope: Any, receive: Any, send: Any, decoded: str = decoded) -> None:
            await middleware({**scope, "path": decoded}, receive, send)

        assert (await Client(tells).get("/", raw_path=None)).status == 200
        assert app.seen[-1]["raw_path"] == raw


@pytest.mark.parametrize("lines", [(), ((b"x-meshcore-caller", b"productpage"),)])
@in_loop
async def test_a_server_may_leave_out_the_scheme_and_give_headers_that_are_read_once(
    lines: tuple[tuple[bytes, bytes], ...],
) -> None:
    app, ids = App(), []
    headers = [(b"host", b"reviews:9080"), (b"x-request-id", b"7"), (b"x-a", b"b"), *lines]

    async def look() -> None:
        context = current()
        assert context is not None
        ids.append(context.request_id)

    async def unsaid(scope: Any, receive: Any, send: Any) -> None:
        del scope["scheme"], scope["query_string"]
        scope["headers"] = iter(headers)
        await middleware(scope, receive, send)

    app.before = look
    middleware = MeshMiddleware(app, mesh=mesh_for())
    assert (await Client(unsaid).get("/a")).status == 200
    assert (b"x-a", b"b") in list(app.seen[0]["headers"])
    assert ids == ["7"]


AWAY = "match: [{uri: {prefix: /ratings}}], retries: {attempts: 1, retryOn: connect-failure}, "
AWAY += "route: [{destination: {host: ratings}}]"


@in_loop
async def test_what_is_for_another_service_is_forwarded() -> None:
    pytest.importorskip("httptools")
    app = App()
    with origins(1) as (ratings,):
        mesh = mesh_of(service("reviews", 1), service("ratings", ratings.port), rules("reviews", AWAY))
        middleware = MeshMiddleware(app, mesh=mesh)
        big = b"x" * 300_000
        for body in ((b"",), (b"one ", b"two"), (b"y" * 10, b"", big)):
            length = str(sum(map(len, body))).encode()
            client = await Client(middleware).get(
                "/ratings/7?a=b", method="POST", headers=((b"content-length", length),), body=body
            )
            assert client.status == 200
            assert ratings.seen[-1]["path"] == "/ratings/7?a=b"
            assert ratings.seen[-1]["body"] == b"".join(body).decode()
            assert ratings.seen[-1]["headers"]["host"] == "reviews:9080"
            assert ratings.seen[-1]["headers"]["x-meshcore-caller"] == "reviews"  # who gets it answers it
        assert app.seen == []
        assert active(mesh) == 0
        await middleware._forwarder.close()
        mesh.close()


@in_loop
async def test_nobody_forwards_in_circles_for_ever_who_does_not_believe_the_others() -> None:
    pytest.importorskip("aiohttp")
    mesh = mesh_of(service("reviews", 1), service("ratings", refused_port()), rules("reviews", AWAY))
    middleware = MeshMiddleware(App(), mesh=mesh)
    for marks, status in ((8, 503), (9, 508)):
        lines = ((b"x-meshcore-caller", b"reviews"),) * marks
        client = await Client(middleware).get("/ratings/7", headers=lines, client=("8.8.8.8", 1))
        assert client.status == status
    assert active(mesh) == 0
    await middleware._forwarder.close()
    mesh.close()


@in_loop
async def test_another_service_that_is_not_there_answers_503() -> None:
    pytest.importorskip("httptools")
    mesh = mesh_of(service("reviews", 1), service("ratings", refused_port()), rules("reviews", AWAY))
    middleware = MeshMiddleware(App(), mesh=mesh)
    client = await Client(middleware).get("/ratings/7")
    assert client.status == 503
    assert b"upstream connect error" in client.body
    assert active(mesh) == 0
    await middleware._forwarder.close()
    mesh.close()


@in_loop
async def test_a_client_that_leaves_ends_what_is_forwarded() -> None:
    pytest.importorskip("httptools")
    with origins(1) as (ratings,):
        ratings.hold = threading.Event()
        mesh = mesh_of(service("reviews", 1), service("ratings", ratings.port), rules("reviews", AWAY))
        middleware = MeshMiddleware(App(), mesh=mesh)
        client = await Client(middleware).get("/ratings/7", body=(b"", None))
        assert client.sent == []
        assert active(mesh) == 0
        assert counts(mesh) == {("outbound|9080||ratings.default.svc.cluster.local", 0, "DC"): 1}
        ratings.hold.set()
        await middleware._forwarder.close()
        mesh.close()


RETRIED_AWAY = AWAY.replace("connect-failure", "'reset,5xx'")


@in_loop
async def test_a_client_that_leaves_within_its_body_is_not_charged_to_the_endpoint() -> None:
    pytest.importorskip("httptools")
    with origins(1) as (ratings,):
        mesh = mesh_of(
            service("reviews", 1), service("ratings", ratings.port), rules("reviews", RETRIED_AWAY)
        )
        middleware = MeshMiddleware(App(), mesh=mesh)
        client = await Client(middleware).get(
            "/ratings/7", method="POST", headers=((b"content-length", b"10"),), body=(b"abc", None)
        )
        assert client.sent == []
        assert active(mesh) == 0
        assert counts(mesh) == {("outbound|9080||ratings.default.svc.cluster.local", 0, "DC"): 1}
        await middleware._forwarder.close()
        mesh.close()


@in_loop
async def test_an_endpoint_that_answers_early_gets_the_whole_body() -> None:
    pytest.importorskip("httptools")
    got: list[bytes] = []

    async def early(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n")
        await writer.drain()
        got.append(await reader.readexactly(9))
        writer.write(b"ok")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(early, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    mesh = mesh_of(service("reviews", 1), service("ratings", port), rules("reviews", AWAY))
    middleware = MeshMiddleware(App(), mesh=mesh)
    client = await Client(middleware).get(
        "/ratings/7", method="POST", headers=((b"content-length", b"9"),), body=(b"one", b"two", b"END")
    )
    assert (client.status, client.body, got) == (200, b"ok", [b"onetwoEND"])
    assert active(mesh) == 0
    await middleware._forwarder.close()
    server.close()
    mesh.close()


@in_loop
async def test_a_client_that_leaves_after_a_streamed_body_ends_what_is_forwarded() -> None:
    pytest.importorskip("httptools")
    with origins(1) as (ratings,):
        ratings.hold = threading.Event()
        mesh = mesh_of(service("reviews", 1), service("ratings", ratings.port), rules("reviews", AWAY))
        middleware = MeshMiddleware(App(), mesh=mesh)
        client = await Client(middleware).get(
            "/ratings/7",
            method="POST",
            headers=((b"content-length", b"6"),),
            body=(b"one", b"two"),
            leaves=True,
        )
        assert client.sent == []
        assert active(mesh) == 0
        ratings.hold.set()
        await middleware._forwarder.close()
        mesh.close()


@in_loop
async def test_bytes_that_cannot_be_sent_on_are_the_clients_fault() -> None:
    pytest.importorskip("httptools")
    with origins(1) as (ratings,):
        mesh = mesh_of(service("reviews", 1), service("ratings", ratings.port), rules("reviews", AWAY))
        middleware = MeshMiddleware(App(), mesh=mesh)
        client = await Client(middleware).get("/ratings/7", headers=((b"x-a", b"a\r\nb: c"),))
        assert client.status == 400
        assert ratings.seen == []
        client = await Client(middleware).get("/ratings/7", headers=((b"x-a", b"\xff"),))
        assert client.status == 200
        assert ratings.seen[0]["headers"]["x-a"] == "\xff"
        assert active(mesh) == 0
        await middleware._forwarder.close()
        mesh.close()


@in_loop
async def test_a_caller_in_the_mesh_has_waited_for_a_delay() -> None:
    delay = (
        "match: [{uri: {exact: /late}}], fault: {delay: {fixedDelay: 60s, percentage: {value: 100}}}, HERE"
    )
    client = await Client(MeshMiddleware(App(), mesh=mesh_for(delay))).get(
        "/late", headers=((b"x-meshcore-caller", b"productpage"),)
    )
    assert client.status == 200


@in_loop
async def test_the_app_sees_one_host() -> None:
    app = App()
    await Client(MeshMiddleware(app, mesh=mesh_for())).get("/", headers=((b"host", b"evil"),))
    assert [name for name, _ in app.seen[0]["headers"]].count(b"host") == 1


LIMITS = """
apiVersion: meshcore/v1
kind: RateLimits
rules:
- {name: all, rate: 1/hour}
"""


@in_loop
async def test_limits_alone_let_the_app_answer_what_they_allow() -> None:
    app, mesh = App(), mesh_of(LIMITS)
    middleware = MeshMiddleware(app, mesh=mesh)
    answers = [(await Client(middleware).get("/a", host="any.example")).status for _ in range(2)]
    assert answers == [200, 429]
    assert len(app.seen) == 1
    mesh.close()


@in_loop
async def test_limits_alone_tell_of_themselves() -> None:
    lines = {
        b"x-ratelimit-limit": b"1",
        b"x-ratelimit-remaining": b"0",
        b"ratelimit-policy": b'"all";q=1;w=3600',
    }
    mesh = mesh_of(LIMITS + "headers: [ratelimit, x-ratelimit]\n")
    middleware = MeshMiddleware(App(), mesh=mesh)
    for status in (200, 429):
        answer = await Client(middleware).get("/a", host="any.example")
        told = dict(answer.sent[0]["headers"])
        assert answer.status == status
        assert lines.items() <= told.items()
        assert told[b"ratelimit"].startswith(b'"all";r=0;t=')
    mesh.close()


@in_loop
async def test_what_no_limit_has_seen_is_not_for_the_app() -> None:
    app, mesh = App(), mesh_of(LIMITS)
    middleware = MeshMiddleware(app, mesh=mesh)
    mark, large = (b"x-meshcore-caller", b"a"), (b"x-large", b"v" * 100_000)
    for path, lines, status in (("/a?#", (), 400), ("/a?#", (mark,), 400), ("/a", (large,), 431)):
        answer = await Client(middleware).get(path, host="any.example", headers=lines)
        assert answer.status == status
    assert not app.seen
    mesh.close()
