"""meshcore.integrations, outgoing: what a client sends goes where the mesh says, whichever client it is."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Iterator
from importlib import import_module
from typing import Any

import pytest
from callers import CALLERS, Call, Caller, caller_of
from mesh_support import REVIEWS, active, mesh_of, rules, service
from origins import Origin, origins, refused_port

from meshcore import load_text
from meshcore.context import activate
from meshcore.mesh import Mesh

LIMITS = """
apiVersion: meshcore/v1
kind: RateLimits
rules:
- {name: all, rate: 1/hour}
"""
TRACE = "0af7651916cd43dd8448eb211c80319c"
B3 = {"x-b3-traceid": TRACE, "x-b3-spanid": "b7ad6b7169203331", "x-request-id": "id-1"}
RULES = (
    "match: [{uri: {exact: /moved}}], redirect: {uri: /new}",
    "match: [{uri: {exact: /abort}}], fault: {abort: {httpStatus: 418, percentage: {value: 100}}}, HERE",
    "match: [{uri: {exact: /slow}}], timeout: 0.05s, retries: {attempts: 0}, HERE",
    "match: [{uri: {exact: /once}}], retries: {attempts: 0}, HERE",
    "match: [{uri: {prefix: /v1/}}], rewrite: {uri: /}, headers: {response: {add: {x-by-mesh: b}}}, HERE",
    'retries: {attempts: 2, retryOn: "5xx,connect-failure,reset"}, HERE',
)


@pytest.fixture(params=CALLERS)
def caller(request: pytest.FixtureRequest) -> Caller:
    return caller_of(request.param)


@pytest.fixture
def two() -> Iterator[list[Origin]]:
    with origins(2) as found:
        yield found


def mesh_for(*ports: int) -> Mesh:
    return mesh_of(service("reviews", *ports), rules("reviews", *RULES), service="productpage")


def test_endpoints_take_turns_and_see_the_authority(caller: Caller, two: list[Origin]) -> None:
    with mesh_for(*(origin.port for origin in two)) as mesh:
        answers = caller.calls(mesh, *[Call("GET", "/reviews/7?a=b")] * 4)
        assert [answer.status for answer in answers] == [200] * 4
        assert [len(origin.seen) for origin in two] == [2, 2]
        seen = two[0].seen[0]
        assert seen["path"] == "/reviews/7?a=b"
        assert seen["headers"]["host"] == "reviews:9080"
        assert seen["headers"]["x-meshcore-caller"] == "productpage"
        assert active(mesh) == 0
        assert dict(mesh.requests.total()) == {(REVIEWS, 200, ""): 4}


def test_the_route_edits_both_ways(caller: Caller, two: list[Origin]) -> None:
    with mesh_for(two[0].port) as mesh:
        answer = caller.call(mesh, "GET", "/v1/a%20b")
    assert answer.json()["path"] == "/a%20b"
    assert answer.headers["x-by-mesh"] == "b"


def test_what_fails_is_tried_elsewhere_with_its_body(caller: Caller, two: list[Origin]) -> None:
    two[0].status = 503
    with mesh_for(two[0].port, refused_port(), two[1].port) as mesh:
        answers = caller.calls(mesh, *[Call("POST", "/a", body=b"given")] * 6)
        assert [answer.status for answer in answers] == [200] * 6
        assert {answer.json()["body"] for answer in answers} == {"given"}
        assert len(two[0].seen) > 0
        assert active(mesh) == 0


def test_a_body_that_is_gone_is_not_sent_again(caller: Caller, two: list[Origin]) -> None:
    two[0].status = two[1].status = 503
    with mesh_for(*(origin.port for origin in two)) as mesh:
        answer = caller.call(mesh, "POST", "/a", pieces=(b"one", b"two"))
    assert answer.status == 503
    assert [seen["body"] for origin in two for seen in origin.seen] == ["onetwo"]


@pytest.mark.parametrize(("path", "status"), [("/moved", 301), ("/abort", 418)])
def test_what_the_mesh_answers_is_a_response(
    caller: Caller, two: list[Origin], path: str, status: int
) -> None:
    with mesh_for(two[0].port) as mesh:
        assert caller.call(mesh, "GET", path).status == status
    assert two[0].seen == []


def test_the_routes_timeout_answers(caller: Caller, two: list[Origin]) -> None:
    two[0].hold = threading.Event()
    with mesh_for(two[0].port) as mesh:
        answer = caller.call(mesh, "GET", "/slow")
        two[0].hold.set()
        assert (answer.status, answer.body) == (504, b"upstream request timeout")
        assert active(mesh) == 0
        assert dict(mesh.requests.total()) == {(REVIEWS, 504, "UT"): 1}


def test_an_endpoint_that_is_not_there_raises_the_librarys_error(caller: Caller) -> None:
    with mesh_for(refused_port()) as mesh:
        assert isinstance(caller.call(mesh, "GET", "/once").error, caller.no_connection)
        assert active(mesh) == 0


def test_a_call_that_passes_by_its_port_is_told(
    caller: Caller, two: list[Origin], caplog: pytest.LogCaptureFixture
) -> None:
    known = service("reviews", refused_port()).replace("reviews.default.svc.cluster.local", "localhost")
    other = service("ratings", refused_port()).replace("number: 9080", f"number: {two[0].port}")
    with mesh_of(known, other, service=None) as mesh:
        for _ in range(2):
            assert caller.call(mesh, "GET", f"http://localhost:{two[0].port}/").status == 200
    (told,) = [record.getMessage() for record in caplog.records if record.name == "meshcore.mesh"]
    port = f"port {two[0].port} is that of other services"
    assert told.endswith(f"goes past the mesh: {port}, and localhost is known at port 9080 alone")


def test_a_call_that_the_mesh_refuses_for_its_host_is_told(
    caller: Caller, two: list[Origin], caplog: pytest.LogCaptureFixture
) -> None:
    strict = {"outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}}
    config = load_text(service("reviews", two[0].port), mesh_config=strict)
    with Mesh(config) as mesh:
        for host in ("nobody", "reviews:9080", "nobody", "reveiws"):
            answer = caller.call(mesh, "GET", f"http://{host}/")
            assert answer.status == (200 if host == "reviews:9080" else 502)
    told = [record.getMessage() for record in caplog.records if record.name == "meshcore.mesh"]
    assert told == [
        f"a request for {host} is refused by the mesh (502, REGISTRY_ONLY), which has no such host{near}"
        for host, near in (("nobody", ""), ("reveiws", "; did you mean 'reviews'?"))
    ]


def test_a_service_is_found_without_a_port_and_at_one_that_nobody_has(
    caller: Caller, two: list[Origin]
) -> None:
    """docs/mesh.md#what-a-client-does"""
    other = service("ratings", refused_port()).replace("number: 9080", "number: 80")
    with mesh_of(service("reviews", two[0].port), other, service=None) as mesh:
        for authority in ("reviews", "reviews:1234"):
            assert caller.call(mesh, "GET", f"http://{authority}/").status == 200
        assert dict(mesh.requests.total()) == {(REVIEWS, 200, ""): 2}


