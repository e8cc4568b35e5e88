"""The proxy asks a rate limit service, and does as it says."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from proxy_support import RawClient, RawOrigin, cluster, config_for, in_loop, proxy_for, route, unused_port

from meshcore.global_limit.rls.codec import METHOD, REQUEST, RESPONSE, SERVICE
from meshcore.global_limit.rls.messages import (
    Code,
    Descriptor,
    DescriptorStatus,
    Limit,
    RateLimitResponse,
    Unit,
)
from meshcore.model import (
    Config,
    ForwardAction,
    Fraction,
    GlobalRateLimit,
    RateLimit,
    RateLimitAction,
    RateLimitActionKind,
    UpstreamTls,
)

aio = pytest.importorskip("grpc.aio", reason="needs grpcio, of the extra 'rls'")
grpc = pytest.importorskip("grpc", reason="needs grpcio, of the extra 'rls'")

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
PATIENCE = 30.0
Handler = Callable[[bytes, Any], Awaitable[bytes]]


@asynccontextmanager
async def service(handler: Handler) -> AsyncIterator[int]:
    """A rate limit service; gives its port."""
    server = aio.server()
    made = grpc.unary_unary_rpc_method_handler(handler)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, {METHOD: made}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield port
    finally:
        await server.stop(None)


def says(response: RateLimitResponse, seen: list[Any] | None = None) -> Handler:
    async def handle(data: bytes, context: Any) -> bytes:
        if seen is not None:
            seen.append(REQUEST.decode(data))
        return RESPONSE.encode(response)

    return handle


def limited(app: int, port: int, *, tls: UpstreamTls | None = None, **fields: Any) -> Config:
    """Every request is asked about by its path."""
    action = RateLimitAction(RateLimitActionKind.PATH, key="path")
    settings = {"domain": "shop", "timeout": PATIENCE, "cluster": "limits", **fields}
    forward = ForwardAction("app", rate_limits=(RateLimit((action,)),))
    limits = replace(cluster(port, name="limits"), http2=True, tls=tls)
    config = config_for(cluster(app), limits, routes=(route(forward, name="all"),))
    filters = (("envoy.filters.http.ratelimit", GlobalRateLimit(**settings)),)
    return replace(config, listeners=(replace(config.listeners[0], filters=filters),))


async def ask(served: Any, *lines: str) -> tuple[int, dict[str, list[str]], bytes]:
    async with RawClient(served.port) as client:
        await client.get("/a?b", *lines)
        return await client.answer()


@in_loop
async def test_a_request_that_is_within_its_limits() -> None:
    seen: list[Any] = []
    answer = RateLimitResponse(
        Code.OK,
        (DescriptorStatus(Code.OK, Limit(5, Unit.MINUTE, "paths"), 4, 12.0),),
        (("x-told", "client"),),
        (("x-told", "upstream"),),
    )
    async with RawOrigin(OK) as app, service(says(answer, seen)) as port:
        async with proxy_for(limited(app.port, port, rate_limit_headers=True)) as served:
            status, headers, _ = await ask(served)
            counters = served.proxy.stats.counters
        assert b"x-told: upstream" in app.heads[0].lower()
    assert (status, headers["x-told"]) == (200, ["client"])
    assert headers["x-ratelimit-limit"] == ['5, 5;w=60;name="paths"']
    assert (headers["x-ratelimit-remaining"], headers["x-ratelimit-reset"]) == (["4"], ["12"])
    assert (seen[0].domain, seen[0].descriptors) == ("shop", (Descriptor((("path", "/a"),)),))
    assert counters["cluster.app.ratelimit.ok"] == 1


@in_loop
async def test_one_that_is_not() -> None:
    answer = RateLimitResponse(
        Code.OVER_LIMIT, raw_body=b"slow down", response_headers_to_add=(("x-why", "1"),)
    )
    async with RawOrigin(OK) as app, service(says(answer)) as port:
        async with proxy_for(limited(app.port, port)) as served:
            status, headers, body = await ask(served)
            await served.idle()
            record = served.log[0]
            text = served.proxy.stats.prometheus()
        assert app.connections == 0
    assert (status, body, headers["x-why"]) == (429, b"slow down", ["1"])
    assert (record.flags, record.details) == ("RL", "request_rate_limited")
    assert 'meshcore_cluster_ratelimit_over_limit{cluster_name="app"} 1\n' in text


DENY = Fraction(100)


@pytest.mark.parametrize("deny", [Fraction(0), DENY])
@in_loop
async def test_a_service_that_fails(deny: Fraction) -> None:
    async def fail(data: bytes, context: Any) -> bytes:
        await context.abort(grpc.StatusCode.INTERNAL, "no")
        raise AssertionError

    async with (
        RawOrigin(OK) as app,
        service(fail) as port,
        proxy_for(limited(app.port, port, deny_on_failure=deny)) as served,
    ):
        status, _, _ = await ask(served)
        await served.idle()
        counters = served.proxy.stats.counters
        record = served.log[0]
    assert counters["cluster.app.ratelimit.error"] == counters["rate_limit_service.remote"] == 1
    if deny is DENY:
        assert (status, record.flags, record.details) == (500, "RLSE", "rate_limiter_error")
    else:
        assert status == 200
        assert counters["cluster.app.ratelimit.failure_mode_allowed"] == 1


@in_loop
async def test_a_service_that_takes_too_long() -> None:
    end = asyncio.Event()

    async def wait(data: bytes, context: Any) -> bytes:
        await end.wait()
        return b""

    async with RawOrigin(OK) as app, service(wait) as port:
        config = limited(app.port, port, timeout=0.05, deny_on_failure=DENY)
        async with proxy_for(config) as served:
            assert (await ask(served))[0] == 500
            assert served.proxy.stats.counters["rate_limit_service.timeout"] == 1
        end.set()


@in_loop
async def test_a_client_that_leaves_meanwhile() -> None:
    asked, left = asyncio.Event(), asyncio.Event()

    async def wait(data: bytes, context: Any) -> bytes:
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            left.set()
        return b""

    async with RawOrigin(OK) as app, service(wait) as port, proxy_for(limited(app.port, port)) as served:
        async with RawClient(served.port) as client:
            await client.get("/")
            await asked.wait()
        await left.wait()
        await served.idle()
        assert served.log[0].flags == "DC"
        assert app.connections == 0


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"cluster": "nobody"}, "no_endpoint"),
        ({"cluster": "", "target_uri": "127.0.0.1:1"}, "remote"),
        ({"tls": UpstreamTls("SIMPLE", ca_certificates="missing.pem")}, "no_endpoint"),
        ({"tls": UpstreamTls("ISTIO_MUTUAL")}, "no_endpoint"),
    ],
)
@in_loop
async def test_nobody_to_ask(fields: dict[str, Any], why: str) -> None:
    async with RawOrigin(OK) as app, proxy_for(limited(app.port, unused_port(), **fields)) as served:
        assert (await ask(served))[0] == 200
        assert served.proxy.stats.counters[f"rate_limit_service.{why}"] == 1


@in_loop
async def test_a_service_by_its_address() -> None:
    async with RawOrigin(OK) as app, service(says(RateLimitResponse(Code.OVER_LIMIT))) as port:
        config = limited(app.port, port, cluster="", target_uri=f"127.0.0.1:{port}")
        async with proxy_for(config) as served:
            assert [(await ask(served))[0] for _ in range(3)] == [429] * 3


@in_loop
async def test_connections_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meshcore.upstream.rate_limits.MAX_CLIENTS", 1)
    async with RawOrigin(OK) as app, service(says(RateLimitResponse(Code.OVER_LIMIT))) as port:
        first = limited(app.port, port)
        second = limited(app.port, port, authority="other.example")
        async with proxy_for(first) as served:
            for config in (second, first):
                assert (await ask(served))[0] == 429
                await asyncio.to_thread(served.proxy.swap, config)
            assert (await ask(served))[0] == 429


@in_loop
async def test_without_grpcio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "grpc.aio", None)
    with pytest.raises(ImportError, match=r"meshcore-engine\[rls\]"):
        async with proxy_for(limited(1, 2)):
            pass
    async with proxy_for(config_for(cluster(1))) as served:
        with pytest.raises(ImportError, match=r"meshcore-engine\[rls\]"):
            served.proxy.swap(limited(1, 2))
