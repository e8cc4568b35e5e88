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
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from comparison import EXTRA, Comparison, present, present_or_said
from timing import Contender, Cost, beside, measure, table, verdict

from meshcore.global_limit import AsyncRedisRateLimiter, RedisRateLimiter

#: Nobody empties such a bucket.
BURST, RATE = 1_000_000, 1_000
KEYS = [f"10.0.0.{number}" for number in range(100)]
LEASE = 64
LEASED, BY_HAND = f"RedisRateLimiter, lease={LEASE}", "a pipeline by hand"
REFUSED = "refused"
#: How many times cheaper than each peer a call must be: where each asks, by leases, of a key known as
#: refused, and by a hundred coroutines at once.
ASKED = {"limits, fixed window": 1.0, "throttled-py": 1.0}
LEASES = {"limits, fixed window": 3.0, "throttled-py": 3.0}
REFUSALS = {"limits, fixed window": 20.0, "throttled-py": 20.0}
COROUTINES = {"limits.aio, fixed window": 2.0, "throttled.asyncio": 2.0}


def server_binary() -> str | None:
    return shutil.which("redis-server") or shutil.which("valkey-server")


def lacking() -> str | None:
    """What a comparison on Redis needs that is not here."""
    if importlib.util.find_spec("redis") is None:
        return f"the module redis ({EXTRA})"
    return None if server_binary() else "redis-server or valkey-server on PATH"


@contextmanager
def server(binary: str | None = None) -> Iterator[int]:
    """A server without persistence, the first one on PATH unless it is named; its port."""
    import redis

    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        options = ["--port", str(port), "--save", "", "--dir", folder, "--logfile", "log.txt"]
        process = subprocess.Popen([binary or server_binary() or "redis-server", *options])
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
    import redis

    client = redis.Redis.from_url(url)

    def pipelined(key: str) -> bool:
        pipeline = client.pipeline(transaction=False)
        pipeline.incr(f"by hand:{key}")
        pipeline.expire(f"by hand:{key}", 1)
        return bool(pipeline.execute()[0] <= BURST)

    return {
        "RedisRateLimiter": ours(url, BURST, RATE, 1.0, recheck=0.0).allow,
        LEASED: ours(url, BURST, RATE, 1.0, lease=LEASE, prefix="leased").allow,
        BY_HAND: pipelined,
    }


def limits_on_redis(url: str, strategy: str, item: str, times: int) -> Callable[[str], Any]:
    import limits
    from limits.storage import RedisStorage

    hit = getattr(limits.strategies, strategy)(RedisStorage(url)).hit
    return partial(hit, getattr(limits, item)(times))


def throttled_on_redis(url: str, quota: str, times: int) -> Callable[[str], Any]:
    from throttled import RateLimiterType, RedisStore, Throttled, rate_limiter

    return Throttled(
        using=RateLimiterType.GCRA.value,
        quota=getattr(rate_limiter, quota)(times, burst=times),
        store=RedisStore(server=url),
    ).limit


def peers_by_one_key(url: str) -> dict[str, Callable[[], Callable[[str], Any]]]:
    item = ("RateLimitItemPerSecond", BURST)
    return {
        "limits, fixed window": partial(limits_on_redis, url, "FixedWindowRateLimiter", *item),
        "limits, sliding window": partial(limits_on_redis, url, "SlidingWindowCounterRateLimiter", *item),
        "throttled-py": partial(throttled_on_redis, url, "per_sec", BURST),
    }


def by_refused_key(url: str) -> dict[str, Callable[[str], Any]]:
    """What each does for a key that has had its one call of this hour."""
    return {
        "RedisRateLimiter": ours(url, 1, 1, 3600.0).allow,
        "RedisRateLimiter, recheck=0": ours(url, 1, 1, 3600.0, recheck=0.0).allow,
    }


def peers_by_refused_key(url: str) -> dict[str, Callable[[], Callable[[str], Any]]]:
    item = ("RateLimitItemPerHour", 1)
    return {
        "limits, fixed window": partial(limits_on_redis, url, "FixedWindowRateLimiter", *item),
        "throttled-py": partial(throttled_on_redis, url, "per_hour", 1),
    }


def for_key(calls: Mapping[str, Callable[[str], Any]], key: str) -> dict[str, Contender]:
    for call in calls.values():
        call(key)
    return {name: Contender("call(key)", {"call": call, "key": key}) for name, call in calls.items()}


Coroutines = Callable[[str], Coroutine[Any, Any, Any]]


def limits_coroutines(url: str) -> Coroutines:
    from limits import RateLimitItemPerSecond
    from limits.aio import strategies
    from limits.aio.storage import RedisStorage

    storage = RedisStorage(f"async+{url}", implementation="redispy", max_connections=len(KEYS))
    return partial(strategies.FixedWindowRateLimiter(storage).hit, RateLimitItemPerSecond(BURST))


