"""State that processes share beside that of one process, and beside limits on Redis over loopback.

    python benches/bench_shared.py [--quick] [--keys 1000,1000000,10000000] [--server redis-server]

A call that is allowed, for one of a thousand live keys; a decision and its end, whose cluster counts its
requests for itself or with others; and a call by the number of live keys, in random order. Without a Redis
server, or without the packages redis and limits, that peer is left out.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import tables
from bench_global_limit import lacking, server
from comparison import Comparison, present_or_said
from timing import Contender, beside, measure, nanoseconds, table, verdict

from meshcore import Engine, RateLimiter, SharedState

KEYS = 1000
SHARED = "RateLimiter, shared"
RATE = 1_000_000
#: How many keys of a large table are asked for, in random order.
SAMPLE = 200_000
#: How many times cheaper than a call of limits on Redis a shared one must be.
FIXED, MOVING = "limits on Redis, fixed window", "limits on Redis, moving window"
TARGETS = {FIXED: 100.0}


def key_of(number: int) -> str:
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}:{number >> 24}"


@contextmanager
def state(size: int) -> Iterator[SharedState]:
    """One in memory, where the system has a folder for that."""
    folder = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=folder) as path:
        yield SharedState(Path(path) / "state", size=size)


def limits_on_redis(url: str, name: str, strategy: str) -> Contender:
    from limits import RateLimitItemPerSecond, strategies
    from limits.storage import RedisStorage

    names = {
        "hit": getattr(strategies, strategy)(RedisStorage(url)).hit,
        # Each strategy has keys of its own.
        "item": RateLimitItemPerSecond(RATE, 1, name),
        "keys": [key_of(number) for number in range(KEYS)],
    }
    return Contender("for key in keys: hit(item, key)", names, KEYS)


def peers(url: str) -> dict[str, Callable[[], Contender]]:
    return {
        FIXED: lambda: limits_on_redis(url, FIXED, "FixedWindowRateLimiter"),
        MOVING: lambda: limits_on_redis(url, MOVING, "MovingWindowRateLimiter"),
    }


def limiters(shared: SharedState) -> dict[str, Contender]:
    keys = [key_of(number) for number in range(KEYS)]
    return {
        name: Contender("for key in keys: allow(key)", {"keys": keys, "allow": limiter.allow}, KEYS)
        for name, limiter in (
            ("RateLimiter, one process", RateLimiter(RATE, RATE, 1.0, capacity=2 * KEYS)),
            (SHARED, RateLimiter(RATE, RATE, 1.0, capacity=2 * KEYS, shared_state=shared)),
        )
    }


def engines(shared: SharedState) -> dict[str, Contender]:
    config = tables.config(100)
    request = ("GET", tables.AUTHORITY, tables.path(99), tables.HEADERS)
    return {
        name: Contender(
            "for _ in many: decide(*request).close()",
            {"many": range(100), "decide": engine.decide, "request": request},
            100,
        )
        for name, engine in (
            ("Engine, one process", Engine(config)),
            ("Engine, shared", Engine(config, shared_state=shared)),
        )
    }


def compare(quick: bool) -> Comparison:
    """For `python -m benches`."""
    run = Comparison("shared", quick)
    with ExitStack() as stack:
        found = limiters(stack.enter_context(state(64 << 20)))
        if needs := lacking():
            run.lack({"limits on Redis": needs})
        else:
            url = f"redis://127.0.0.1:{stack.enter_context(server())}"
            found |= run.present(peers(url))
        costs = run.measure(found)
    run.add(f"a call for one of {KEYS:,} live keys", costs, SHARED, [FIXED, MOVING], TARGETS)
    return run


def report_live_keys(numbers: list[int], effort: dict[str, Any]) -> None:
    rows = []
    for number in numbers:
        with state(max(1 << 20, 40 * number)) as shared:
            before = shared.used
            # Buckets that take a day to fill, so that all of them live.
            limiter = RateLimiter(1000, 1000, 86400.0, capacity=number, shared_state=shared)
            allowed = sum(limiter.allow_many(map(key_of, range(number))))
            draw = random.Random(1)
            sample = [key_of(draw.randrange(number)) for _ in range(min(number, SAMPLE))]
            statement = "for key in keys: call(key)"
            cost = measure(
                {"allow": Contender(statement, {"keys": sample, "call": limiter.allow}, len(sample))},
                **effort,
            )
            rows.append(
                [
                    f"{number:,}",
                    nanoseconds(cost["allow"].minimum),
                    f"{(shared.used - before) / number:.1f}",
                    f"{(number - allowed) / number:.2%}",
                ]
            )
    print("\nshared, by the number of live keys, capacity as many, keys in random order\n")
    print(table(["keys", "allow", "bytes a key", "refused for room"], rows))


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--quick", action="store_true", help="fewer, shorter samples")
    options.add_argument("--keys", default="1000,1000000,10000000", help="numbers of live keys")
    options.add_argument("--server")
    chosen = options.parse_args()
    effort: dict[str, Any] = {"rounds": 3, "sample": 0.005} if chosen.quick else {}
    with ExitStack() as stack:
        shared = stack.enter_context(state(64 << 20))
        found = limiters(shared)
        if (needs := lacking()) and not chosen.server:
            print(f"without limits on Redis, which needs {needs}")
        else:
            url = f"redis://127.0.0.1:{stack.enter_context(server(chosen.server))}"
            found |= present_or_said(peers(url))
        costs = measure(found, **effort)
        print(f"\na call for one of {KEYS:,} live keys\n\n{beside(costs)}")
        print(f"\na decision and its end\n\n{beside(measure(engines(shared), **effort))}")
    report_live_keys([int(number) for number in chosen.keys.split(",")], effort)
    for name, target in TARGETS.items():
        if name in costs:
            ratio = costs[name].minimum / costs[SHARED].minimum
            print("\n" + verdict(f"{SHARED}, against {name}", ratio, target, at_most=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
