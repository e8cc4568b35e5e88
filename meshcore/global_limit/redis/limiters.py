"""Rate limits that all who ask one Redis or Valkey share, for threads and for asyncio."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from typing import TypeVar

import redis
import redis.asyncio

from meshcore.global_limit.redis.batch import Batches
from meshcore.global_limit.redis.client import (
    AsyncClient,
    Client,
    arun,
    asend_by,
    async_client_of,
    client_of,
    run,
    send_by,
)
from meshcore.global_limit.redis.connections import AsyncConnections, Connections
from meshcore.global_limit.redis.exchange import Question, exchange
from meshcore.global_limit.redis.limiter import Answers, Asking, Limiter
from meshcore.global_limit.result import GlobalLimitResult

__all__ = ["AsyncRedisRateLimiter", "RedisRateLimiter"]

T = TypeVar("T")


class RedisRateLimiter(Limiter[Client]):
    """As ``meshcore.RateLimiter``, a token bucket for each key; the buckets are in a Redis or Valkey that
    machines share.

    In any stretch of the server's time no more is allowed for a key than ``max_tokens`` and what came
    meanwhile, exactly, whoever asks: one Lua script decides (GCRA), by the server's clock.

        limiter = RedisRateLimiter("redis://localhost", 100, 10, 1.0)
        allowed, remaining, retry_after = limiter.check(client_address)

    A call takes one round trip, unless the key is known to be refused or a lease serves it. Where the server
    does not answer within ``timeout``, or has failed so often that it is left alone for a while, calls are
    allowed, or refused with ``failure_mode_deny``; ``stats()`` counts them. docs/global-limits.md says what
    comes of each failure.

    As for RateLimiter, for keys and costs. Safe to use from many threads.
    """

    def _client_of(self, remote: str | Client, timeout: float) -> Client:
        client = client_of(remote, timeout)
        if isinstance(remote, str) and isinstance(client, redis.Redis):
            self._send = Connections(client).send
        else:
            self._send = partial(send_by, client)
        return client

    def _ask(self, questions: list[Question]) -> Answers:
        return self._guard.call(lambda: run(self._send, exchange(questions)), len(questions))

    def _drive(self, asking: Asking[T]) -> T:
        try:
            answers = self._ask(next(asking))
            asking.send(answers)
        except StopIteration as end:
            value: T = end.value
            return value
        raise AssertionError("a call asks at most once")

    def allow(self, key: str | bytes, cost: int = 1) -> bool:
        """Take so many tokens of the key's bucket, if they are there."""
        asking = self._allowing(key, cost)
        return asking if isinstance(asking, bool) else self._allowed(asking, self._ask([asking]))

    def allow_many(self, keys: Iterable[str | bytes], cost: int = 1) -> list[bool]:
        """allow() for one key after another, in one round trip."""
        return [result.allowed for result in self.check_many(keys, cost)]

    def check(self, key: str | bytes, cost: int = 1) -> GlobalLimitResult:
        """As allow(); says what is left as well, and when to come again."""
        return self._drive(self._checking((key,), cost))[0]

    def check_many(self, keys: Iterable[str | bytes], cost: int = 1) -> list[GlobalLimitResult]:
        """check() for one key after another, in one round trip."""
        return self._drive(self._checking(keys, cost))

    def peek(self, key: str | bytes, cost: int = 1) -> GlobalLimitResult:
        """What check() would say. Takes nothing, and always asks."""
        return self._drive(self._peeking(key, cost))

    def reserve(
        self, key: str | bytes, cost: int = 1, *, max_wait: float | timedelta | None = None
    ) -> float | None:
        """Take tokens that may be still to come; returns how many seconds to wait for them (0.0: they are
        there).

        None, and nothing is taken: the wait would be longer than ``max_wait`` (or than 71 years), or the cost
        is above ``max_tokens``. After a failure 0.0 or None, as the failure mode says.
        """
        return self._drive(self._reserving(key, cost, max_wait))

    def refund(self, key: str | bytes, cost: int = 1) -> None:
        """Give tokens back that were taken and not used; the bucket gets no fuller than full. Where the
        server does not answer they are lost."""
        self._drive(self._refunding(key, cost))

    def close(self) -> None:
        """Close the connections, if the limiter was made with an URL."""
        if self._owned:
            self._client.close()

    def __enter__(self) -> RedisRateLimiter:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class AsyncRedisRateLimiter(Limiter[AsyncClient]):
    """RedisRateLimiter for asyncio: the same parameters, calls and results.

    What coroutines ask in the same turn of the event loop goes out as one pipeline. A coroutine that is
    cancelled may have taken its tokens.

        async with AsyncRedisRateLimiter("redis://localhost", 100, 10, 1.0) as limiter:
            if await limiter.allow(client_address):
                ...

    It belongs to the event loop that first uses it, as its client does.
    """

    def _client_of(self, remote: str | AsyncClient, timeout: float) -> AsyncClient:
        self._batches = Batches(self._ask)
        client = async_client_of(remote)
        if isinstance(remote, str) and isinstance(client, redis.asyncio.Redis):
            self._send = AsyncConnections(client).send
        else:
            self._send = partial(asend_by, client)
        return client

    async def _ask(self, questions: list[Question]) -> Answers:
        return await self._guard.acall(lambda: arun(self._send, exchange(questions)), len(questions))

    async def _drive(self, asking: Asking[T]) -> T:
        try:
            answers = await self._batches.ask(next(asking))
            asking.send(answers)
        except StopIteration as end:
            value: T = end.value
            return value
        raise AssertionError("a call asks at most once")

    async def allow(self, key: str | bytes, cost: int = 1) -> bool:
        """Take so many tokens of the key's bucket, if they are there."""
        asking = self._allowing(key, cost)
        if isinstance(asking, bool):
            return asking
        return self._allowed(asking, await self._batches.ask([asking]))

    async def allow_many(self, keys: Iterable[str | bytes], cost: int = 1) -> list[bool]:
        """allow() for one key after another, in one round trip."""
        return [result.allowed for result in await self.check_many(keys, cost)]

    async def check(self, key: str | bytes, cost: int = 1) -> GlobalLimitResult:
        """As allow(); says what is left as well, and when to come again."""
        return (await self._drive(self._checking((key,), cost)))[0]

    async def check_many(self, keys: Iterable[str | bytes], cost: int = 1) -> list[GlobalLimitResult]:
        """check() for one key after another, in one round trip."""
        return await self._drive(self._checking(keys, cost))

    async def peek(self, key: str | bytes, cost: int = 1) -> GlobalLimitResult:
        """What check() would say. Takes nothing, and always asks."""
        return await self._drive(self._peeking(key, cost))

    async def reserve(
        self, key: str | bytes, cost: int = 1, *, max_wait: float | timedelta | None = None
    ) -> float | None:
        """Take tokens that may be still to come; see RedisRateLimiter.reserve."""
        return await self._drive(self._reserving(key, cost, max_wait))

    async def refund(self, key: str | bytes, cost: int = 1) -> None:
        """Give tokens back that were taken and not used; see RedisRateLimiter.refund."""
        await self._drive(self._refunding(key, cost))

    async def aclose(self) -> None:
        """Wait for what is under way, and close the connections, if the limiter was made with an URL."""
        await self._batches.drain()
        if self._owned:
            await self._client.aclose()

    async def __aenter__(self) -> AsyncRedisRateLimiter:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.aclose()
