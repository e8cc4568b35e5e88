"""Endpoints that fail are ejected by what the proxy reports, and its admin page says so."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import aiohttp
import pytest
from aiohttp import web
from proxy_support import (
    SOON,
    RawClient,
    RawOrigin,
    Served,
    config_for,
    in_loop,
    origin,
    proxy_for,
    route,
    talking,
    unused_port,
)

from meshcore.model import (
    Cluster,
    Config,
    Endpoint,
    ForwardAction,
    LocalityEndpoints,
    OutlierDetection,
    RetryPolicy,
)

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def answering(status: int) -> Handler:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=status)

    return answer


def config(*ports: int, retry: RetryPolicy | None = None, consecutive_5xx: int = 3) -> Config:
    endpoints = tuple(Endpoint("127.0.0.1", port) for port in ports)
    detection = OutlierDetection(
        consecutive_5xx=consecutive_5xx, base_ejection_time=600.0, max_ejection_percent=100
    )
    app = Cluster("app", localities=(LocalityEndpoints(endpoints),), outlier_detection=detection)
    return config_for(app, routes=(route(ForwardAction("app", retry_policy=retry), name="all"),))


async def statuses(served: Served, count: int) -> list[int]:
    async with RawClient(served.port) as client:
        found = []
        for _ in range(count):
            await client.get("/")
            found.append((await client.answer())[0])
        return found


async def page(served: Served, form: str) -> str:
    url = f"http://127.0.0.1:{served.proxy.admin_port}/clusters?format={form}"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return await response.text()


@in_loop
async def test_an_endpoint_that_fails_is_ejected() -> None:
    async with AsyncExitStack() as stack:
        good, bad = [await stack.enter_async_context(origin(answering(status))) for status in (200, 500)]
        served = await stack.enter_async_context(proxy_for(config(good, bad), admin=("127.0.0.1", 0)))
        assert (await statuses(served, 40)).count(500) == 3
        endpoints = json.loads(await page(served, "json"))["clusters"][0]["endpoints"]
        healthy, ejected = endpoints
        assert (healthy["health"], healthy["ejected"]) == ("HEALTHY", False)
        assert (ejected["health"], ejected["failing"]) == ("UNHEALTHY", ["outlier detection"])
        assert ejected["ejected"]
        assert ejected["time_left"] > 0
        line = next(line for line in (await page(served, "text")).splitlines() if str(bad) in line)
        assert "UNHEALTHY" in line
        assert "ejected=True" in line
        assert "time_left=" in line


HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"


@pytest.mark.parametrize("slow", [False, True])
@in_loop
async def test_an_answer_that_breaks_off_counts(slow: bool) -> None:
    retry = RetryPolicy(("5xx",), 1, per_try_idle_timeout=SOON if slow else None)
    async with AsyncExitStack() as stack:
        app = await stack.enter_async_context(RawOrigin(HALF, close=not slow))
        made = config(app.port, retry=retry, consecutive_5xx=1)
        served, client = await stack.enter_async_context(talking(made))
        await client.get("/")
        assert b" 200 " in await client.head()
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await client.reader.readexactly(9)
        await served.idle()
        assert served.log[0].flags == ("UT" if slow else "UPE")
        assert served.engine.clusters()[0]["endpoints"][0]["ejected"]


@pytest.mark.parametrize("refused", [True, False])
@in_loop
async def test_attempts_that_were_retried_count_too(refused: bool) -> None:
    retry = RetryPolicy(
        ("5xx",), 3, avoid_previous_hosts=True, host_selection_max_attempts=9, back_off_base=0.001
    )
    async with origin(answering(200)) as good, origin(answering(503)) as bad:
        port = unused_port() if refused else bad
        async with proxy_for(config(good, port, retry=retry)) as served:
            assert set(await statuses(served, 40)) == {200}
            await served.idle()
            assert sum(record.attempts - 1 for record in served.log) == 3
            assert served.engine.clusters()[0]["endpoints"][1]["ejected"]
