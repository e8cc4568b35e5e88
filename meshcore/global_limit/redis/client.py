"""redis-py's clients: made from an address, judged where the user gives one, and driven."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import InvalidResponse, ResponseError
from redis.retry import Retry

from meshcore.global_limit.redis.exchange import Exchange, Reply, Round

__all__ = [
    "AsyncClient",
    "Client",
    "arun",
    "asend_by",
    "async_client_of",
    "client_of",
    "name_of",
    "run",
    "send_by",
]

#: What a limiter can ask with.
Client: TypeAlias = "redis.Redis | redis.RedisCluster"
AsyncClient: TypeAlias = "redis.asyncio.Redis | redis.asyncio.RedisCluster"
#: Sends what goes out together; the replies, the server's errors among them.
Send: TypeAlias = "Callable[[Round], list[object]]"
AsyncSend: TypeAlias = "Callable[[Round], Awaitable[list[object]]]"

# A connection that the server has closed meanwhile is made anew, once. What has timed out is not asked
# again: there is no time left, and the server may have taken the tokens.
_RETRIES = 1
# What redis-py's readers run into where it is no Redis that answers. What is left of the answer on the
# connection must not be taken for the next one.
_GARBLED = (ValueError, TypeError, AttributeError, LookupError, RecursionError)


def client_of(remote: str | Client, timeout: float) -> Client:
    """A client that waits for the server no longer than ``timeout``: of its own for an address.

    Raises:
        ValueError: the client given may wait longer, or it is no address of Redis.
        TypeError: it is none, or one for asyncio.
    """
    if isinstance(remote, str):
        retry = Retry(NoBackoff(), _RETRIES, (RedisConnectionError,))
        return redis.Redis.from_url(
            _checked(remote), socket_timeout=timeout, socket_connect_timeout=timeout, retry=retry
        )
    if isinstance(remote, (redis.asyncio.Redis, redis.asyncio.RedisCluster)):
        raise TypeError("a client of redis.asyncio is for AsyncRedisRateLimiter")
    if not hasattr(remote, "get_connection_kwargs"):
        raise TypeError(f"got {remote!r}; expected an URL, or a client of redis.Redis or redis.RedisCluster")
    options = remote.get_connection_kwargs()
    waits = options.get("socket_timeout")
    if waits is None or waits > timeout:
        raise ValueError(
            f"the client waits for {'ever' if waits is None else f'{waits} s'}, and timeout is {timeout} s; "
            f"make the client with socket_timeout={timeout}, or give an URL"
        )
    retries = getattr(options.get("retry"), "_retries", 0)
    if retries > _RETRIES and not isinstance(remote, redis.RedisCluster):
        raise ValueError(
            f"the client tries {retries + 1} times, which takes longer than the timeout of {timeout} s; make "
            f"the client with retry=Retry(NoBackoff(), {_RETRIES}), or give an URL"
        )
    return remote


def async_client_of(remote: str | AsyncClient) -> AsyncClient:
    """A client for asyncio, of its own for an address. The timeout is not its business.

    Raises:
        ValueError: it is no address of Redis.
        TypeError: it is none, or one that blocks.
    """
    if isinstance(remote, str):
        retry = AsyncRetry(NoBackoff(), _RETRIES, (RedisConnectionError,))
        return redis.asyncio.Redis.from_url(
            _checked(remote), socket_timeout=None, socket_connect_timeout=None, retry=retry
        )
    if not isinstance(remote, (redis.asyncio.Redis, redis.asyncio.RedisCluster)):
        if isinstance(remote, (redis.Redis, redis.RedisCluster)):
            raise TypeError(
                "a client that blocks is for RedisRateLimiter; this one needs one of redis.asyncio"
            )
        raise TypeError(
            f"got {remote!r}; expected an URL, or a client of redis.asyncio (Redis or RedisCluster)"
        )
    return remote


def name_of(remote: str | Client | AsyncClient) -> str:
    """For people to read: an address without user, password and options, or what client it is."""
    if isinstance(remote, str):
        return re.sub(r"(?s)(?<=://).*@|\?.*", "", remote)
    return f"a {type(remote).__module__.partition('.')[0]} client, {type(remote).__qualname__}"


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        remote = parts.scheme in ("redis", "rediss") and re.fullmatch(r"/?[0-9]*", parts.path)
        good = (remote and parts.port != 0) or (parts.scheme == "unix" and len(parts.path) > 1)
    except ValueError:  # of the port
        good = False
    if not good:
        raise ValueError(
            f"remote is {name_of(url)!r}; expected an URL such as redis://localhost:6379/0, "
            "rediss://USER:PASSWORD@HOST for TLS, or unix:///run/redis.sock"
        )
    return url


def run(send: Send, plan: Exchange) -> list[Reply | Exception]:
    """Carry an exchange out."""
    step = next(plan)
    while True:
        try:
            replies = send(step)
        except _GARBLED as error:
            raise _no_redis(error) from error
        try:
            step = plan.send(replies)
        except StopIteration as end:
            return _replies(end)


async def arun(send: AsyncSend, plan: Exchange) -> list[Reply | Exception]:
    """As run(), for asyncio."""
    step = next(plan)
    while True:
        try:
            replies = await send(step)
        except _GARBLED as error:
            raise _no_redis(error) from error
        try:
            step = plan.send(replies)
        except StopIteration as end:
            return _replies(end)


def send_by(client: Client, step: Round) -> list[object]:
    """Have a client that somebody else has made send commands: one by itself, several as a pipeline."""
    if step.reconnect and isinstance(client, redis.Redis):
        client.connection_pool.disconnect(inuse_connections=False)
    execute: Any = client.execute_command  # which has no types
    try:
        if len(step.commands) == 1:
            return [execute(*step.commands[0])]
        replies: list[object] = _pipeline(client, step).execute(raise_on_error=False)
        return replies
    except ResponseError as error:
        if len(step.commands) > 1:
            raise
        return [error]
    except _GARBLED:
        if isinstance(client, redis.Redis):
            client.connection_pool.disconnect(inuse_connections=False)
        raise


async def asend_by(client: AsyncClient, step: Round) -> list[object]:
    """As send_by(), for asyncio."""
    if step.reconnect and isinstance(client, redis.asyncio.Redis):
        await client.connection_pool.disconnect(inuse_connections=False)
    try:
        if len(step.commands) == 1:
            return [await client.execute_command(*step.commands[0])]
        replies: list[object] = await _pipeline(client, step).execute(raise_on_error=False)
        return replies
    except ResponseError as error:
        if len(step.commands) > 1:
            raise
        return [error]
    except _GARBLED:
        if isinstance(client, redis.asyncio.Redis):
            await client.connection_pool.disconnect(inuse_connections=False)
        raise


def _no_redis(error: Exception) -> InvalidResponse:
    return InvalidResponse(f"{type(error).__name__}: {error}"[:200])


def _pipeline(client: Client | AsyncClient, step: Round) -> Any:
    pipeline = client.pipeline(transaction=False)
    for command in step.commands:
        pipeline.execute_command(*command)
    return pipeline


def _replies(end: StopIteration) -> list[Reply | Exception]:
    replies: list[Reply | Exception] = end.value
    return replies
