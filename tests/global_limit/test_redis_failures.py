"""What comes of each failure of a real server: decided by the failure mode, in time, and counted."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from redis_model import exceptions
from redis_server import Forwarder, RedisServer, same_offset, until

from meshcore.global_limit import AsyncRedisRateLimiter, RedisRateLimiter, Source

pytestmark = pytest.mark.redis

Make = Callable[..., Any]
MakeServer = Callable[..., RedisServer]
HOUR = 3600.0


@pytest.fixture
def broken(make_server: MakeServer) -> RedisServer:
    """A server of the test's own."""
    return make_server().start()


@pytest.fixture
def client(broken: RedisServer) -> Iterator[Any]:
    import redis

    with redis.Redis(port=broken.port) as one:
        yield one


def failed(one: Any, allowed: bool, error: str, *, breaker: str = "closed") -> None:
    """The next call is decided by the failure mode, for that reason."""
    result = one.check("a")
    assert (result.allowed, result.source) == (allowed, Source.FAILURE_MODE)
    stats = one.stats().remote
    assert error in (stats.last_error or "")
    assert stats.breaker == breaker


# ------------------------------------------------------------- what is made up for, and nobody notices


def test_scripts_are_lost(broken: RedisServer, client: Any, limiter: Make) -> None:
    one = limiter(broken.url, 3, 1, HOUR)
    assert one.allow("a")
    client.script_flush()
    assert one.allow("a")
    client.script_flush()
    assert one.allow_many(["a", "b"]) == [True, True]
    assert not one.allow("a")
    assert one.stats().remote.failures == 0


def test_a_server_is_restarted(broken: RedisServer, limiter: Make) -> None:
    one = limiter(broken.url, 1, 1, HOUR, failure_mode_deny=True)
    assert one.allow("a")
    broken.stop()
    broken.start()
    assert one.allow("b")
    assert one.stats().remote.failures == 0


def test_all_keys_are_lost(broken: RedisServer, client: Any, limiter: Make) -> None:
    """Buckets are full then; a process that knows of a refusal asks again when its time is up."""
    one, other = limiter(broken.url, 1, 1, HOUR, recheck=0.0), limiter(broken.url, 1, 1, HOUR)
    assert [one.allow("a"), one.allow("a"), other.allow("a"), other.allow("a")] == [True, False, False, False]
    client.flushall()
    assert not other.allow("a"), "known for the time of the recheck"
    assert one.allow("a")


def test_a_primary_that_became_a_replica(make_server: MakeServer, limiter: Make) -> None:
    old, new = make_server().start(), make_server().start()
    new.say(f"REPLICAOF 127.0.0.1 {old.port}".encode())
    until(lambda: b"master_link_status:up" in new.say(b"INFO replication"), "replication")
    address = Forwarder(old.port)
    try:
        one = limiter(address.url, 2, 1, HOUR, failure_mode_deny=True)
        assert one.allow("a")
        until(lambda: b"slave0" in old.say(b"INFO replication") and same_offset(old, new), "the replica")
        new.say(b"REPLICAOF NO ONE")
        old.say(f"REPLICAOF 127.0.0.1 {new.port}".encode())
        address.target = new.port
        assert one.allow("a"), "what the old one took was replicated, and one token is left"
        assert not one.allow("a")
        assert one.stats().remote.failures == 0
    finally:
        address.close()


# ------------------------------------------------------------- what the failure mode decides


@pytest.mark.parametrize("deny", [False, True])
def test_a_server_that_is_down_and_comes_back(broken: RedisServer, limiter: Make, deny: bool) -> None:
    now = 50.0
    one = limiter(
        broken.url,
        *(1, 1, HOUR),
        failure_mode_deny=deny,
        consecutive_failures=3,
        open_time=5.0,
        clock=lambda: now,
    )
    broken.stop()
    assert one.check("a").retry_after == (5.0 if deny else 0.0), "nobody is told to come again at once"
    for breaker in ("closed", "open"):
        failed(one, not deny, "ConnectionError", breaker=breaker)
    assert one.check("a").retry_after == (5.0 if deny else 0.0)
    assert one.allow_many(["a", "b", "c"]) == [not deny] * 3
    assert one.reserve("a") == (None if deny else 0.0)
    one.refund("a")
    stats = one.stats().remote
    assert (stats.asked, stats.failures, stats.opened) == (3, 3, 1)
    assert stats.short_circuited == 4
    assert (stats.failed_open, stats.failed_closed) == ((0, 9) if deny else (9, 0))
    broken.start()
    now += 5.0
    assert one.check("a").source is Source.REMOTE
    assert not one.allow("a")
    assert one.stats().remote.breaker == "closed"


