"""Copies of requests (mirrors) that clients and middlewares send."""

from __future__ import annotations

import asyncio
import importlib.util
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from asgi_support import App, Client
from callers import CALLERS, Call, caller_of
from mesh_support import PATIENCE, config_of, in_loop, mesh_of, rules, service
from origins import Origin, origins, refused_port
from test_wsgi import App as WsgiApp
from test_wsgi import call

from meshcore import load_text
from meshcore.integrations.asgi import MeshMiddleware
from meshcore.integrations.wsgi import MeshMiddleware as WsgiMiddleware
from meshcore.mesh import Mesh

pytest.importorskip("httptools", reason="answers to copies are parsed by httptools, of the extra 'proxy'")

COPIED = "mirror: {host: shadow, port: {number: 9080}}, HERE"
SHADOW = "outbound|9080||shadow.default.svc.cluster.local"


@pytest.fixture
def two() -> Iterator[list[Origin]]:
    with origins(2) as found:
        yield found


def mesh_for(app: int, shadow: int, route: str = COPIED, **options: Any) -> Mesh:
    return mesh_of(service("reviews", app), service("shadow", shadow), rules("reviews", route), **options)


def until(met: Any) -> None:
    """Wait for what another thread does."""
    end = time.monotonic() + PATIENCE
    while not met():
        assert time.monotonic() < end
        time.sleep(0.001)


def settled(mesh: Mesh) -> None:
    """Wait until no copy is under way; nothing is held then."""
    until(lambda: not mesh.mirrors.active)
    for cluster in mesh.engine.clusters():
        assert not sum(endpoint["active_requests"] for endpoint in cluster["endpoints"])
        for priority in cluster["circuit_breakers"].values():
            assert all(not resource["used"] for resource in priority.values())


@pytest.mark.parametrize("name", CALLERS)
def test_every_client_sends_copies(name: str, two: list[Origin]) -> None:
    app, shadow = two
    with mesh_for(app.port, shadow.port, service="productpage") as mesh:
        calls = Call("GET", "/a?b"), Call("POST", "/c", body=b"given"), Call("POST", "/d", pieces=(b"x",))
        assert [answer.status for answer in caller_of(name).calls(mesh, *calls)] == [200] * 3
        settled(mesh)
        copied = sorted((seen["method"], seen["path"], seen["body"]) for seen in shadow.seen)
        assert copied == [("GET", "/a?b", ""), ("POST", "/c", "given")]
        assert {seen["headers"]["host"] for seen in shadow.seen} == {"reviews:9080"}
        assert {seen["headers"]["x-meshcore-caller"] for seen in shadow.seen} == {"productpage"}
        assert len(app.seen) == 3
        counters = mesh.counters.total()
        assert (counters["mirror.rq_total"], counters["mirror.rq_body_overflow"]) == (2, 1)
        assert mesh.requests.total()[SHADOW, 200, ""] == 2


TRACED = """
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: t, namespace: istio-system}
spec: {tracing: [{providers: [{name: z}], randomSamplingPercentage: 100}]}
"""
TRACER = {"extensionProviders": [{"name": "z", "zipkin": {"service": "z.tracing", "port": 9411}}]}


@pytest.mark.parametrize("name", ["httpx", "aiohttp"])
def test_all_lines_of_a_copy_name_its_own_span(name: str, two: list[Origin]) -> None:
    app, shadow = two
    came = {"uber-trace-id": "463ac35c9f6413ad48485a3953bb6124:a2fb4a1d1a96d312:0:1"}
    documents = service("reviews", app.port), service("shadow", shadow.port), rules("reviews", COPIED), TRACED
    with Mesh(load_text("\n---\n".join(documents), mesh_config=TRACER), service="productpage") as mesh:
        assert caller_of(name).call(mesh, "GET", "/", headers=came).status == 200
        settled(mesh)
    spans = []
    for (seen,) in (app.seen, shadow.seen):
        trace, span, _, _ = seen["headers"]["uber-trace-id"].split(":")
        assert (trace, span) == (seen["headers"]["x-b3-traceid"], seen["headers"]["x-b3-spanid"])
        spans.append(span)
    assert "a2fb4a1d1a96d312" not in spans


