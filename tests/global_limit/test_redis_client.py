"""Which clients a limiter takes, and those that it makes."""

from __future__ import annotations

from typing import Any

import pytest
from redis_model import exceptions

from meshcore.global_limit import AsyncRedisRateLimiter, RedisRateLimiter

redis = pytest.importorskip("redis", reason="needs redis-py")
ONCE = redis.retry.Retry(redis.backoff.NoBackoff(), 1)


def test_a_client_of_ones_own_keeps_the_timeout() -> None:
    limiter = RedisRateLimiter("redis://user:secret@db.example:7000/3", 1, 1, 1.0, timeout=0.25)
    options = limiter._client.get_connection_kwargs()
    assert (options["host"], options["port"], options["db"]) == ("db.example", 7000, 3)
    assert options["socket_timeout"] == options["socket_connect_timeout"] == 0.25
    assert options["retry"]._retries == 1
    assert exceptions.TimeoutError not in options["retry"]._supported_errors


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"socket_timeout": None, "retry": ONCE}, "waits for ever, and timeout is 0.1 s"),
        ({"socket_timeout": 5.0, "retry": ONCE}, "waits for 5.0 s.*make the client with socket_timeout=0.1"),
        ({"socket_timeout": 0.1, "retry": redis.retry.Retry(redis.backoff.NoBackoff(), 9)}, "tries 10 times"),
    ],
)
def test_a_client_that_may_wait_longer_is_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        RedisRateLimiter(redis.Redis(**options), 1, 1, 1.0)


def test_a_client_is_taken_as_it_is() -> None:
    client = redis.Redis(socket_timeout=0.05, retry=ONCE)
    limiter = RedisRateLimiter(client, 1, 1, 1.0)
    assert limiter._client is client
    aclient = redis.asyncio.Redis()
    assert AsyncRedisRateLimiter(aclient, 1, 1, 1.0)._client is aclient


@pytest.mark.parametrize("remote", [None, 6379, b"redis://localhost"])
def test_what_is_no_client(remote: Any) -> None:
    with pytest.raises(TypeError, match="expected an URL, or a client"):
        RedisRateLimiter(remote, 1, 1, 1.0)


def test_a_client_of_the_other_kind() -> None:
    with pytest.raises(TypeError, match="is for AsyncRedisRateLimiter"):
        RedisRateLimiter(redis.asyncio.Redis(), 1, 1, 1.0)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="is for RedisRateLimiter"):
        AsyncRedisRateLimiter(redis.Redis(), 1, 1, 1.0)  # type: ignore[arg-type]


@pytest.mark.parametrize("remote", [None, 6379])
def test_what_is_no_client_for_asyncio(remote: Any) -> None:
    with pytest.raises(TypeError, match="expected an URL, or a client"):
        AsyncRedisRateLimiter(remote, 1, 1, 1.0)


@pytest.mark.parametrize("limiter", [RedisRateLimiter, AsyncRedisRateLimiter])
@pytest.mark.parametrize(
    "remote",
    [
        "localhost",
        "localhost:6379",
        "",
        "http://localhost",
        "redis://localhost:port",
        "redis://localhost:70000",
        "redis://localhost/shop",
        "redis://user:secret/secret@localhost",
        "redis://localhost/x?password=secret",
        "unix://",
    ],
)
def test_an_address_that_is_none(limiter: Any, remote: str) -> None:
    with pytest.raises(ValueError, match="expected an URL such as redis://localhost:6379/0") as raised:
        limiter(remote, 1, 1, 1.0)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("remote", "shown"),
    [
        ("redis://localhost", "redis://localhost"),
        ("rediss://user:secret@db.example:7000/3?password=secret", "rediss://db.example:7000/3"),
        ("unix:///run/redis.sock?db=1", "unix:///run/redis.sock"),
        (redis.Redis(socket_timeout=0.05, retry=ONCE, password="secret"), "a redis client, Redis"),
    ],
)
def test_a_limiter_says_where_it_asks_and_no_secrets(remote: Any, shown: str) -> None:
    limiter = RedisRateLimiter(remote, 100, 10, 2.0)
    assert repr(limiter) == f"<RedisRateLimiter 10 in 2 s, at most 100, at {shown}>"
