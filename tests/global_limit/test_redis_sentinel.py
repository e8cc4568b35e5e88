"""The limiters behind a Sentinel that makes another server the primary."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis_model  # noqa: F401 (skips where redis-py is missing)
from redis_server import RedisServer, same_offset, until

from meshcore.global_limit import AsyncRedisRateLimiter, RedisRateLimiter

pytestmark = pytest.mark.redis

HOUR = 3600.0
OPTIONS: dict[str, Any] = {"timeout": 20.0, "failure_mode_deny": True}


class Watched:
    """A primary and its replica, and the Sentinel that watches them."""

    def __init__(self, make_server: Callable[..., RedisServer], folder: Path) -> None:
        self.primary, self.replica = make_server().start(), make_server().start()
        self.replica.say(f"REPLICAOF 127.0.0.1 {self.primary.port}".encode())
        until(lambda: b"state=online" in self.primary.say(b"INFO replication"), "a replica")
        config = folder / "sentinel.conf"
        config.write_text(f"sentinel monitor shop 127.0.0.1 {self.primary.port} 1\n")
        self.sentinel = make_server(str(config), "--sentinel").start()
        self.sentinel.say(b"SENTINEL DEBUG info-period 100 publish-period 100")  # seconds otherwise

    def fail_over(self) -> None:
        """Returns as soon as the replica is the primary, and the primary a replica that refuses writes."""
        until(lambda: same_offset(self.primary, self.replica), "replication of what was written")
        until(lambda: b"+OK" in self.sentinel.say(b"SENTINEL FAILOVER shop"), "the beginning of a failover")
        until(lambda: b"role:master" in self.replica.say(b"INFO replication"), "a new primary")
        until(lambda: b"role:slave" in self.primary.say(b"INFO replication"), "the old primary as a replica")
        port = str(self.replica.port).encode()
        until(lambda: port in self.sentinel.say(b"SENTINEL GET-MASTER-ADDR-BY-NAME shop"), "its address")


@pytest.fixture
def watched(make_server: Callable[..., RedisServer], tmp_path: Path) -> Watched:
    return Watched(make_server, tmp_path)


def test_a_failover_is_followed(watched: Watched) -> None:
    from redis.backoff import NoBackoff
    from redis.retry import Retry
    from redis.sentinel import Sentinel

    sentinel = Sentinel([("127.0.0.1", watched.sentinel.port)], socket_timeout=20.0)
    client = sentinel.master_for("shop", socket_timeout=20.0, retry=Retry(NoBackoff(), 1))
    with RedisRateLimiter(client, 2, 1, HOUR, **OPTIONS) as one:
        assert one.allow("a")
        watched.fail_over()
        assert one.allow("a"), "what the old primary took was replicated, and one token is left"
        assert not one.allow("a")
        assert one.stats().remote.failures == 0
    client.close()


def test_a_failover_is_followed_with_asyncio(watched: Watched) -> None:
    from redis.asyncio.sentinel import Sentinel

    async def scenario() -> None:
        sentinel = Sentinel([("127.0.0.1", watched.sentinel.port)])
        client = sentinel.master_for("shop")
        async with AsyncRedisRateLimiter(client, 2, 1, HOUR, **OPTIONS) as one:
            assert await one.allow("a")
            watched.fail_over()
            assert await one.allow("a")
            assert not await one.allow("a")
            assert one.stats().remote.failures == 0
        await client.aclose()

    asyncio.run(scenario())