def throttled_coroutines(url: str) -> Coroutines:
    from throttled.asyncio import RateLimiterType, RedisStore, Throttled, rate_limiter

    quota = rate_limiter.per_sec(BURST, burst=BURST)
    return Throttled(using=RateLimiterType.GCRA.value, quota=quota, store=RedisStore(server=url)).limit


def peers_at_once(url: str) -> dict[str, Callable[[], Coroutines]]:
    return {
        "limits.aio, fixed window": partial(limits_coroutines, url),
        "throttled.asyncio": partial(throttled_coroutines, url),
    }


def at_once(
    url: str, loop: asyncio.AbstractEventLoop, peers: Mapping[str, Coroutines]
) -> dict[str, Contender]:
    """A hundred keys: in one call, one by one, and by as many coroutines."""
    found = {
        "allow_many": Contender(
            "call(keys)", {"call": ours(url, BURST, RATE, 1.0).allow_many, "keys": KEYS}, len(KEYS)
        ),
        "allow, one by one": Contender(
            "for key in keys: call(key)", {"call": ours(url, BURST, RATE, 1.0).allow, "keys": KEYS}, len(KEYS)
        ),
    }

    async def all_keys(call: Coroutines) -> None:
        await asyncio.gather(*map(call, KEYS))

    own = AsyncRedisRateLimiter(url, BURST, RATE, 1.0, timeout=10.0).allow
    for name, call in {"AsyncRedisRateLimiter": own, **peers}.items():
        names = {"run": loop.run_until_complete, "all_keys": all_keys, "call": call}
        found[name] = Contender("run(all_keys(call))", names, len(KEYS))
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


def compare(quick: bool) -> Comparison:
    """For `python -m benches`."""
    run = Comparison("global_limit", quick)
    if needs := lacking():
        run.lack({"limits and throttled-py on Redis": needs})
        return run
    timing: dict[str, Any] = {"timer": time.perf_counter, "sample": 0.02 if quick else 0.1}
    with server() as port:
        url = f"redis://127.0.0.1:{port}"
        peers = run.present(peers_by_one_key(url))
        costs = run.measure(for_key({**by_one_key(url), **peers}, KEYS[0]), **timing)
        run.add("a call on Redis that is allowed", costs, "RedisRateLimiter", [BY_HAND, *peers], ASKED)
        run.add("a call on Redis that is allowed", costs, LEASED, peers, LEASES)
        peers = run.present(peers_by_refused_key(url))
        costs = run.measure(for_key({**by_refused_key(url), **peers}, REFUSED), **timing)
        run.add("a call on Redis that is refused", costs, "RedisRateLimiter", peers, REFUSALS)
        loop = asyncio.new_event_loop()
        many = run.present(peers_at_once(url))
        costs = run.measure(at_once(url, loop, many), **timing)
        run.add("one of a hundred coroutines on Redis", costs, "AsyncRedisRateLimiter", many, COROUTINES)
    return run


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--quick", action="store_true", help="fewer, shorter samples")
    options.add_argument("--server")
    chosen = options.parse_args()
    effort: dict[str, Any] = {"timer": time.perf_counter, "rounds": 5, "sample": 0.1}
    if chosen.quick:
        effort |= {"rounds": 3, "sample": 0.02}

    def report(title: str, contenders: dict[str, Contender]) -> dict[str, Cost]:
        costs = measure(contenders, **effort)
        print(f"\n{title}\n\n{beside(costs, digits=2)}")
        return costs

    with server(chosen.server) as port:
        url = f"redis://127.0.0.1:{port}"
        peers = present_or_said(peers_by_one_key(url))
        allowed = report("a call that is allowed", for_key({**by_one_key(url), **peers}, KEYS[0]))
        peers, _ = present(peers_by_refused_key(url))
        refused = report("a call that is refused", for_key({**by_refused_key(url), **peers}, REFUSED))
        loop = asyncio.new_event_loop()
        many = report("a key of a hundred at once", at_once(url, loop, present(peers_at_once(url))[0]))
        spared = report_round_trips(url, 20_000 if chosen.quick else 100_000)
    print()
    for what, costs, mine, targets in (
        ("allowed", allowed, "RedisRateLimiter", ASKED),
        ("allowed by leases", allowed, LEASED, LEASES),
        ("refused", refused, "RedisRateLimiter", REFUSALS),
        ("a hundred coroutines", many, "AsyncRedisRateLimiter", COROUTINES),
    ):
        for peer, target in targets.items():
            if peer in costs:
                ratio = costs[peer].minimum / costs[mine].minimum
                print(verdict(f"{what}, against {peer}", ratio, target, at_most=False))
    print(verdict("calls to a round trip", spared, 5.0, at_most=False, unit=""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