def test_a_closed_mesh_is_told(caller: Caller, two: list[Origin]) -> None:
    with mesh_for(two[0].port) as mesh:
        assert caller.call(mesh, "GET", "/reviews/1").status == 200
    with pytest.raises(RuntimeError, match="this mesh is closed"):
        caller.call(mesh, "GET", "/reviews/1")
    assert not mesh.started


def test_errors_name_the_endpoint_and_the_attempts(caller: Caller, two: list[Origin]) -> None:
    port = refused_port()
    with mesh_for(port) as mesh:
        error = caller.call(mesh, "GET", "/").error
    assert isinstance(error, caller.no_connection)
    assert f"(127.0.0.1:{port} of {REVIEWS}, attempt 3)" in str(error)
    two[0].status = 0
    with mesh_for(two[0].port) as mesh:
        error = caller.call(mesh, "GET", "/once").error
    assert isinstance(error, caller.broken)
    assert f"127.0.0.1:{two[0].port} of {REVIEWS}, attempt 1)" in str(error)


def test_a_connection_that_breaks_raises_the_librarys_error(caller: Caller, two: list[Origin]) -> None:
    two[0].status = 0
    with mesh_for(two[0].port) as mesh:
        assert isinstance(caller.call(mesh, "GET", "/once").error, caller.broken)
        assert active(mesh) == 0


def test_hosts_that_the_mesh_does_not_know_are_reached(caller: Caller, two: list[Origin]) -> None:
    with mesh_for(two[0].port) as mesh:
        answer = caller.call(mesh, "GET", f"http://127.0.0.1:{two[1].port}/there")
    assert answer.json()["path"] == "/there"
    assert "x-meshcore-caller" not in answer.json()["headers"]


