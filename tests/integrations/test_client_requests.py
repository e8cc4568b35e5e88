"""meshcore.integrations, outgoing: requests that a library itself treats in a way of its own."""

from __future__ import annotations

import io
import os
import socketserver
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from callers import CALLERS, Call, caller_of
from exchange_support import engine_of
from mesh_support import active, in_loop, mesh_of, rules, service
from origins import Origin, origins, refused_port

from meshcore.mesh import Mesh

AGAIN = "retries: {attempts: 1, retryOn: 5xx}, HERE"


@pytest.fixture
def one() -> Iterator[Origin]:
    with origins(1) as found:
        yield found[0]


@pytest.mark.parametrize("value", ["caf\xe9", "\u20ac"], ids=["latin-1", "more"])
@pytest.mark.parametrize("name", ["aiohttp", "requests", "urllib3"])  # httpx refuses such texts itself
def test_a_headers_value_goes_out_as_without_the_mesh(name: str, value: str, one: Origin) -> None:
    def sent(mesh: Mesh, url: str) -> bytes | None:
        caller_of(name).call(mesh, "GET", url, headers={"x-value": value})
        seen = one.seen.pop()["headers"].get("x-value")
        return None if seen is None else str(seen).encode("latin-1")

    with mesh_of(service("reviews", one.port), rules("reviews")) as mesh:
        within = sent(mesh, "/a")
        try:
            without = sent(mesh, f"http://127.0.0.1:{one.port}/a")  # a host that the mesh does not know
        except UnicodeEncodeError:  # http.client writes no such text
            without = value.encode()
        assert within == without


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("HEAD", "/own", 200), ("HEAD", "/abort", 503), ("GET", "/nothing", 204)],
)
@pytest.mark.parametrize("name", CALLERS)
def test_an_answer_of_the_mesh_has_no_body_where_http_knows_none(
    name: str, method: str, path: str, status: int, one: Origin
) -> None:
    routes = (
        "match: [{uri: {exact: /own}}], directResponse: {status: 200, body: {string: own}}",
        "match: [{uri: {exact: /nothing}}], directResponse: {status: 204, body: {string: own}}",
        "match: [{uri: {exact: /abort}}], fault: {abort: {httpStatus: 503, percentage: {value: 100}}}, HERE",
    )
    with mesh_of(service("reviews", one.port), rules("reviews", *routes)) as mesh:
        answer = caller_of(name).call(mesh, method, path)
        assert (answer.status, answer.body, answer.error) == (status, b"", None)


OWN_COOKIE = (
    "match: [{uri: {exact: /own}}], directResponse: {status: 200},"
    " headers: {response: {set: {set-cookie: own=1; Path=/}}}"
)
ITS_COOKIE = "headers: {response: {add: {set-cookie: mesh=2; Path=/}}}, HERE"


def test_requests_keeps_cookies_of_the_mesh(one: Origin) -> None:
    requests = pytest.importorskip("requests")
    from meshcore.integrations.requests import MeshAdapter

    one.headers["set-cookie"] = "app=3; Path=/"
    with mesh_of(service("reviews", one.port), rules("reviews", OWN_COOKIE, ITS_COOKIE)) as mesh:
        with requests.Session() as session:
            session.trust_env = False
            session.mount("http://", MeshAdapter(mesh))
            own = session.get("http://reviews:9080/own")
            assert dict(own.cookies) == dict(session.cookies) == {"own": "1"}
            theirs = session.get("http://reviews:9080/a")
            assert dict(theirs.cookies) == {"app": "3", "mesh": "2"}
            session.get("http://reviews:9080/a")
        assert active(mesh) == 0
    assert one.seen[0]["headers"]["cookie"] == "own=1"
    assert sorted(one.seen[1]["headers"]["cookie"].split("; ")) == ["app=3", "mesh=2", "own=1"]


@in_loop
async def test_aiohttp_keeps_cookies_of_the_mesh() -> None:
    aiohttp = pytest.importorskip("aiohttp")
    from meshcore.integrations.aiohttp import MeshClientMiddleware

    def values(answer: Any) -> dict[str, str]:
        return {name: cookie.value for name, cookie in answer.cookies.items()}

    with origins(1) as (one,):
        one.headers["set-cookie"] = "app=3; Path=/"
        with mesh_of(service("reviews", one.port), rules("reviews", OWN_COOKIE, ITS_COOKIE)) as mesh:
            async with aiohttp.ClientSession(middlewares=[MeshClientMiddleware(mesh)]) as session:
                async with session.get("http://reviews:9080/own") as answer:
                    assert values(answer) == {"own": "1"}
                async with session.get("http://reviews:9080/a") as answer:
                    assert values(answer) == {"app": "3", "mesh": "2"}
                    await answer.read()
                async with session.get("http://reviews:9080/a") as answer:
                    await answer.read()
        assert sorted(one.seen[1]["headers"]["cookie"].split("; ")) == ["app=3", "mesh=2", "own=1"]