@pytest.mark.parametrize("name", ["httpx", "aiohttp"])
def test_nothing_that_becomes_of_a_copy_reaches_its_request(name: str, two: list[Origin]) -> None:
    app, shadow = two
    shadow.hold = threading.Event()
    with mesh_for(app.port, shadow.port) as mesh:
        assert caller_of(name).call(mesh, "GET", "/a").status == 200  # while the copy hangs
        assert mesh.mirrors.active == 1
    assert mesh.mirrors.active == 0  # cut off with the mesh
    assert mesh.counters.total()["mirror.rq_cancelled"] == 1
    shadow.hold.set()
    with mesh_for(app.port, refused_port()) as mesh:
        assert caller_of(name).call(mesh, "GET", "/a").status == 200
        settled(mesh)
        assert mesh.counters.total()["mirror.rq_failed"] == 1


def test_copies_are_bounded(two: list[Origin], monkeypatch: pytest.MonkeyPatch) -> None:
    app, shadow = two
    shadow.hold = threading.Event()
    with mesh_for(app.port, shadow.port) as mesh:
        mesh.mirrors._begun().mirrors._most = 1
        large = Call("POST", "/", body=b"x" * (2 << 20))
        caller_of("httpx").calls(mesh, large, Call("GET", "/"), Call("GET", "/"))
        counters = mesh.counters.total()
        assert (counters["mirror.rq_total"], counters["mirror.rq_overflow"]) == (1, 1)
        assert counters["mirror.rq_body_overflow"] == 1
        shadow.hold.set()
        settled(mesh)


def test_a_swap_may_bring_mirrors(two: list[Origin]) -> None:
    app, shadow = two
    with mesh_for(app.port, shadow.port, "HERE") as mesh:
        caller_of("httpx").call(mesh, "GET", "/a")
        mesh.swap(mesh_for(app.port, shadow.port).engine.config)
        caller_of("httpx").call(mesh, "GET", "/b")
        settled(mesh)
    assert [seen["path"] for seen in shadow.seen] == ["/b"]


def test_without_aiohttp_the_mesh_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"meshcore-engine\[proxy\]"):
        mesh_for(1, 2)
    mesh = mesh_for(1, 2, "HERE")
    with pytest.raises(ImportError, match=r"meshcore-engine\[proxy\]"):
        mesh.swap(config_of(service("reviews", 1), service("shadow", 1), rules("reviews", COPIED)))


AWAY = (
    "match: [{uri: {prefix: /ratings}}], route: [{destination: {host: ratings}}], "
    "mirror: {host: shadow, port: {number: 9080}}"
)


def forwarding(two: list[Origin]) -> Mesh:
    ratings, shadow = two
    return mesh_of(
        service("reviews", 1),
        service("ratings", ratings.port),
        service("shadow", shadow.port),
        rules("reviews", AWAY),
    )


@in_loop
async def test_what_asgi_forwards_is_copied_as_it_streams(two: list[Origin]) -> None:
    async with forwarding(two) as mesh:
        middleware = MeshMiddleware(App(), mesh=mesh)
        length = ((b"content-length", b"6"),)
        client = await Client(middleware).get(
            "/ratings", method="POST", headers=length, body=(b"one", b"two")
        )
        assert client.status == 200
        assert (await Client(middleware).get("/ratings")).status == 200
        while len(two[1].seen) < 2 or middleware._forwarder.copies:
            await asyncio.sleep(0.001)
        assert sorted(seen["body"] for seen in two[1].seen) == ["", "onetwo"]
        broken = Client(middleware)
        await broken.get("/ratings", method="POST", headers=length, body=(b"one", None))
        while middleware._forwarder.copies:
            await asyncio.sleep(0.001)
        assert len(two[1].seen) <= 3  # the shadow's head may have been read
        assert mesh.counters.total()["mirror.rq_cancelled"] == 1
        await middleware._forwarder.close()
        settled(mesh)