def test_a_server_that_does_not_answer(broken: RedisServer, limiter: Make) -> None:
    one = limiter(broken.url, 5, 1, HOUR, timeout=0.05, consecutive_failures=0)
    until(lambda: one.check("a").source is Source.REMOTE, "an answer")
    timeouts = one.stats().remote.timeouts
    broken.freeze()
    begun = time.monotonic()
    failed(one, True, "Timeout")
    failed(one, True, "Timeout")  # with a new connection
    assert time.monotonic() - begun < 10.0, "far from what a client waits by default"
    assert one.stats().remote.timeouts == timeouts + 2
    broken.thaw()
    until(lambda: one.check("a").source is Source.REMOTE, "an answer")


@pytest.mark.parametrize("command", [("lpush", "x"), ("set", "gibberish"), ("hset", "field", "x")])
def test_something_else_at_a_key(broken: RedisServer, client: Any, limiter: Make, command: Any) -> None:
    """That key is decided by the failure mode, and left as it is; others are served."""
    one = limiter(broken.url, 1, 1, HOUR, consecutive_failures=2, failure_mode_deny=True)
    name = "meshcore:1-1-3600s:{a}"
    client.execute_command(command[0], name, *command[1:])
    for _ in range(3):
        failed(one, False, "MESHCOREKEY" if command[0] == "set" else "WRONGTYPE")
    assert one.allow_many(["b", "a", "c"]) == [True, False, True]
    assert client.type(name) != b"none"
    stats = one.stats().remote
    assert (stats.failures, stats.answered, stats.failed_closed) == (3, 1, 4)


def test_out_of_memory(broken: RedisServer, client: Any, limiter: Make) -> None:
    one = limiter(broken.url, 2, 1, HOUR)
    assert one.allow("a")
    client.config_set("maxmemory-policy", "noeviction")
    client.config_set("maxmemory", 1)
    failed(one, True, "OutOfMemory")
    client.config_set("maxmemory", 0)
    assert one.check("b").source is Source.REMOTE


def test_a_script_of_others_that_does_not_end(broken: RedisServer, client: Any, limiter: Make) -> None:
    one = limiter(broken.url, 2, 1, HOUR)
    assert one.allow("a")
    client.config_set("lua-time-limit", 1)

    def hog() -> None:
        with pytest.raises(exceptions.ResponseError):
            client.eval("while true do end", 0)

    thread = threading.Thread(target=hog)
    thread.start()
    until(lambda: broken.say(b"PING").startswith(b"-BUSY"), "-BUSY")
    failed(one, True, "BUSY")
    broken.say(b"SCRIPT KILL")
    thread.join()
    assert one.check("b").source is Source.REMOTE


def test_a_server_that_is_loading(make_server: MakeServer, limiter: Make) -> None:
    import redis

    server = make_server().start("--enable-debug-command", "yes")
    with redis.Redis(port=server.port) as client:
        client.execute_command("DEBUG", "POPULATE", 50_000)
        client.save()
    server.stop()
    slow = ("--key-load-delay", "1000", "--loading-process-events-interval-bytes", "1024")
    server.start(*slow, answer=b"-LOADING")
    one = limiter(server.url, 1, 1, HOUR, failure_mode_deny=True)
    failed(one, False, "loading")


