"""The proxy sends copies of requests beside them; nothing that becomes of a copy touches its request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web
from proxy_support import (
    HOST,
    SOON,
    RawClient,
    RawOrigin,
    Served,
    cluster,
    config_for,
    in_loop,
    origin,
    proxy_for,
    route,
    unused_port,
)

from meshcore.model import (
    CircuitBreakers,
    Cluster,
    Config,
    Discovery,
    ForwardAction,
    Fraction,
    MirrorPolicy,
    OutlierDetection,
)
from meshcore.proxy import ProxyOptions
from meshcore.proxy.figures import gauges_of

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def mirrored(port: int, *shadows: Cluster, **fields: Any) -> Config:
    """All requests go to the port, and a copy of each to the other clusters."""
    mirrors = tuple(MirrorPolicy(shadow.name) for shadow in shadows)
    action = ForwardAction("app", mirrors=mirrors, **fields)
    return config_for(cluster(port), *shadows, routes=(route(action, name="all"),))


class Recorder:
    """A mirror's handler: takes whole requests down."""

    def __init__(self) -> None:
        self.seen: asyncio.Queue[tuple[str, str, str, bytes]] = asyncio.Queue()

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        body = b"".join([chunk async for chunk in request.content.iter_any()])
        self.seen.put_nowait((request.method, request.raw_path, request.headers["Host"], body))
        return web.Response(status=500, body=b"never seen")


async def settled(served: Served) -> None:
    """Wait until no request and no copy is under way."""
    await served.idle()
    while served.proxy.mirrors.active:
        await asyncio.sleep(0)
    for one in served.engine.clusters():
        assert all(not endpoint["active_requests"] for endpoint in one["endpoints"])
        for priority in one["circuit_breakers"].values():
            assert all(not resource["used"] for resource in priority.values())


@in_loop
async def test_a_copy_without_a_body() -> None:
    shadow = Recorder()
    async with RawOrigin(OK) as app, origin(shadow) as port:
        config = mirrored(app.port, cluster(port, name="shadow"))
        async with proxy_for(config) as served, RawClient(served.port) as client:
            await client.get("/x?q=1")
            assert (await client.answer())[::2] == (200, b"ok")
            assert await shadow.seen.get() == ("GET", "/x?q=1", f"{HOST}-shadow", b"")
            await settled(served)
            counters = served.proxy.stats.counters
            assert counters["mirror.rq_total"] == 1
            assert counters["cluster.shadow.upstream_rq_5xx"] == 1
            assert counters["cluster.app.upstream_rq_2xx"] == 1


@pytest.mark.parametrize("chunked", [False, True])
@in_loop
async def test_copies_get_the_body(chunked: bool) -> None:
    one, two, app = Recorder(), Recorder(), Recorder()
    body = bytes(range(256)) * 500
    async with origin(app) as port, origin(one) as first, origin(two) as second:
        shadows = cluster(first, name="one"), cluster(second, name="two")
        async with proxy_for(mirrored(port, *shadows)) as served, RawClient(served.port) as client:
            framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(body)}"
            sent = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if chunked else body
            head = f"POST /up HTTP/1.1\r\nHost: {HOST}\r\nExpect: 100-continue\r\n{framing}\r\n\r\n"
            await client.send(head.encode())
            assert b" 100 " in await client.head()
            await client.send(sent)
            assert (await client.answer())[0] == 500
            for recorder in (one, two):
                assert await recorder.seen.get() == ("POST", "/up", f"{HOST}-shadow", body)
            await settled(served)


@in_loop
async def test_only_the_share_is_copied() -> None:
    shadow = Recorder()
    async with RawOrigin(OK) as app, origin(shadow) as port:
        mirrors = (MirrorPolicy("shadow", Fraction(0)), MirrorPolicy("shadow", Fraction(100)))
        action = ForwardAction("app", mirrors=mirrors)
        config = config_for(cluster(app.port), cluster(port, name="shadow"), routes=(route(action),))
        async with proxy_for(config) as served, RawClient(served.port) as client:
            await client.get("/")
            await client.answer()
            await shadow.seen.get()
            await settled(served)
            assert served.proxy.stats.counters["mirror.rq_total"] == 1


@pytest.mark.parametrize(
    ("shadow", "counter"),
    [
        (lambda: cluster(unused_port(), name="shadow"), "upstream_cx_connect_fail"),
        (lambda: Cluster("shadow"), "upstream_cx_none_healthy"),
        (lambda: Cluster("shadow", discovery=Discovery.ORIGINAL_DST), "upstream_rq_total"),
        (
            lambda: cluster(unused_port(), name="shadow", circuit_breakers=CircuitBreakers(max_requests=0)),
            "upstream_rq_pending_overflow",
        ),
    ],
)
@in_loop
async def test_a_copy_that_cannot_be_sent(shadow: Callable[[], Cluster], counter: str) -> None:
    async with RawOrigin(OK) as app, proxy_for(mirrored(app.port, shadow())) as served:
        async with RawClient(served.port) as client:
            await client.get("/")
            assert (await client.answer())[::2] == (200, b"ok")
        await settled(served)
        counters = served.proxy.stats.counters
        assert (counters["mirror.rq_failed"], counters[f"cluster.shadow.{counter}"]) == (1, 1)
        assert served.log[0].flags == ""


