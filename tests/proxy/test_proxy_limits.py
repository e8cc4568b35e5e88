"""The proxy answers what a rate limit refuses, and tells how much is left of what it lets through."""

from __future__ import annotations

from dataclasses import replace

from aiohttp import ClientSession
from proxy_support import RawClient, RawOrigin, cluster, config_for, in_loop, proxy_for, route

from meshcore.model import Config, ForwardAction, Fraction, LocalRateLimit, TokenBucket

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
ALL = Fraction(100)


def limited(port: int, limit: LocalRateLimit) -> Config:
    config = config_for(cluster(port), routes=(route(ForwardAction("app"), name="all"),))
    return replace(
        config, listeners=tuple(replace(one, filters=(("limits", limit),)) for one in config.listeners)
    )


@in_loop
async def test_a_refusal_reaches_no_origin() -> None:
    limit = LocalRateLimit(
        "app", TokenBucket(1, 3600.0), enabled=ALL, enforced=ALL, rate_limit_headers=True, retry_after=True
    )
    async with RawOrigin(OK) as app, proxy_for(limited(app.port, limit), admin=("127.0.0.1", 0)) as served:
        async with RawClient(served.port) as client:
            await client.get("/")
            status, headers, body = await client.answer()
            assert (status, body, headers["x-ratelimit-remaining"]) == (200, b"ok", ["0"])
            await client.get("/")
            status, headers, body = await client.answer()
        assert (status, body, headers["x-ratelimit-limit"]) == (429, b"local_rate_limited", ["1"])
        assert 0 < int(headers["retry-after"][0]) <= 3600
        await served.idle()
        record = served.log[1]
        assert (record.flags, record.details, record.cluster) == ("RL", "local_rate_limited", "app")
        async with ClientSession() as session:
            page = f"http://127.0.0.1:{served.proxy.admin_port}/stats?format=json"
            counters = (await (await session.get(page)).json())["counters"]
        names = ("enabled", "ok", "rate_limited", "enforced")
        assert [counters[f"app.http_local_rate_limit.{name}"] for name in names] == [2, 1, 1, 1]
