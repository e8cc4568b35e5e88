"""Circuit breakers in the proxy: overflow, waiting for a connection, and the gauges."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from aiohttp import web
from proxy_support import HOST, RawClient, Served, cluster, config_for, in_loop, origin, proxy_for

from meshcore.model import CircuitBreakers, HttpOptions
from meshcore.proxy.figures import gauges_of

OVERFLOW = b"upstream connect error or disconnect/reset before headers. reset reason: overflow"


class Held:
    """An origin that answers when it is told to, and a proxy before it."""

    def __init__(self, served: Served, release: asyncio.Event, clients: AsyncExitStack) -> None:
        self.served = served
        self.release = release
        self.arrived = 0
        self._clients = clients

    async def ask(self, lines: str = "") -> RawClient:
        """A request on a connection of its own, sent; the proxy may not have seen it yet."""
        client = await self._clients.enter_async_context(RawClient(self.served.port))
        await client.send(f"GET / HTTP/1.1\r\nHost: {HOST}\r\n{lines}\r\n".encode())
        return client

    def used(self, resource: str) -> int:
        found: int = self.served.engine.clusters()[0]["circuit_breakers"]["default"][resource]["used"]
        return found

    async def until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            await asyncio.sleep(0)


@asynccontextmanager
async def held(limits: CircuitBreakers, options: HttpOptions | None = None) -> AsyncIterator[Held]:
    release = asyncio.Event()
    made: list[Held] = []

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        made[0].arrived += 1
        await release.wait()
        return web.Response(text="done")

    async with AsyncExitStack() as clients, origin(answer) as port:
        config = config_for(cluster(port, circuit_breakers=limits), options=options)
        async with proxy_for(config) as served:
            made.append(Held(served, release, clients))
            yield made[0]
            release.set()
            await served.idle()
            counted = served.engine.clusters()[0]
            assert {one["used"] for one in counted["circuit_breakers"]["default"].values()} == {0}
            assert counted["endpoints"][0]["connections"] == 0


@in_loop
async def test_more_requests_than_there_may_be() -> None:
    async with held(CircuitBreakers(max_requests=1)) as it:
        first = await it.ask()
        await it.until(lambda: it.arrived == 1)
        status, headers, body = await (await it.ask()).answer()
        assert (status, headers["x-envoy-overloaded"], body) == (503, ["true"], OVERFLOW)
        assert it.served.log[0].flags == "UO"
        assert it.served.log[0].details == "upstream_reset_before_response_started{overflow}"
        assert it.served.engine.errors == []
        assert it.served.proxy.stats.counters["cluster.app.upstream_rq_pending_overflow"] == 1
        it.release.set()
        assert (await first.answer())[0] == 200


@in_loop
async def test_requests_wait_for_a_connection_in_turn() -> None:
    async with held(CircuitBreakers(max_connections=1, max_pending_requests=2)) as it:
        first = await it.ask()
        await it.until(lambda: it.arrived == 1)
        waiting = []
        for count in (1, 2):
            waiting.append(await it.ask())
            await it.until(lambda count=count: it.used("pending_requests") == count)  # type: ignore[misc]
        status, headers, body = await (await it.ask()).answer()
        assert (status, headers["x-envoy-overloaded"], body) == (503, ["true"], OVERFLOW)
        assert it.arrived == 1
        assert it.served.engine.errors == ["overflow"]
        it.release.set()
        for client in (first, *waiting):
            assert (await client.answer())[2] == b"done"
        assert it.arrived == 3


@in_loop
async def test_a_connection_that_is_being_made_is_waited_for_as_well() -> None:
    """So that Envoy refuses whatever needs a new one, where none may wait."""
    async with held(CircuitBreakers(max_pending_requests=0)) as it:
        status, _, body = await (await it.ask()).answer()
        assert (status, body, it.arrived) == (503, OVERFLOW, 0)
        assert it.served.log[0].flags == "UO"


@in_loop
async def test_a_client_that_leaves_makes_room_for_the_next() -> None:
    async with held(CircuitBreakers(max_connections=1, max_pending_requests=1)) as it:
        first = await it.ask()
        await it.until(lambda: it.arrived == 1)
        gone = await it.ask()
        await it.until(lambda: it.used("pending_requests") == 1)
        gone.writer.close()
        await it.until(lambda: it.used("pending_requests") == 0)
        second = await it.ask()
        await it.until(lambda: it.used("pending_requests") == 1)
        it.release.set()
        for client in (first, second):
            assert (await client.answer())[2] == b"done"
        assert it.arrived == 2


@in_loop
async def test_who_waits_for_an_endpoint_that_goes_is_let_on() -> None:
    """What drains keeps its requests; nothing limits them any more."""
    async with held(CircuitBreakers(max_connections=1)) as it:
        first = await it.ask()
        await it.until(lambda: it.arrived == 1)
        second = await it.ask()
        await it.until(lambda: it.used("pending_requests") == 1)
        it.served.engine.update_endpoints("app", ["127.0.0.1:1"])
        it.release.set()
        for client in (first, second):
            assert (await client.answer())[2] == b"done"


@in_loop
async def test_envoys_own_headers_can_be_left_out() -> None:
    async with held(CircuitBreakers(max_pending_requests=0), HttpOptions(suppress_envoy_headers=True)) as it:
        status, headers, _ = await (await it.ask()).answer()
        assert status == 503
        assert "x-envoy-overloaded" not in headers


@in_loop
async def test_gauges() -> None:
    limits = CircuitBreakers(max_requests=1, retry_budget_percent=10.0, track_remaining=True)
    async with held(limits) as it:
        await it.ask()
        await it.until(lambda: it.arrived == 1)
        gauges: dict[str, Any] = gauges_of(it.served.proxy)
        prefix = "cluster.app.circuit_breakers.default."
        found = {name.removeprefix(prefix): value for name, value in gauges.items() if prefix in name}
        assert found == {
            "cx_open": 0,
            "remaining_cx": 1023,
            "rq_pending_open": 0,
            "remaining_pending": 1024,
            "rq_open": 1,
            "remaining_rq": 0,
            "rq_retry_open": 0,
        }
        assert "cluster.app.circuit_breakers.high.rq_open" in gauges
        assert "cluster.app.circuit_breakers.high.remaining_rq" not in gauges
        it.served.proxy.stats.gauges = gauges
        line = 'meshcore_cluster_circuit_breakers_default_rq_open{cluster_name="app"} 1\n'
        assert line in it.served.proxy.stats.prometheus()
