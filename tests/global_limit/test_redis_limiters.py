"""RedisRateLimiter and AsyncRedisRateLimiter over a real server: the same calls, the same results."""

from __future__ import annotations

import asyncio
import copy
import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from redis_model import check_intervals
from redis_server import RedisServer

from meshcore.global_limit import AsyncRedisRateLimiter, RedisRateLimiter, Source

pytestmark = pytest.mark.redis

Make = Callable[..., Any]
HOUR = 3600.0


@pytest.fixture(autouse=True)
def _no_keys(server: RedisServer) -> None:
    server.say(b"FLUSHALL")


def test_a_bucket_for_each_key(server: RedisServer, limiter: Make) -> None:
    one = limiter(server.url, 3, 1, HOUR)
    assert [one.allow("a") for _ in range(4)] == [True, True, True, False]
    assert one.allow("b", 2)
    assert not one.allow(b"b", 2)
    assert one.allow("b", 0)


def test_who_shares_the_server_shares_the_limit(server: RedisServer, limiter: Make) -> None:
    limiters = [limiter(server.url, 3, 1, timedelta(hours=1)) for _ in range(2)]
    assert [one.allow("a") for one in limiters * 2] == [True, True, True, False]
    assert limiter(server.url, 3, 1, HOUR, prefix="other").allow("a")
    assert limiter(server.url, 3, 2, HOUR).allow("a"), "another limit of the same key"


def test_results(server: RedisServer, limiter: Make) -> None:
    one = limiter(server.url, 4, 1, HOUR, recheck=0.0)
    first = one.check("a", 3)
    assert first == (True, 1, 0.0)
    assert first.source is Source.REMOTE
    assert first.reset == 3 * HOUR
    allowed, remaining, retry_after = second = one.check("a", 3)
    assert (allowed, remaining, bool(second)) == (False, 1, False)
    assert 2 * HOUR - 30 < retry_after <= 2 * HOUR
    assert one.check("a", 5).retry_after == math.inf
    assert one.check("a", 10**30).retry_after == math.inf
    assert one.peek("a") == (True, 1, 0.0)
    assert one.peek("a") == (True, 1, 0.0)


def test_what_was_not_used_is_given_back(server: RedisServer, limiter: Make) -> None:
    one = limiter(server.url, 4, 1, HOUR)
    assert one.allow("a", 4)
    assert not one.allow("a")
    one.refund("a", 3)
    one.refund("a", 0)
    assert one.check("a", 2) == (True, 1, 0.0)
    one.refund("a", 10**30)
    assert one.peek("a", 4) == (True, 4, 0.0)


def test_all_that_is_owed_can_be_given_back(server: RedisServer, limiter: Make) -> None:
    one = limiter(server.url, 10, 1, HOUR)
    for cost in (10, 5):
        one.reserve("a", cost)
    one.refund("a", 12)
    assert one.peek("a").remaining == 7


def test_tokens_that_are_still_to_come(server: RedisServer, limiter: Make) -> None:
    one = limiter(server.url, 2, 1, HOUR)
    assert one.reserve("a", 2) == 0.0
    wait = one.reserve("a")
    assert HOUR - 30 < wait <= HOUR
    assert one.reserve("a", max_wait=HOUR) is None
    assert HOUR < one.reserve("a", max_wait=timedelta(hours=2.5)) <= 2 * HOUR
    assert one.reserve("a", 3) is None
    assert one.reserve("a", max_wait=72 * 365 * 86400.0) > 2 * HOUR


def test_many_keys_in_one_round_trip(server: RedisServer, limiter: Make) -> None:
    one = limiter(server.url, 2, 1, HOUR)
    assert one.allow_many(["a", "b", "a", "a", b"b", "b"]) == [True, True, True, False, True, False]
    assert one.stats().remote.asked <= 2  # the server did not have the script
    results = one.check_many(["a", "c", "b"])
    assert [result.allowed for result in results] == [False, True, False]
    assert [result.source for result in results] == [Source.LOCAL, Source.REMOTE, Source.LOCAL]
    assert one.check_many([]) == []
    assert one.allow_many(["a", "b"]) == [False, False]


def test_refused_keys_and_leases_spare_round_trips(server: RedisServer, limiter: Make) -> None:
    one = limiter(server.url, 2, 1, HOUR)
    assert sum(one.allow("a") for _ in range(100)) == 2
    stats = one.stats()
    assert (stats.remote.asked, stats.local_refused, stats.local_keys) == (2, 98, 1)
    one = limiter(server.url, 1000, 1, HOUR, lease=100)
    assert sum(one.allow("a") for _ in range(1100)) == 1000
    stats = one.stats()
    assert stats.remote.asked + stats.local_allowed + stats.local_refused == 1100
    assert stats.remote.asked < 50