def test_a_server_that_refuses_the_user(broken: RedisServer, client: Any, limiter: Make) -> None:
    client.execute_command("ACL", "SETUSER", "weak", "on", ">word", "~*", "+@all", "-time")
    url = broken.url.replace("//", "//{}@")
    failed(limiter(url.format("weak:wrong"), 1, 1, HOUR), True, "invalid username-password")
    failed(limiter(url.format("weak:word"), 1, 1, HOUR), True, "command")  # TIME


def test_a_replica_is_never_written(make_server: MakeServer, limiter: Make) -> None:
    primary, replica = make_server().start(), make_server().start()
    replica.say(f"REPLICAOF 127.0.0.1 {primary.port}".encode())
    until(lambda: b"master_link_status:up" in replica.say(b"INFO replication"), "replication")
    failed(limiter(replica.url, 1, 1, HOUR), True, "read only replica")


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"+OK\r\n", b"*1\r\n" * 10_000, b":" + b"1" * 10_000 + b"\r\n"],
    ids=["HTTP", "OK", "nested", "a long number"],
)
def test_what_is_no_redis(limiter: Make, answer: bytes) -> None:
    import socket

    def serve() -> None:
        while True:
            try:
                talk, _ = listener.accept()
                with talk:
                    while asked := talk.recv(4096):
                        talk.sendall(answer * len(re.findall(rb"\*\d+\r\n\$", asked)))  # to each command
            except ConnectionError:
                continue
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        one = limiter(f"redis://127.0.0.1:{listener.getsockname()[1]}", 1, 1, HOUR, timeout=20.0)
        failed(one, True, "InvalidResponse")


# ------------------------------------------------------------- coroutines that go away


@pytest.mark.parametrize("own_client", [False, True])
def test_cancelled_calls_leave_no_answer_behind(server: RedisServer, own_client: bool) -> None:
    """Calls that are cancelled at any moment: who comes after them gets its own answer, and no connection is
    left open."""
    import redis

    async def scenario() -> None:
        aclient = redis.asyncio.Redis(port=server.port, max_connections=8)
        remote = aclient if own_client else server.url
        async with AsyncRedisRateLimiter(remote, 1000, 1, HOUR, timeout=20.0, recheck=0.0) as one:
            for number in range(300):
                call = asyncio.ensure_future(one.check("noise", 2))
                for _ in range(number % 30):
                    await asyncio.sleep(0)
                call.cancel()
                await asyncio.gather(call, return_exceptions=True)
                cost = 1 + number % 97
                result = await one.check(f"key {number}", cost)
                assert result == (True, 1000 - cost, 0.0), number
            assert one.stats().remote.failures == 0
        await aclient.aclose()

    server.say(b"FLUSHALL")
    asyncio.run(scenario())
    until(lambda: b"connected_clients:1\r" in server.say(b"INFO clients"), "no connection but this one")


def test_answers_that_come_too_late_are_nobodys(broken: RedisServer) -> None:
    async def scenario() -> None:
        async with AsyncRedisRateLimiter(
            broken.url, 1000, 1, HOUR, timeout=0.05, consecutive_failures=0, recheck=0.0
        ) as one:
            for number in range(5):
                await one.check("warm")
                broken.freeze()
                late = await asyncio.gather(*(one.check("late", 7) for _ in range(5)))
                assert {result.source for result in late} == {Source.FAILURE_MODE}
                broken.thaw()
                cost, remote = number + 1, None
                while remote is None:
                    result = await one.check(f"key {number}", cost)
                    remote = result if result.source is Source.REMOTE else None
                assert remote.remaining % cost == 1000 % cost
                assert remote.remaining >= 1000 - 50 * cost

    asyncio.run(scenario())


def test_threads_share_a_limiter(server: RedisServer) -> None:
    server.say(b"FLUSHALL")
    with RedisRateLimiter(server.url, 500, 1, HOUR, timeout=20.0, lease=8) as one:
        allowed: list[int] = []
        threads = [
            threading.Thread(target=lambda: allowed.append(sum(one.allow("a") for _ in range(200))))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        stats = one.stats()
    assert sum(allowed) == 500
    assert stats.remote.asked + stats.local_allowed + stats.local_refused == 1600