# ------------------------------------------------------------------ aiohttp


async def later() -> AsyncIterator[bytes]:
    yield b"part"


def form(part: Any) -> Any:
    aiohttp = pytest.importorskip("aiohttp")
    made = aiohttp.FormData()
    made.add_field("part", part, filename="part", content_type="text/plain")
    return made


def pipe() -> Any:
    read, write = os.pipe()
    with os.fdopen(write, "wb") as end:
        end.write(b"part")
    return os.fdopen(read, "rb")


@pytest.mark.parametrize(
    ("body", "times"),
    [
        pytest.param(lambda: form(b"part"), 2, id="a form"),
        pytest.param(lambda: form(later()), 1, id="a form with what is read once"),
        pytest.param(pipe, 1, id="a pipe"),
    ],
)
@in_loop
async def test_aiohttp_sends_nothing_again_that_is_used_up(body: Callable[[], Any], times: int) -> None:
    aiohttp = pytest.importorskip("aiohttp")
    from meshcore.integrations.aiohttp import MeshClientMiddleware

    with origins(1) as (one,), mesh_of(service("reviews", one.port), rules("reviews", AGAIN)) as mesh:
        one.status = 503
        async with (
            aiohttp.ClientSession(middlewares=[MeshClientMiddleware(mesh)]) as session,
            session.post("http://reviews:9080/a", data=body()) as answer,
        ):
            assert answer.status == 503
        assert len(one.seen) == times
        assert all("part" in seen["body"].splitlines() for seen in one.seen)


@pytest.mark.parametrize("hedges", [False, True])
def test_aiohttp_lets_one_attempt_at_a_time_read_a_file(hedges: bool) -> None:
    aiohttp = pytest.importorskip("aiohttp")
    from meshcore.integrations.aiohttp import _replayable

    engine = engine_of({"hedge_policy": {"hedge_on_per_try_timeout": hedges}})
    with engine.decide("POST", "reviews", "/a") as decision:
        assert decision.hedges == hedges
        assert _replayable(aiohttp.BytesIOPayload(io.BytesIO(b"body")), decision) == (not hedges)
        assert _replayable(aiohttp.BytesPayload(b"body"), decision)
        assert _replayable(None, decision)


@in_loop
async def test_aiohttp_does_not_wait_for_leave_to_send_a_body() -> None:
    """Expect is dropped, as by Envoy: an endpoint that does not see it waits for the body."""
    aiohttp = pytest.importorskip("aiohttp")
    from meshcore.integrations.aiohttp import MeshClientMiddleware

    with origins(1) as (one,), mesh_of(service("reviews", one.port), rules("reviews")) as mesh:
        async with (
            aiohttp.ClientSession(middlewares=[MeshClientMiddleware(mesh)]) as session,
            session.post("http://reviews:9080/a", data=b"body", expect100=True) as answer,
        ):
            assert (await answer.json())["body"] == "body"
        assert "expect" not in one.seen[0]["headers"]


def test_aiohttp_goes_past_the_proxy_of_the_environment(one: Origin, monkeypatch: pytest.MonkeyPatch) -> None:
    aiohttp = pytest.importorskip("aiohttp")
    from meshcore.integrations.aiohttp import MeshClientMiddleware

    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{refused_port()}")

    @in_loop
    async def get(mesh: Mesh) -> None:
        middlewares = [MeshClientMiddleware(mesh)]
        async with (
            aiohttp.ClientSession(middlewares=middlewares, trust_env=True) as session,
            session.get("http://reviews:9080/a") as answer,
        ):
            assert answer.status == 200

    with mesh_of(service("reviews", one.port), rules("reviews")) as mesh:
        get(mesh)
    assert [seen["path"] for seen in one.seen] == ["/a"]


# ------------------------------------------------------------------ urllib3


def test_urllib3s_pools_send_by_the_mesh(one: Origin) -> None:
    pytest.importorskip("urllib3")
    from meshcore.integrations.urllib3 import MeshPoolManager

    with mesh_of(service("reviews", one.port), rules("reviews")) as mesh:
        with MeshPoolManager(mesh) as manager:
            pool = manager.connection_from_url("http://reviews:9080/")
            assert pool.request("GET", "/a", fields={"b": "c"}).status == 200
            assert pool.request("POST", "/a", body=b"body").json()["body"] == "body"
        assert active(mesh) == 0
    assert [seen["path"] for seen in one.seen] == ["/a?b=c", "/a"]
    assert one.seen[0]["headers"]["host"] == "reviews:9080"


