"""The limiters on Redis Cluster: two primaries, each with half of the slots."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import redis_model  # noqa: F401 (skips where redis-py is missing)
from redis_server import RedisServer, until

from meshcore.global_limit import AsyncRedisRateLimiter, RedisRateLimiter, Source

pytestmark = pytest.mark.redis

HOUR = 3600.0
KEYS = [f"client {number}" for number in range(40)]


@pytest.fixture
def nodes(make_server: Callable[..., RedisServer]) -> list[RedisServer]:
    nodes = [make_server("--cluster-enabled", "yes").start() for _ in range(2)]
    nodes[0].say(b"CLUSTER ADDSLOTSRANGE 0 8191")
    nodes[1].say(b"CLUSTER ADDSLOTSRANGE 8192 16383")
    nodes[1].say(b"CLUSTER SET-CONFIG-EPOCH 2")
    nodes[0].say(f"CLUSTER MEET 127.0.0.1 {nodes[1].port}".encode())
    for node in nodes:
        until(
            lambda node=node: all(
                words in node.say(b"CLUSTER INFO") for words in (b"cluster_state:ok", b"cluster_size:2")
            ),
            "the cluster",
        )
    return nodes


def keys_on(node: RedisServer) -> int:
    return int(node.say(b"DBSIZE")[1:])


def test_keys_are_spread_and_counted_once(nodes: list[RedisServer]) -> None:
    import redis

    client = redis.RedisCluster(host="127.0.0.1", port=nodes[0].port, socket_timeout=20.0)
    with RedisRateLimiter(client, 2, 1, HOUR, timeout=20.0, recheck=0.0) as one:
        assert [one.allow(KEYS[0]) for _ in range(3)] == [True, True, False]
        assert one.allow_many(KEYS) == [False] + [True] * 39
        for node in nodes:
            node.say(b"SCRIPT FLUSH")
        assert one.allow_many(KEYS) == [False] + [True] * 39
        assert one.allow_many(KEYS) == [False] * 40
        assert one.stats().remote.failures == 0
    assert min(map(keys_on, nodes)) > 5
    assert sum(map(keys_on, nodes)) == 40
    client.close()


def test_keys_are_spread_for_asyncio(nodes: list[RedisServer]) -> None:
    import redis

    async def scenario() -> None:
        client = redis.asyncio.RedisCluster(host="127.0.0.1", port=nodes[0].port)
        async with AsyncRedisRateLimiter(client, 2, 1, HOUR, timeout=20.0, recheck=0.0) as one:
            assert await one.allow_many(KEYS) == [True] * 40
            for node in nodes:
                node.say(b"SCRIPT FLUSH")
            assert await asyncio.gather(*map(one.allow, KEYS)) == [True] * 40
            assert await one.allow_many(KEYS) == [False] * 40
            assert one.stats().remote.asked == 3
            assert one.stats().remote.failures == 0
        await client.aclose()

    asyncio.run(scenario())
    assert min(map(keys_on, nodes)) > 5


def test_a_node_that_is_down_fails_the_keys_that_it_has(nodes: list[RedisServer]) -> None:
    import redis

    client = redis.RedisCluster(host="127.0.0.1", port=nodes[0].port, socket_timeout=20.0)
    options: dict[str, Any] = {"timeout": 20.0, "failure_mode_deny": True, "consecutive_failures": 0}
    with RedisRateLimiter(client, 2, 1, HOUR, **options) as one:
        assert one.allow_many(KEYS) == [True] * 40
        nodes[1].stop()
        results = [one.check(key) for key in KEYS]
        sources = {source: sum(result.source is source for result in results) for source in Source}
        assert sources[Source.REMOTE] > 5
        assert sources[Source.FAILURE_MODE] > 5
        assert one.stats().remote.failed_closed == sources[Source.FAILURE_MODE]
        assert all(result.allowed == (result.source is Source.REMOTE) for result in results)
    client.close()
