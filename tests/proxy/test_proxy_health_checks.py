"""The proxy checks the endpoints of clusters that ask for it."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from typing import Any

import pytest
from aiohttp import web
from proxy_support import RawClient, ask, cluster, config_for, in_loop, origin

from meshcore.engine import Engine
from meshcore.health import HealthChecker
from meshcore.model import CommonLbConfig, Config, HealthCheck, HttpHealthCheck
from meshcore.proxy import Proxy

pytest.importorskip("h11", reason="needs h11, of the extra 'health'")

CHECK = HealthCheck(HttpHealthCheck("/healthz"), interval=60)


def checked(port: int, **fields: Any) -> Config:
    common = CommonLbConfig(healthy_panic_threshold=0)
    return config_for(cluster(port, health_check=CHECK, common_lb=common, **fields))


async def page(port: int | None, path: str) -> str:
    assert port is not None
    answer = await ask(port, f"GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
    return answer.partition(b"\r\n\r\n")[2].decode()


class Service:
    """Serves, and says of itself what it is told to say."""

    def __init__(self, health: int = 200) -> None:
        self.health = health
        self.checks = self.requests = 0
        self.headers: dict[str, str] = {}

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/healthz":
            self.checks += 1
            return web.Response(status=self.health)
        self.requests += 1
        return web.Response(headers=self.headers)


@in_loop
async def test_endpoints_are_checked_before_requests_come() -> None:
    for status, expected, requests in ((200, 200, 1), (500, 503, 0)):
        service = Service(status)
        async with origin(service) as port, Proxy(checked(port), listen=[("127.0.0.1", 0)]) as proxy:
            assert service.checks == 1
            async with RawClient(proxy.ports[0]) as client:
                await client.get()
                assert (await client.answer())[0] == expected
            assert service.requests == requests


@in_loop
async def test_pages() -> None:
    service = Service()
    async with (
        origin(service) as port,
        Proxy(checked(port), listen=[("127.0.0.1", 0)], admin=("127.0.0.1", 0)) as proxy,
    ):
        clusters = json.loads(await page(proxy.admin_port, "/clusters?format=json"))["clusters"]
        (endpoint,) = clusters[0]["endpoints"]
        assert (endpoint["health"], endpoint["failing"]) == ("HEALTHY", [])
        found = endpoint["health_check"]
        assert (found["health"], found["last_result"], found["reason"]) == ("HEALTHY", "passed", "status 200")
        assert 50 < found["next_check_in_seconds"] <= 60
        stats = await page(proxy.admin_port, "/stats")
        assert "cluster.app.health_check.success: 1\n" in stats
        assert "cluster.app.health_check.healthy: 1\n" in stats
        text = await page(proxy.admin_port, "/stats?format=prometheus")
        assert 'meshcore_cluster_health_check_attempt{cluster_name="app"} 1\n' in text


@in_loop
async def test_an_answer_may_say_that_the_endpoint_fails() -> None:
    service = Service()
    async with origin(service) as port, Proxy(checked(port), listen=[("127.0.0.1", 0)]) as proxy:
        async with RawClient(proxy.ports[0]) as client:
            await client.get()
            assert (await client.answer())[0] == 200
            service.headers = {"x-envoy-immediate-health-check-fail": "true"}
            await client.get()
            assert (await client.answer())[0] == 200
            await client.get()
            assert (await client.answer())[0] == 503
        assert service.requests == 2


@in_loop
async def test_checks_come_with_another_configuration() -> None:
    service = Service(500)
    async with origin(service) as port:
        plain = config_for(cluster(port))
        async with Proxy(plain, listen=[("127.0.0.1", 0)]) as proxy, RawClient(proxy.ports[0]) as client:
            await client.get()
            assert (await client.answer())[0] == 200
            proxy.swap(checked(port))
            await client.get()
            while (await client.answer())[0] == 200:
                await client.get()
            proxy.swap(plain)
            await client.get()
            while (await client.answer())[0] == 503:
                await client.get()


@in_loop
async def test_endpoints_are_checked_before_another_configuration_is_in_force() -> None:
    async with AsyncExitStack() as stack:
        old = await stack.enter_async_context(origin(Service()))
        good, bad = [await stack.enter_async_context(origin(Service(health))) for health in (200, 500)]
        proxy = await stack.enter_async_context(Proxy(checked(old), listen=[("127.0.0.1", 0)]))
        client = await stack.enter_async_context(RawClient(proxy.ports[0]))
        for port, status in ((good, 200), (bad, 503), (good, 200)):
            await asyncio.to_thread(proxy.swap, checked(port))
            await client.get()
            assert (await client.answer())[0] == status


@in_loop
async def test_somebody_else_may_check() -> None:
    service = Service()
    async with origin(service) as port:
        engine = Engine(checked(port))
        with HealthChecker(engine):
            with pytest.raises(RuntimeError, match="checked already"):
                await Proxy(engine, listen=[("127.0.0.1", 0)]).start()
            async with Proxy(engine, listen=[("127.0.0.1", 0)], health_checks=False) as proxy:
                assert proxy.checker is None