def test_urllib3s_errors_name_the_host_that_was_asked_for() -> None:
    urllib3 = pytest.importorskip("urllib3")
    from meshcore.integrations.urllib3 import MeshPoolManager

    loop = rules("reviews", "match: [{uri: {exact: /loop}}], redirect: {uri: /loop}")
    with mesh_of(service("reviews", 1), loop) as mesh, MeshPoolManager(mesh) as manager:
        with pytest.raises(urllib3.exceptions.MaxRetryError) as raised:
            manager.request("GET", "http://reviews:9080/loop")
        assert str(raised.value).startswith("HTTPConnectionPool(host='reviews', port=9080): ")


@pytest.mark.parametrize("retries", [3, 0, False, "reads are not retried"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_urllib3_raises_what_it_does_without_the_mesh(method: str, retries: Any, one: Origin) -> None:
    urllib3 = pytest.importorskip("urllib3")
    from meshcore.integrations.urllib3 import MeshPoolManager

    def raised(manager: Any, url: str) -> list[type[Exception] | None]:
        with manager, pytest.raises(urllib3.exceptions.HTTPError) as error:
            manager.request(method, url, retries=given)
        return [type(error.value), type(getattr(error.value, "reason", None))]

    one.status = 0  # it closes connections
    given = urllib3.Retry(0, read=False) if isinstance(retries, str) else retries
    with mesh_of(service("reviews", one.port), rules("reviews", "retries: {attempts: 0}, HERE")) as mesh:
        within = raised(MeshPoolManager(mesh), "http://reviews:9080/a")
    assert within == raised(urllib3.PoolManager(), f"http://127.0.0.1:{one.port}/a")


REDIRECTS = (
    "match: [{uri: {exact: /old}}], redirect: {uri: /new}",
    "match: [{uri: {exact: /see}}], redirect: {uri: /new, redirectCode: 303}",
    "match: [{uri: {exact: /kept}}], redirect: {uri: /new, redirectCode: 307}",
    "match: [{uri: {exact: /loop}}], redirect: {uri: /loop}",
)


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("/old", ("POST", "/new", "body")),
        ("/see", ("GET", "/new", "")),
        ("/kept", ("POST", "/new", "body")),
    ],
)
def test_urllib3s_pools_follow_redirects(path: str, seen: tuple[str, str, str], one: Origin) -> None:
    pytest.importorskip("urllib3")
    from meshcore.integrations.urllib3 import MeshPoolManager

    with mesh_of(service("reviews", one.port), rules("reviews", *REDIRECTS)) as mesh:
        with MeshPoolManager(mesh) as manager:
            pool = manager.connection_from_url("http://reviews:9080/")
            assert pool.urlopen("POST", path, body=io.BytesIO(b"body")).status == 200
            assert pool.urlopen("POST", path, body=b"body", redirect=False).status in (301, 303, 307)
        assert active(mesh) == 0
    assert [(it["method"], it["path"], it["body"]) for it in one.seen] == [seen]


def test_urllib3s_pools_follow_as_many_redirects_as_they_may(one: Origin) -> None:
    urllib3 = pytest.importorskip("urllib3")
    from meshcore.integrations.urllib3 import MeshPoolManager

    with (
        mesh_of(service("reviews", one.port), rules("reviews", *REDIRECTS)) as mesh,
        MeshPoolManager(mesh) as manager,
    ):
        pool = manager.connection_from_url("http://reviews:9080/")
        with pytest.raises(urllib3.exceptions.MaxRetryError, match="too many redirects"):
            pool.urlopen("GET", "/loop")
        patient = urllib3.Retry(redirect=1, raise_on_redirect=False)
        assert pool.urlopen("GET", "/loop", retries=patient).status == 301
        with pytest.raises(urllib3.exceptions.HostChangedError):
            pool.urlopen("GET", "http://ratings:9080/a")


# ------------------------------------------------------------------ connections


@pytest.mark.parametrize("name", CALLERS)
def test_connections_to_many_endpoints_are_kept(name: str) -> None:
    connections = []

    def noting(handling: Any) -> None:
        connections.append(handling.client_address)
        socketserver.StreamRequestHandler.setup(handling)

    with origins(24) as many:
        for origin in many:
            assert origin.server is not None
            handler: Any = origin.server.RequestHandlerClass
            handler.setup = noting
        with mesh_of(service("reviews", *(it.port for it in many)), rules("reviews")) as mesh:
            answers = caller_of(name).calls(mesh, *[Call("GET", "/a")] * 48)
        assert {answer.status for answer in answers} == {200}
    assert len(connections) == len(many)