def test_the_current_requests_trace_goes_on(caller: Caller, two: list[Origin]) -> None:
    with mesh_for(two[0].port) as mesh, activate(B3):
        first, second = (
            answer.json()["headers"]
            for answer in caller.calls(
                mesh, Call("GET", "/a"), Call("GET", "/a", headers={"x-request-id": "mine"})
            )
        )
    assert first["x-b3-traceid"] == TRACE
    assert first["x-b3-spanid"] not in (B3["x-b3-spanid"], second["x-b3-spanid"])
    assert (first["x-request-id"], second["x-request-id"]) == ("id-1", "mine")


def test_limits_alone_are_for_what_comes_in(caller: Caller, two: list[Origin]) -> None:
    with mesh_of(LIMITS) as mesh:
        answers = caller.calls(mesh, *[Call("GET", f"http://127.0.0.1:{two[0].port}/a")] * 2)
    assert [answer.status for answer in answers] == [200, 200]


# ------------------------------------------------------------------ what only some of them have


def test_httpx_tells_the_decision_and_holds_the_endpoint_until_it_is_closed(two: list[Origin]) -> None:
    httpx = pytest.importorskip("httpx")
    from meshcore.integrations.httpx import MeshTransport

    with mesh_for(two[0].port) as mesh, httpx.Client(transport=MeshTransport(mesh)) as client:
        with client.stream("GET", "http://reviews:9080/a") as answer:
            assert active(mesh) == 1
            answer.read()
        assert active(mesh) == 0
        assert answer.extensions["meshcore"].cluster == REVIEWS


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
def test_httpx_streams_what_the_mesh_answers(library: str) -> None:
    lib, ours = pytest.importorskip(library), import_module(f"meshcore.integrations.{library}")

    async def streamed() -> bytes:
        async with (
            lib.AsyncClient(transport=ours.AsyncMeshTransport(mesh)) as client,
            client.stream("GET", "http://reviews:9080/abort") as answer,
        ):
            assert int(answer.headers["content-length"]) > 0
            return b"".join([piece async for piece in answer.aiter_raw()])

    with mesh_for(refused_port()) as mesh:
        with (
            lib.Client(transport=ours.MeshTransport(mesh)) as client,
            client.stream("GET", "http://reviews:9080/abort") as answer,
        ):
            assert b"".join(answer.iter_raw()) == b"fault filter abort"
        assert asyncio.run(streamed()) == b"fault filter abort"


def test_requests_holds_the_endpoint_until_the_answer_is_read(two: list[Origin]) -> None:
    requests = pytest.importorskip("requests")
    from meshcore.integrations.requests import MeshAdapter

    with mesh_for(two[0].port) as mesh, requests.Session() as session:
        session.mount("http://", MeshAdapter(mesh))
        with session.get("http://reviews:9080/a", stream=True) as answer:
            assert active(mesh) == 1
            assert answer.json()["path"] == "/a"
            assert active(mesh) == 0
        with session.get("http://reviews:9080/a", stream=True):
            assert active(mesh) == 1
        assert active(mesh) == 0


def test_urllib3_and_requests_follow_the_meshs_redirects(two: list[Origin]) -> None:
    requests = pytest.importorskip("requests")
    from meshcore.integrations.requests import MeshAdapter
    from meshcore.integrations.urllib3 import MeshPoolManager

    with mesh_for(two[0].port) as mesh:
        with MeshPoolManager(mesh) as manager:
            assert manager.request("GET", "http://reviews:9080/moved").json()["path"] == "/new"
        with requests.Session() as session:
            session.mount("http://", MeshAdapter(mesh))
            answer = session.get("http://reviews:9080/moved")
            assert answer.json()["path"] == "/new"
            assert [found.status_code for found in answer.history] == [301]


def test_urllib3_makes_pools_anew_that_it_has_closed(two: list[Origin]) -> None:
    """As it does with those that have not been used for longest."""
    pytest.importorskip("urllib3")
    from meshcore.integrations.urllib3 import MeshPoolManager

    with mesh_for(*(origin.port for origin in two)) as mesh, MeshPoolManager(mesh, num_pools=1) as manager:
        for _ in range(4):
            assert manager.request("GET", "http://reviews:9080/a").status == 200
        assert len(manager.pools) == 1
        manager.clear()
        assert manager.request("GET", "http://reviews:9080/a").status == 200
    assert sum(len(origin.seen) for origin in two) == 5


