"""Limits in Redis beside limits and throttled-py, all over loopback on one server that this starts.

    python benches/bench_global_limit.py [--quick] [--server redis-server]

What is measured is time on the wall, since the server works, too: a call for a key that is allowed, a call
for a key that is refused, a hundred keys at once, and a hundred coroutines. limits counts by its three
strategies, throttled-py by GCRA; the pipeline is INCR and EXPIRE by hand, the least that redis-py can do.
Then how many round trips traffic takes: keys by Zipf's law, of which some want far more than they get.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import redis
from timing import Contender, Cost, beside, measure, table, verdict

from meshcore.global_limit import AsyncRedisRateLimiter, RedisRateLimiter

#: Nobody empties such a bucket.
BURST, RATE = 1_000_000, 1_000
KEYS = [f"10.0.0.{number}" for number in range(100)]
LEASE = 64
REFUSED = "refused"


def installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


@contextmanager
def server(binary: str) -> Iterator[int]:
    """A server without persistence; its port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        options = ["--port", str(port), "--save", "", "--dir", folder, "--logfile", "log.txt"]
        process = subprocess.Popen([binary, *options])
        try:
            client = redis.Redis(port=port)
            for _ in range(500):
                try:
                    client.ping()
                    break
                except redis.ConnectionError:
                    time.sleep(0.01)
            yield port
        finally:
            process.kill()
            process.wait()


def ours(url: str, *bucket: Any, **options: Any) -> RedisRateLimiter:
    # The bench keeps all cores busy: the timeout is not what is measured.
    return RedisRateLimiter(url, *bucket, timeout=10.0, **options)


def by_one_key(url: str) -> dict[str, Callable[[str], Any]]:
    """What each does for a key."""
    client = redis.Redis.from_url(url)

    def pipelined(key: str) -> bool:
        pipeline = client.pipeline(transaction=False)
        pipeline.incr(f"by hand:{key}")
        pipeline.expire(f"by hand:{key}", 1)
        return bool(pipeline.execute()[0] <= BURST)

    found: dict[str, Callable[[str], Any]] = {
        "RedisRateLimiter": ours(url, BURST, RATE, 1.0, recheck=0.0).allow,
        f"RedisRateLimiter, lease={LEASE}": ours(url, BURST, RATE, 1.0, lease=LEASE, prefix="leased").allow,
        "a pipeline by hand": pipelined,
    }
    if installed("limits"):
        from limits import RateLimitItemPerSecond, strategies
        from limits.storage import RedisStorage

        item = RateLimitItemPerSecond(BURST)
        for name, strategy in (
            ("limits, fixed window", strategies.FixedWindowRateLimiter),
            ("limits, sliding window", strategies.SlidingWindowCounterRateLimiter),
        ):
            hit = strategy(RedisStorage(url)).hit
            found[name] = lambda key, hit=hit: hit(item, key)
    if installed("throttled"):
        from throttled import RateLimiterType, RedisStore, Throttled, rate_limiter

        throttle = Throttled(
            using=RateLimiterType.GCRA.value,
            quota=rate_limiter.per_sec(BURST, burst=BURST),
            store=RedisStore(server=url),
        )
        found["throttled-py"] = throttle.limit
    return found


def by_refused_key(url: str) -> dict[str, Callable[[str], Any]]:
    """What each does for a key that has had its one call of this hour."""
    found: dict[str, Callable[[str], Any]] = {
        "RedisRateLimiter": ours(url, 1, 1, 3600.0).allow,
        "RedisRateLimiter, recheck=0": ours(url, 1, 1, 3600.0, recheck=0.0).allow,
    }
    if installed("limits"):
        from limits import RateLimitItemPerHour, strategies
        from limits.storage import RedisStorage

        item, hit = RateLimitItemPerHour(1), strategies.FixedWindowRateLimiter(RedisStorage(url)).hit
        found["limits, fixed window"] = lambda key: hit(item, key)
    if installed("throttled"):
        from throttled import RateLimiterType, RedisStore, Throttled, rate_limiter

        quota = rate_limiter.per_hour(1, burst=1)
        store = RedisStore(server=url)
        found["throttled-py"] = Throttled(using=RateLimiterType.GCRA.value, quota=quota, store=store).limit
    for allow in found.values():
        allow(REFUSED)
    return found