def test_what_wsgi_forwards_is_copied(two: list[Origin]) -> None:
    pytest.importorskip("httpx")
    with forwarding(two) as mesh:
        middleware = WsgiMiddleware(WsgiApp(), mesh=mesh)
        assert call(middleware, "/ratings", body=b"given").status == 200
        settled(mesh)
    assert [seen["body"] for seen in two[1].seen] == ["given"]


@in_loop
async def test_what_an_asgi_app_answers_is_copied(two: list[Origin]) -> None:
    app = App()
    async with mesh_for(1, two[1].port) as mesh:
        middleware = MeshMiddleware(app, mesh=mesh)
        length = ((b"content-length", b"6"),)
        await Client(middleware).get("/a")
        await Client(middleware).get("/b", method="POST", headers=length, body=(b"one", b"two"))
        while middleware._forwarder.copies:
            await asyncio.sleep(0.001)
        assert app.bodies == [b"", b"onetwo"]
        assert sorted(seen["body"] for seen in two[1].seen) == ["", "onetwo"]
        # A caller in the mesh has sent them.
        await Client(middleware).get("/a", headers=((b"x-meshcore-caller", b"productpage"),))
        broken = Client(middleware)
        await broken.get("/b", method="POST", headers=length, body=(b"one", None))
        while middleware._forwarder.copies:
            await asyncio.sleep(0.001)
        counters = mesh.counters.total()
        assert (counters["mirror.rq_total"], counters["mirror.rq_cancelled"]) == (3, 1)
        await middleware._forwarder.close()
        settled(mesh)


@in_loop
async def test_copies_are_of_no_other_protocol_and_without_what_is_for_one_hop(two: list[Origin]) -> None:
    hop = ((b"connection", b"upgrade, x-hop"), (b"x-hop", b"1"), (b"te", b"trailers"))
    async with mesh_for(1, two[1].port) as mesh:
        middleware = MeshMiddleware(App(), mesh=mesh)
        await Client(middleware).get("/a", headers=(*hop, (b"upgrade", b"websocket")))
        await Client(middleware).get("/b", headers=(*hop, (b"upgrade", b"h2c")))
        while middleware._forwarder.copies:
            await asyncio.sleep(0.001)
        await middleware._forwarder.close()
        by_wsgi = WsgiMiddleware(WsgiApp(), mesh=mesh)
        for path, upgrade in (("/c", "websocket"), ("/d", "h2c")):
            lines = {"HTTP_CONNECTION": "upgrade, x-hop", "HTTP_X_HOP": "1", "HTTP_UPGRADE": upgrade}
            await asyncio.to_thread(call, by_wsgi, path, **lines)
        settled(mesh)
    assert sorted(seen["path"] for seen in two[1].seen) == ["/b", "/d"]
    for seen in two[1].seen:
        assert {"connection", "x-hop", "te", "upgrade"}.isdisjoint(seen["headers"])
        assert seen["headers"]["x-meshcore-caller"] == "reviews"


def test_what_a_wsgi_app_answers_is_copied(two: list[Origin]) -> None:
    app = WsgiApp()
    with mesh_for(1, two[1].port) as mesh:
        middleware = WsgiMiddleware(app, mesh=mesh)
        assert call(middleware, "/a").status == 200
        assert call(middleware, "/b", body=b"given").status == 200
        assert call(middleware, "/c", body=b"x" * 70_000).status == 200
        settled(mesh)
        assert app.bodies == [b"", b"given", b"x" * 70_000]
        assert sorted(seen["body"] for seen in two[1].seen) == ["", "given"]
        assert mesh.counters.total()["mirror.rq_body_overflow"] == 1