@in_loop
async def test_a_mirror_that_breaks_off() -> None:
    broken = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok"
    async with RawOrigin(OK) as app, RawOrigin(broken) as shadow:
        detection = OutlierDetection(consecutive_5xx=1, max_ejection_percent=100)
        config = mirrored(app.port, cluster(shadow.port, name="shadow", outlier_detection=detection))
        async with proxy_for(config) as served, RawClient(served.port) as client:
            await client.get("/")
            assert (await client.answer())[0] == 200
            await settled(served)
            assert served.proxy.stats.counters["mirror.rq_failed"] == 1
            assert served.engine.clusters()[1]["endpoints"][0]["ejected"]


class Stuck:
    """A mirror's handler that never answers and reads nothing."""

    def __init__(self) -> None:
        self.arrived = asyncio.Event()

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        self.arrived.set()
        await asyncio.Event().wait()
        raise AssertionError


@in_loop
async def test_a_mirror_that_falls_behind_is_given_up() -> None:
    app = Recorder()
    body = b"x" * (1 << 22)  # more than the sockets between us and the mirror hold
    options = ProxyOptions(mirror_buffer_size=1 << 16)
    async with origin(app) as port, origin(Stuck()) as shadow:
        config = mirrored(port, cluster(shadow, name="shadow"))
        async with proxy_for(config, options=options) as served, RawClient(served.port) as client:
            await client.send(
                f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
            )
            assert (await client.answer())[0] == 500
            assert (await app.seen.get())[3] == body
            await settled(served)
            assert served.proxy.stats.counters["mirror.rq_body_overflow"] == 1


@in_loop
async def test_no_more_copies_than_are_allowed() -> None:
    stuck, options = Stuck(), ProxyOptions(max_mirrors=1)
    async with RawOrigin(OK, close=False) as app, origin(stuck) as port:
        config = mirrored(app.port, cluster(port, name="shadow"))
        async with proxy_for(config, options=options) as served, RawClient(served.port) as client:
            for _ in range(3):
                await client.get("/")
                assert (await client.answer())[0] == 200
            await stuck.arrived.wait()
            counters = served.proxy.stats.counters
            assert (counters["mirror.rq_total"], counters["mirror.rq_overflow"]) == (1, 2)
            assert gauges_of(served.proxy)["mirror.rq_active"] == 1
            proxy = served.proxy
        # Stopping the proxy cuts it off.
        assert proxy.mirrors.active == 0
        assert proxy.stats.counters["mirror.rq_cancelled"] == 1
        assert proxy.engine.clusters()[1]["endpoints"][0]["active_requests"] == 0


@in_loop
async def test_a_copy_has_the_routes_timeout() -> None:
    async with RawOrigin(OK) as app, origin(Stuck()) as port:
        config = mirrored(app.port, cluster(port, name="shadow"), timeout=SOON)
        async with proxy_for(config) as served, RawClient(served.port) as client:
            await client.get("/")
            assert (await client.answer())[0] == 200
            await settled(served)
            counters = served.proxy.stats.counters
            assert (counters["mirror.rq_timeout"], counters["cluster.shadow.upstream_rq_timeout"]) == (1, 1)


@in_loop
async def test_a_body_that_breaks_off_does_not_look_whole() -> None:
    cut, arrived = asyncio.Event(), asyncio.Event()

    async def shadow(request: web.BaseRequest) -> web.StreamResponse:
        arrived.set()
        try:
            await request.read()
        except (web.RequestPayloadError, ConnectionError):
            cut.set()
        except asyncio.CancelledError:
            cut.set()
            raise
        return web.Response()

    async def app(request: web.BaseRequest) -> web.StreamResponse:
        await request.read()
        return web.Response()

    async with origin(app) as port, origin(shadow) as other:
        config = mirrored(port, cluster(other, name="shadow"))
        async with proxy_for(config) as served:
            async with RawClient(served.port) as client:
                await client.send(
                    f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 100\r\n\r\nhalf".encode()
                )
                await arrived.wait()
            await cut.wait()
            await settled(served)
            assert served.proxy.stats.counters["mirror.rq_cancelled"] == 1


@in_loop
async def test_a_configuration_without_the_cluster() -> None:
    async with RawOrigin(OK) as app:
        config = mirrored(app.port, cluster(unused_port(), name="shadow"))
        async with proxy_for(config) as served, RawClient(served.port) as client:
            begin = served.proxy.mirrors.begin

            def vanish(*args: Any, **kwargs: Any) -> Any:
                copies = begin(*args, **kwargs)  # their tasks have yet to run
                served.proxy.engine.swap(config_for(cluster(app.port)))
                return copies

            served.proxy.mirrors.begin = vanish  # type: ignore[method-assign]
            await client.get("/")
            assert (await client.answer())[0] == 200
            await settled(served)
            assert served.proxy.stats.counters["mirror.rq_failed"] == 1
