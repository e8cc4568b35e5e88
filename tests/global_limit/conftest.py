"""Redis servers, and limiters of both kinds behind one face."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis_server import RedisServer, redis_binary


@pytest.fixture(scope="session")
def binary() -> str:
    pytest.importorskip("redis.exceptions", reason="needs redis-py: pip install 'meshcore-engine[redis]'")
    found = redis_binary()
    if found is None:
        pytest.skip("no redis-server: install one, or see tests/README.md")
    return found


@pytest.fixture(scope="module")
def server(binary: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One for all tests of a module: they leave it as it was, but for keys."""
    one = RedisServer(binary, tmp_path_factory.mktemp("redis"))
    try:
        yield one.start()
    finally:
        one.stop()


@pytest.fixture
def make_server(
    binary: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., RedisServer]]:
    """Servers that a test may break; not started yet."""
    servers: list[RedisServer] = []

    def make(*options: str) -> RedisServer:
        servers.append(RedisServer(binary, tmp_path_factory.mktemp("redis"), *options))
        return servers[-1]

    yield make
    for one in servers:
        one.stop()


class Waiting:
    """An AsyncRedisRateLimiter whose calls wait for their results, as the other kind's do."""

    def __init__(self, limiter: Any, loop: asyncio.AbstractEventLoop) -> None:
        self.limiter, self.loop = limiter, loop

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.limiter, name)
        if not asyncio.iscoroutinefunction(value):
            return value
        return lambda *args, **options: self.loop.run_until_complete(value(*args, **options))


@pytest.fixture(params=["threads", "asyncio"])
def limiter(request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Makes a limiter of either kind, with a generous timeout unless the test has one."""
    from meshcore.global_limit import AsyncRedisRateLimiter, RedisRateLimiter

    loop = asyncio.new_event_loop()
    made: list[Any] = []

    def make(url: str, *bucket: Any, **options: Any) -> Any:
        options = {"timeout": 20.0, **options}
        if request.param == "threads":
            made.append(RedisRateLimiter(url, *bucket, **options))
        else:
            made.append(Waiting(AsyncRedisRateLimiter(url, *bucket, **options), loop))
        return made[-1]

    yield make
    for one in made:
        one.aclose() if isinstance(one, Waiting) else one.close()
    loop.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path