def at_once(url: str, loop: asyncio.AbstractEventLoop) -> dict[str, Contender]:
    """A hundred keys: in one call, one by one, and by as many coroutines."""
    found = {
        "allow_many": Contender(
            "call(keys)", {"call": ours(url, BURST, RATE, 1.0).allow_many, "keys": KEYS}, len(KEYS)
        ),
        "allow, one by one": Contender(
            "for key in keys: call(key)", {"call": ours(url, BURST, RATE, 1.0).allow, "keys": KEYS}, len(KEYS)
        ),
    }

    def coroutines(name: str, call: Callable[[str], Coroutine[Any, Any, Any]]) -> None:
        async def all_keys() -> None:
            await asyncio.gather(*map(call, KEYS))

        names = {"run": loop.run_until_complete, "all_keys": all_keys}
        found[name] = Contender("run(all_keys())", names, len(KEYS))

    coroutines("AsyncRedisRateLimiter", AsyncRedisRateLimiter(url, BURST, RATE, 1.0, timeout=10.0).allow)
    if installed("limits"):
        from limits import RateLimitItemPerSecond
        from limits.aio import strategies
        from limits.aio.storage import RedisStorage

        item = RateLimitItemPerSecond(BURST)
        storage = RedisStorage(f"async+{url}", implementation="redispy", max_connections=len(KEYS))
        hit = strategies.FixedWindowRateLimiter(storage).hit
        coroutines("limits.aio, fixed window", lambda key: hit(item, key))
    if installed("throttled"):
        from throttled.asyncio import RateLimiterType, RedisStore, Throttled, rate_limiter

        quota = rate_limiter.per_sec(BURST, burst=BURST)
        store = RedisStore(server=url)
        throttle = Throttled(using=RateLimiterType.GCRA.value, quota=quota, store=store)
        coroutines("throttled.asyncio", throttle.limit)
    return found


def traffic(calls: int) -> list[str]:
    """Keys by Zipf's law; half of all calls are of ten clients that want far more than they get."""
    draw = random.Random(1)
    names = [f"client {number}" for number in range(1000)]
    weights = [1 / (rank + 1) for rank in range(len(names))]
    usual = iter(draw.choices(names, weights, k=calls))
    return [f"greedy {draw.randrange(10)}" if draw.random() < 0.5 else next(usual) for _ in range(calls)]


def report_round_trips(url: str, calls: int) -> float:
    """Prints the round trips of each kind; returns calls to a round trip with leases."""
    rows, spared = [], 0.0
    keys = traffic(calls)
    for name, options in (
        ("always asked", {"recheck": 0.0}),
        ("refusals known", {}),
        (f"and lease={LEASE}", {"lease": LEASE}),
    ):
        limiter = ours(url, 100, 100, 1.0, prefix=name, **options)
        begun = time.perf_counter()
        allowed = sum(map(limiter.allow, keys))
        elapsed = time.perf_counter() - begun
        asked = limiter.stats().remote.asked
        spared = calls / asked
        rows.append([name, f"{calls:,}", f"{allowed:,}", f"{asked:,}", f"{spared:.1f}", f"{elapsed:.2f}"])
    print("\nround trips of traffic, half of it from ten greedy clients; 100 a second for each\n")
    print(table(["", "calls", "allowed", "round trips", "calls to each", "seconds"], rows))
    return spared


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--quick", action="store_true", help="fewer, shorter samples")
    options.add_argument("--server", default=shutil.which("redis-server") or "valkey-server")
    chosen = options.parse_args()
    effort: dict[str, Any] = {"timer": time.perf_counter, "rounds": 5, "sample": 0.1}
    if chosen.quick:
        effort |= {"rounds": 3, "sample": 0.02}
    missing = [name for name in ("limits", "throttled") if not installed(name)]
    if missing:
        print(f"not installed, and left out: {', '.join(missing)}")

    def report(title: str, contenders: dict[str, Contender]) -> dict[str, Cost]:
        costs = measure(contenders, **effort)
        print(f"\n{title}\n\n{beside(costs, digits=2)}")
        return costs

    def for_key(calls: dict[str, Callable[[str], Any]], key: str) -> dict[str, Contender]:
        return {name: Contender("call(key)", {"call": call, "key": key}) for name, call in calls.items()}

    with server(chosen.server) as port:
        url = f"redis://127.0.0.1:{port}"
        allowed = report("a call that is allowed", for_key(by_one_key(url), "10.0.0.1"))
        refused = report("a call that is refused", for_key(by_refused_key(url), REFUSED))
        loop = asyncio.new_event_loop()
        many = report("a key of a hundred at once", at_once(url, loop))
        spared = report_round_trips(url, 20_000 if chosen.quick else 100_000)
    print()
    for peer in ("limits, fixed window", "throttled-py"):
        if peer in allowed:
            mine, leased = (allowed[name].minimum for name in list(allowed)[:2])
            theirs = allowed[peer].minimum
            print(verdict(f"allowed, against {peer}", theirs / mine, 1.0, at_most=False))
            print(verdict(f"allowed by leases, against {peer}", theirs / leased, 3.0, at_most=False))
            ratio = refused[peer].minimum / refused["RedisRateLimiter"].minimum
            print(verdict(f"refused, against {peer}", ratio, 20.0, at_most=False))
    for peer in ("limits.aio, fixed window", "throttled.asyncio"):
        if peer in many:
            ratio = many[peer].minimum / many["AsyncRedisRateLimiter"].minimum
            print(verdict(f"a hundred coroutines, against {peer}", ratio, 2.0, at_most=False))
    print(verdict("calls to a round trip", spared, 5.0, at_most=False, unit=""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