def test_hostile_keys(server: RedisServer, limiter: Make) -> None:
    one = limiter(server.url, 1, 1, HOUR)
    keys = ["", "{", "}{", "a b\r\nFLUSHALL\r\n", "\0", "*", "ü" * 50_000, b"\xff" * 97, b"\xff" * 96]
    assert one.allow_many(keys) == [True] * len(keys)
    assert limiter(server.url, 1, 1, HOUR).allow_many(keys) == [False] * len(keys)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda one: one.allow("a", -1), ValueError),
        (lambda one: one.allow("a", 1.5), TypeError),
        (lambda one: one.check(7), TypeError),
        (lambda one: one.reserve("a", max_wait=-1.0), ValueError),
        (lambda one: one.reserve(None, 99), TypeError),
        (lambda one: one.refund("a", -1), ValueError),
        (lambda one: one.allow_many(["a", None]), TypeError),
    ],
)
def test_mistakes_are_raised(server: RedisServer, limiter: Make, call: Any, error: type[Exception]) -> None:
    one = limiter(server.url, 3, 1, HOUR)
    with pytest.raises(error):
        call(one)
    assert one.stats().remote.asked == 0


@pytest.mark.parametrize(
    ("bucket", "options", "words"),
    [
        ((0, 1, 1.0), {}, "max_tokens"),
        ((1, 0, 1.0), {}, "tokens_per_fill"),
        ((1, 1, 0.0), {}, "fill_interval"),
        ((1000, 1, 3e6), {}, "71 years"),
        ((1, 1, 1.0), {"timeout": 0.0}, "timeout"),
        ((1, 1, 1.0), {"recheck": -1.0}, "recheck"),
        ((9, 1, 1.0), {"lease": 10}, "lease"),
        ((9, 1, 1.0), {"lease": 0}, "lease"),
        ((1, 1, 1.0), {"local_keys": 0}, "capacity"),
        ((1, 1, 1.0), {"prefix": "a{b"}, "prefix"),
    ],
)
def test_parameters_out_of_range(limiter: Make, bucket: Any, options: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        limiter("redis://127.0.0.1:1", *bucket, **options)


def test_a_limiter_cannot_be_copied(limiter: Make) -> None:
    one = limiter("redis://127.0.0.1:1", 1, 1, 1.0)
    with pytest.raises(TypeError, match="cannot be pickled"):
        copy.copy(getattr(one, "limiter", one))


@pytest.mark.parametrize("lease", [1, 16])
def test_no_window_has_more_than_the_limit(server: RedisServer, lease: int) -> None:
    """Threads and coroutines, each with a limiter of its own: whatever two moments one takes, in
    between there was no more than the burst and what came."""
    burst, rate, seconds = 40, 400, 1.0
    admitted: list[tuple[float, float]] = []
    asked: list[int] = []
    start = threading.Barrier(5)

    def in_a_thread() -> None:
        with RedisRateLimiter(server.url, burst, rate, 1.0, lease=lease, timeout=20.0) as one:
            start.wait()
            deadline = time.monotonic() + seconds
            while (before := time.monotonic()) < deadline:
                if one.allow("shared"):
                    admitted.append((before, time.monotonic()))
            asked.append(one.stats().remote.asked)

    async def coroutine(one: AsyncRedisRateLimiter, deadline: float) -> None:
        while (before := time.monotonic()) < deadline:
            if await one.allow("shared"):
                admitted.append((before, time.monotonic()))
            await asyncio.sleep(0)

    async def in_a_loop() -> None:
        limit = AsyncRedisRateLimiter(server.url, burst, rate, 1.0, lease=lease, timeout=20.0)
        async with limit as one:
            deadline = time.monotonic() + seconds
            await asyncio.gather(*(coroutine(one, deadline) for _ in range(10)))
            asked.append(one.stats().remote.asked)

    def with_a_loop() -> None:
        start.wait()
        asyncio.run(in_a_loop())

    threads = [threading.Thread(target=one) for one in [in_a_thread] * 3 + [with_a_loop] * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(asked) == 5
    assert burst < len(admitted)
    check_intervals(admitted, burst, rate)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork()")
def test_a_child_does_not_use_the_leases_of_its_parent(server: RedisServer) -> None:
    with RedisRateLimiter(server.url, 1000, 1, HOUR, lease=64, timeout=20.0) as one:
        mine = sum(one.allow("a") for _ in range(400))
        inner, outer = os.pipe()
        if (child := os.fork()) == 0:
            os.write(outer, b"%d" % sum(one.allow("a") for _ in range(2000)))
            os._exit(0)
        os.waitpid(child, 0)
        theirs = int(os.read(inner, 99))
        mine += sum(one.allow("a") for _ in range(2000))
        os.close(inner)
        os.close(outer)
    assert theirs > 0
    assert mine + theirs <= 1000


def test_what_is_to_be_installed_is_said() -> None:
    code = """if True:
        import sys
        sys.modules["redis"] = None
        from meshcore.global_limit import RedisRateLimiter
    """
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "ModuleNotFoundError" in run.stderr
    assert "pip install 'meshcore-engine[redis]'" in run.stderr.splitlines()[-1]