def test_urllib3_sends_what_comes_twice_twice(two: list[Origin]) -> None:
    urllib3 = pytest.importorskip("urllib3")
    from meshcore.integrations._urllib3 import headers_of, lines_of
    from meshcore.integrations.urllib3 import MeshPoolManager

    headers = urllib3.HTTPHeaderDict(Host="reviews", other="a")
    for value in ("one", "two"):
        headers.add("x-mine", value)
    host, lines = lines_of(headers)
    assert (host, lines) == (b"reviews", [(b"other", b"a"), (b"x-mine", b"one"), (b"x-mine", b"two")])
    sent = [("Host", "reviews"), ("other", "a"), ("x-mine", "one"), ("x-mine", "two")]
    assert list(headers_of("reviews", lines).items()) == sent
    with mesh_for(two[0].port) as mesh, MeshPoolManager(mesh) as manager:
        manager.request("GET", "http://127.0.0.1/a", headers=headers)
    assert two[0].seen[0]["headers"]["host"] == "reviews"


def test_aiohttp_keeps_cookies_by_the_host_that_was_asked_for(two: list[Origin]) -> None:
    aiohttp = pytest.importorskip("aiohttp")
    from meshcore.integrations.aiohttp import MeshClientMiddleware

    two[0].headers["set-cookie"] = "a=b; Path=/"

    async def main() -> None:
        with mesh_for(two[0].port) as mesh:
            middlewares = [MeshClientMiddleware(mesh)]
            async with aiohttp.ClientSession(middlewares=middlewares) as session:
                for _ in range(2):
                    async with session.get("http://reviews:9080/a") as answer:
                        assert str(answer.url) == "http://reviews:9080/a"
                        await answer.read()
                async with session.get("http://reviews:9080/moved") as answer:
                    assert (await answer.json())["path"] == "/new"
                    assert [found.status for found in answer.history] == [301]
            assert active(mesh) == 0

    asyncio.run(main())
    assert [seen["headers"].get("cookie") for seen in two[0].seen] == [None, "a=b", "a=b"]


@pytest.mark.parametrize("library", ["httpx", "aiohttp"])
def test_cancelling_at_any_await_gives_the_endpoint_back(two: list[Origin], library: str) -> None:
    module = pytest.importorskip(library)
    from meshcore.integrations.aiohttp import MeshClientMiddleware
    from meshcore.integrations.httpx import AsyncMeshTransport

    async def whole(client: Any) -> None:
        if library == "httpx":
            await client.get("http://reviews:9080/a")
        else:
            async with client.get("http://reviews:9080/a") as answer:
                await answer.read()

    async def main() -> None:
        with mesh_for(two[0].port) as mesh:
            if library == "httpx":
                session = module.AsyncClient(transport=AsyncMeshTransport(mesh))
            else:
                session = module.ClientSession(middlewares=[MeshClientMiddleware(mesh)])
            async with session as client:
                for steps in range(25):
                    task = asyncio.ensure_future(whole(client))
                    for _ in range(steps):
                        await asyncio.sleep(0)
                    task.cancel()
                    await asyncio.gather(task, return_exceptions=True)
                    assert active(mesh) == 0

    asyncio.run(main())


@pytest.mark.parametrize("body", ["whole", "streamed"])
def test_aiohttp_logs_nothing_of_a_body_that_the_timeout_cuts_off(
    two: list[Origin], body: str, caplog: pytest.LogCaptureFixture
) -> None:
    aiohttp = pytest.importorskip("aiohttp")
    from meshcore.integrations.aiohttp import MeshClientMiddleware

    two[0].hold = threading.Event()

    async def pieces() -> AsyncIterator[bytes]:
        while True:
            yield bytes(100_000)

    async def main() -> None:
        with mesh_for(two[0].port) as mesh:
            async with aiohttp.ClientSession(middlewares=[MeshClientMiddleware(mesh)]) as session:
                sent = pieces() if body == "streamed" else bytes(20_000_000)
                async with session.post("http://reviews:9080/slow", data=sent) as answer:
                    assert answer.status == 504
                assert active(mesh) == 0

    try:
        asyncio.run(main())
        gc.collect()  # what nobody has asked for its exception says so now
    finally:
        two[0].hold.set()
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
