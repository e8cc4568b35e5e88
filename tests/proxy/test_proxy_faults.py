"""The proxy waits where a fault delays, answers where one aborts, and sends no faster than one lets it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import ClientSession, web
from proxy_support import (
    HOST,
    PATIENCE,
    SOON,
    Dial,
    RawClient,
    RawOrigin,
    cluster,
    config_for,
    in_loop,
    origin,
    proxy_for,
    route,
    unused_port,
)

from meshcore.model import (
    Config,
    DirectResponse,
    FaultAbort,
    FaultDelay,
    FaultPolicy,
    FaultRateLimit,
    ForwardAction,
    Fraction,
)

ALWAYS = Fraction(100)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def faulty(port: int, fault: FaultPolicy, **fields: Any) -> Config:
    return config_for(cluster(port), routes=(route(ForwardAction("app", **fields), name="all", fault=fault),))


@in_loop
async def test_an_abort_reaches_no_origin() -> None:
    fault = FaultPolicy(FaultDelay(ALWAYS, 3.0), FaultAbort(ALWAYS, 418))
    dial = Dial()
    async with RawOrigin(OK) as app:
        async with proxy_for(faulty(app.port, fault), sleep=dial.sleep, admin=("127.0.0.1", 0)) as served:
            async with RawClient(served.port) as client:
                await client.get("/")
                status, headers, body = await client.answer()
            assert (status, body, headers["content-type"]) == (418, b"fault filter abort", ["text/plain"])
            await served.idle()
            record = served.log[0]
            assert (record.flags, record.details, record.cluster) == ("DI,FI", "fault_filter_abort", "app")
            async with ClientSession() as session:
                page = f"http://127.0.0.1:{served.proxy.admin_port}/stats?format=json"
                stats = await (await session.get(page)).json()
        assert dial.waits == [3.0]
        assert app.connections == 0
    assert stats["counters"]["http.fault.aborts_injected"] == 1
    assert stats["counters"]["http.fault.delays_injected"] == 1
    assert stats["gauges"]["http.fault.active_faults"] == 0


@in_loop
async def test_a_delayed_request_is_forwarded() -> None:
    dial = Dial()
    async with RawOrigin(OK) as app:
        config = faulty(app.port, FaultPolicy(FaultDelay(ALWAYS, 2.5)))
        async with proxy_for(config, sleep=dial.sleep) as served, RawClient(served.port) as client:
            await client.get("/")
            assert (await client.answer())[0] == 200
            await served.idle()
            assert (served.log[0].flags, dial.waits) == ("DI", [2.5])


@in_loop
async def test_flags_of_a_failure_stand_beside_those_of_the_delay() -> None:
    config = faulty(unused_port(), FaultPolicy(FaultDelay(ALWAYS, 2.5)))
    async with proxy_for(config, sleep=Dial().sleep) as served, RawClient(served.port) as client:
        await client.get("/")
        assert (await client.answer())[0] == 503
        await served.idle()
        assert served.log[0].flags == "DI,UF"


@in_loop
async def test_a_client_that_leaves_during_the_delay() -> None:
    waiting, active = asyncio.Event(), []

    async def forever(seconds: float) -> None:
        waiting.set()
        active.append(served.engine.faults()[0]["active_faults"])
        await asyncio.Event().wait()

    async with RawOrigin(OK) as app:
        config = faulty(app.port, FaultPolicy(FaultDelay(ALWAYS, 2.5)))
        async with proxy_for(config, sleep=forever) as served:
            async with RawClient(served.port) as client:
                await client.get("/")
                await waiting.wait()
            await served.idle()
            assert active == [1]
            assert served.engine.faults()[0]["active_faults"] == 0
            assert served.engine.clusters()[0]["endpoints"][0]["active_requests"] == 0
            assert served.log[0].flags == "DC"
        assert app.connections == 0


@in_loop
async def test_an_answer_is_sent_at_the_rate_of_the_fault() -> None:
    dial, limit = Dial(), FaultPolicy(response_rate_limit=FaultRateLimit(ALWAYS, 1))

    async def app(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=b"x" * 5000)

    async with origin(app) as port:
        # The origin is done long before its time is up; the client is not.
        config = faulty(port, limit, timeout=30.0)
        async with proxy_for(config, sleep=dial.sleep, now=dial.now) as served:
            async with RawClient(served.port) as client:
                await client.get("/")
                status, _, body = await client.answer()
            await served.idle()
            assert (status, len(body), served.log[0].bytes_sent) == (200, 5000, 5000)
    assert set(dial.waits) == {0.05}
    assert sum(dial.waits) == pytest.approx(5000 / 1024 - 0.05, abs=0.06)


@in_loop
async def test_the_routes_timeout_is_over_once_the_origin_is_done() -> None:
    limit = FaultPolicy(response_rate_limit=FaultRateLimit(ALWAYS, 1))
    passed = asyncio.Event()

    async def sleep(seconds: float) -> None:
        await asyncio.wait_for(passed.wait(), PATIENCE)

    async with RawOrigin(b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n" + b"x" * 200) as app:
        config = faulty(app.port, limit, timeout=SOON)
        async with proxy_for(config, sleep=sleep) as served, RawClient(served.port) as client:
            await client.get("/")
            assert len(await client.reader.readuntil(b"x" * 50)) > 50
            asyncio.get_running_loop().call_later(2 * SOON, passed.set)  # beyond the timeout
            assert len(await client.reader.readexactly(150)) >= 150
            await served.idle()
            assert served.log[0].flags == ""


@in_loop
async def test_our_own_answers_are_held_back_too() -> None:
    dial, limit = Dial(), FaultPolicy(response_rate_limit=FaultRateLimit(ALWAYS, 1))
    direct = route(DirectResponse(200, b"y" * 300), fault=limit)
    config = config_for(cluster(1), routes=(direct,))
    async with proxy_for(config, sleep=dial.sleep, now=dial.now) as served, RawClient(served.port) as client:
        await client.get("/")
        assert (await client.answer())[2] == b"y" * 300
        assert dial.waits
        dial.waits.clear()
        await client.send(f"HEAD / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        await client.head()
        assert not dial.waits


@in_loop
async def test_a_client_that_leaves_while_its_answer_is_held_back() -> None:
    limit = FaultPolicy(response_rate_limit=FaultRateLimit(ALWAYS, 1))
    waiting = asyncio.Event()

    async def forever(seconds: float) -> None:
        waiting.set()
        await asyncio.Event().wait()

    async def app(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=b"x" * 5000)

    async with origin(app) as port, proxy_for(faulty(port, limit), sleep=forever) as served:
        async with RawClient(served.port) as client:
            await client.get("/")
            await waiting.wait()
        await served.idle()
        assert served.engine.faults()[0]["active_faults"] == 0
