"""Everything fails at once: what is left afterwards is nothing."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time
from random import Random
from typing import Any

import pytest
from proxy_support import (
    HOST,
    ManyExchanges,
    RawClient,
    Served,
    config_for,
    in_loop,
    proxy_for,
    route,
    unused_port,
)

from meshcore.model import (
    CircuitBreakers,
    Cluster,
    Config,
    Endpoint,
    ForwardAction,
    HedgePolicy,
    LocalityEndpoints,
    OutlierDetection,
    RetryPolicy,
)
from meshcore.proxy.attempt import Try
from meshcore.proxy.attempts import Attempts
from meshcore.proxy.exchange import Exchange
from meshcore.upstream.replay import Replay

pytestmark = pytest.mark.chaos


class Unreliable(ManyExchanges):
    """An upstream that answers, fails, resets, breaks off or hangs, as it comes."""

    def __init__(self, random: Random) -> None:
        self._random = random

    async def exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:-2])
        chance = self._random.random()
        if chance < 0.1:
            return False
        body = await reader.readexactly(int(lines.get("content-length", 0)))
        if chance < 0.2:
            writer.write(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")
        elif chance < 0.25:
            await reader.read(1)
            return False
        elif chance < 0.3:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nhalf")
            return False
        elif chance < 0.33:
            writer.write(b"what?\r\n\r\n")
            return False
        else:
            answer = f"{lines['x-id']} {len(body)}".encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer))
        await writer.drain()
        return True


class Jumping:
    """The engine's clock: it goes on by itself, and at times by much."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self._ahead

    def jump(self, seconds: float) -> None:
        self._ahead += seconds


def config(ports: list[int], random: Random) -> Config:
    picked = random.sample(ports, random.randint(1, len(ports)))
    app = Cluster(
        "app",
        localities=(LocalityEndpoints(tuple(Endpoint("127.0.0.1", port) for port in picked)),),
        circuit_breakers=CircuitBreakers(max_connections=12, max_pending_requests=30, max_retries=8),
        outlier_detection=OutlierDetection(consecutive_5xx=4, max_ejection_percent=50),
    )
    hedge = HedgePolicy(hedge_on_per_try_timeout=True) if random.random() < 0.5 else None
    policy = RetryPolicy(("5xx",), 2, per_try_timeout=0.03, back_off_base=0.001)
    action = ForwardAction("app", retry_policy=policy, hedge_policy=hedge, timeout=0.2)
    return config_for(
        app, routes=(route(action, name="all", request_buffer_limit=random.choice((0, 50_000))),)
    )


async def ask(served: Served, number: int, random: Random, outcomes: list[int]) -> None:
    """One request, that may be left at any time; its answer is its own, whole, or broken off."""
    body = b"x" * random.choice((0, 0, 10, 30_000, 200_000))
    head = f"POST / HTTP/1.1\r\nHost: {HOST}\r\nX-Id: {number}\r\nContent-Length: {len(body)}\r\n\r\n"
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        async with RawClient(served.port) as client:
            if random.random() < 0.15:
                await client.send((head.encode() + body)[: random.randrange(len(head) + len(body))])
                for _ in range(random.randrange(30)):
                    await asyncio.sleep(0)
                return
            await client.send(head.encode() + body)
            if random.random() < 0.1:
                return
            status, _, answer = await client.answer()
            outcomes.append(status)
            if status == 200:
                assert answer == f"{number} {len(body)}".encode()
            else:
                assert status in (408, 502, 503, 504)


async def storm(
    served: Served,
    upstreams: list[Unreliable],
    ports: list[int],
    clock: Jumping,
    random: Random,
    numbers: range,
) -> list[int]:
    outcomes: list[int] = []
    waiting = iter(numbers)

    dead: set[Unreliable] = set()

    async def killed_for_a_while(upstream: Unreliable) -> None:
        if upstream in dead:
            return
        dead.add(upstream)
        upstream.kill()
        for _ in range(random.randrange(200)):
            await asyncio.sleep(0)
        await upstream.start()
        dead.discard(upstream)

    async def client() -> None:
        for number in waiting:
            await ask(served, number, random, outcomes)
            if number % 40 == 0:
                await asyncio.to_thread(served.proxy.swap, config(ports, random))
            if number % 50 == 25:
                await killed_for_a_while(upstreams[number // 50 % len(upstreams)])
            if number % 30 == 0:
                clock.jump(random.choice((0.001, 1, 31, 100_000)))

    await asyncio.gather(*(client() for _ in range(25)))
    await served.idle()
    return outcomes


def leases(served: Served) -> int:
    return sum(
        sum(endpoint["active_requests"] for endpoint in one["endpoints"])
        + sum(room["used"] for rooms in one["circuit_breakers"].values() for room in rooms.values())
        for one in served.engine.clusters()
    )


def kept() -> list[object]:
    """What belongs to a request, and should have gone with it."""
    gc.collect()
    return [one for one in gc.get_objects() if isinstance(one, (Attempts, Exchange, Replay, Try))]


@pytest.mark.parametrize("seed", [1, 2])
@in_loop
async def test_nothing_is_left(seed: int) -> None:
    random = Random(seed)
    upstreams = [Unreliable(random) for _ in range(3)]
    for one in upstreams:
        await one.start()
    clock = Jumping()
    ports = [*(one.port for one in upstreams), unused_port()]
    before = len(asyncio.all_tasks())
    options: dict[str, Any] = {"health_checks": False}
    async with proxy_for(config(ports, random), clock=clock, **options) as served:
        outcomes = await storm(served, upstreams, ports, clock, random, range(400))
        assert leases(served) == 0
        assert {200, 503} <= set(outcomes)
        assert len(served.log) == served.proxy.stats.counters["http.downstream_rq_total"]
        for _ in range(50):  # cancelled tasks come to their end
            await asyncio.sleep(0)
        assert kept() == []
    for one in upstreams:
        one.kill()
    while any(one.connections for one in upstreams):
        await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) <= before
