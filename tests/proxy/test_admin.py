"""The admin pages and the numbers behind them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
from proxy_support import RawClient, RawOrigin, cluster, config_for, in_loop, proxy_for

from meshcore.model import Cluster, Origin, Policy
from meshcore.proxy.admin import plain
from meshcore.proxy.clusters_text import clusters_text
from meshcore.telemetry.stats import Stats

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
ANY = ("127.0.0.1", 0)


async def page(port: int | None, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as response:
        return response.status, await response.text()


@in_loop
async def test_pages() -> None:
    async with (
        RawOrigin(OK) as app,
        proxy_for(config_for(cluster(app.port), digest="abc"), admin=ANY) as served,
    ):
        async with RawClient(served.port) as client:
            for host in ("app.example", "unknown.example"):
                await client.get("/", host=host)
                await client.answer()
        port = served.proxy.admin_port
        assert await page(port, "/healthz") == (200, "ok\n")
        assert await page(port, "/ready") == (200, "LIVE\n")
        assert (await page(port, "/"))[0] == 200
        assert (await page(port, "/nothing"))[0] == 404

        config = json.loads((await page(port, "/config"))[1])
        assert (config["digest"], config["sources"]) == ("abc", ["test.yaml"])
        hosts = config["listeners"][0]["route_configuration"]["virtual_hosts"]
        assert hosts[0]["domains"] == ["app.example"]
        assert hosts[0]["routes"][0]["action"] == {"cluster": "app"}
        assert config["clusters"][0]["localities"][0]["endpoints"][0]["port"] == app.port

        endpoint = json.loads((await page(port, "/clusters?format=json"))[1])["clusters"][0]["endpoints"][0]
        assert endpoint["address"] == f"127.0.0.1:{app.port}"
        text = (await page(port, "/clusters"))[1]
        assert text.startswith(f"app\n  127.0.0.1:{app.port}  HEALTHY    active_requests=0 connections=0\n")
        assert "  circuit breakers, default: connections 0 of 1024, pending requests 0 of 1024, " in text
        assert (await page(port, "/clusters?format=xml"))[0] == 400

        assert "cluster.app.upstream_rq_2xx: 1\n" in (await page(port, "/stats"))[1]
        numbers = json.loads((await page(port, "/stats?format=json"))[1])
        assert numbers["counters"]["http.downstream_rq_total"] == 2
        assert numbers["counters"]["http.no_route"] == 1
        assert numbers["gauges"]["http.downstream_rq_active"] == 0
        text = (await page(port, "/stats?format=prometheus"))[1]
        assert '\nmeshcore_cluster_upstream_rq_total{cluster_name="app"} 1\n' in text
        assert (await page(port, "/stats?format=xml"))[0] == 400


@in_loop
async def test_a_draining_proxy_is_not_ready_but_still_shows_its_pages() -> None:
    async with (
        RawOrigin(b"", close=False) as app,
        proxy_for(config_for(cluster(app.port)), admin=ANY) as served,
    ):
        async with RawClient(served.port) as client:
            await client.get("/")
            while not app.heads:
                await asyncio.sleep(0)
            stopping = asyncio.ensure_future(served.proxy.stop(drain=10.0))
            await asyncio.sleep(0)
            assert await page(served.proxy.admin_port, "/ready") == (503, "DRAINING\n")
        await stopping


def test_clusters_as_text() -> None:
    def room(used: int, limit: int | None, refused: int = 0) -> dict[str, Any]:
        left = None if limit is None else limit - used
        return {"used": used, "limit": limit, "remaining": left, "open": left == 0, "overflows": refused}

    ejected = {"ejected": True, "reason": "5xx", "time_left": 12.3456, "success_rate": None}

    def endpoint(address: str, health: str, **more: Any) -> dict[str, Any]:
        return {"address": address, "health": health, "active_requests": 0, "connections": 0, **more}

    assert clusters_text(
        [
            {
                "name": "a b",
                "endpoints": [
                    endpoint("10.0.0.1:80", "HEALTHY", connections=2, failing=[], multiplier=0),
                    endpoint("[::1]:1", "UNHEALTHY", failing=["outlier", "user"], **ejected),
                ],
                "circuit_breakers": {"default": {"requests": room(2, 2, 7), "retries": room(0, None)}},
                "dns": [{"name": "x.example", "ttl": 5.0, "last_error": "no such name"}],
                "empty": {},
            }
        ]
    ) == (
        "a b\n"
        "  10.0.0.1:80  HEALTHY    active_requests=0 connections=2\n"
        "  [::1]:1      UNHEALTHY  active_requests=0 connections=0 "
        "failing=outlier,user ejected=True reason=5xx time_left=12.346\n"
        "  circuit breakers, default: requests 2 of 2 FULL (7 refused), retries 0 of no limit\n"
        "  dns: dns.0.name=x.example dns.0.ttl=5 dns.0.last_error='no such name'\n"
    )


def test_plain_leaves_out_defaults_and_origins() -> None:
    assert plain(Cluster("a", policy=Policy.MAGLEV, origin=Origin("f", 1, 2))) == {
        "name": "a",
        "policy": "MAGLEV",
    }
    assert plain({1: (b"\xff", None)}) == {"1": ["\\xff", None]}


def test_prometheus_escapes_labels_and_groups_families() -> None:
    stats = Stats()
    for name in ('a"b\\c\nd', "outbound|80||x.y"):
        stats.add(f"cluster.{name}.upstream_rq_total", 3)
    stats.gauges["http.downstream_cx_active"] = 1
    lines: list[Any] = stats.prometheus().splitlines()
    assert lines == [
        "# TYPE meshcore_cluster_upstream_rq_total counter",
        'meshcore_cluster_upstream_rq_total{cluster_name="a\\"b\\\\c\\nd"} 3',
        'meshcore_cluster_upstream_rq_total{cluster_name="outbound|80||x.y"} 3',
        "# TYPE meshcore_http_downstream_cx_active gauge",
        "meshcore_http_downstream_cx_active 1",
    ]
