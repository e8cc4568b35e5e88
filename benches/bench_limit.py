"""Rate limits beside limits, throttled-py, token_bucket, pyrate-limiter, aiolimiter and slowapi.

    python benches/bench_limit.py [--quick] [--keys 1000,1000000,10000000]

What is measured is a call that is allowed, on keys that live already, each as its documentation uses it. By
key: limits by its three strategies in memory, throttled-py by GCRA, token_bucket. Without: pyrate-limiter and
aiolimiter (in an event loop that runs). By request: an engine with a limit for each client, one without any,
what slowapi does around an endpoint (for a Starlette Request that is made for each call, since it marks
them), and the one call of limits that it and flask-limiter make among others. Then the bytes by which a key
makes the process grow, and ours by the number of live keys, in random order.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from comparison import Comparison, present, present_or_said
from timing import Contender, Cost, beside, measure, nanoseconds, table, verdict

from meshcore import Engine, RateLimiter, TokenBucket, load_text

#: How many times cheaper than each peer a call must be, at a thousand live keys.
TARGETS = {"limits, fixed window": 40.0, "throttled-py": 60.0, "token_bucket": 5.0}
KEYS = 1000
#: Nobody gets there.
RATE = 1_000_000
#: How many keys of a large table are asked for, in random order.
SAMPLE = 200_000
#: With how many the bytes of a key are counted.
COUNTED = 100_000


def key_of(number: int) -> str:
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}:{number >> 24}"


#: A statement, and the names that it uses.
Call = tuple[str, dict[str, Any]]


def limits_call(strategy: str) -> Call:
    from limits import RateLimitItemPerSecond, strategies
    from limits.storage import MemoryStorage

    limiter = getattr(strategies, strategy)(MemoryStorage())
    return "hit(item, key)", {"hit": limiter.hit, "item": RateLimitItemPerSecond(RATE)}


def throttled_call(keys: int) -> Call:
    from throttled import MemoryStore, RateLimiterType, Throttled, rate_limiter

    throttle = Throttled(
        using=RateLimiterType.GCRA.value,
        quota=rate_limiter.per_sec(RATE, burst=RATE),
        store=MemoryStore(options={"MAX_SIZE": 2 * keys}),
    )
    return "limit(key)", {"limit": throttle.limit}


def token_bucket_call() -> Call:
    import token_bucket

    bucket = token_bucket.Limiter(RATE, RATE, token_bucket.MemoryStorage())
    return "consume(key)", {"consume": bucket.consume}


def peers_by_key(keys: int) -> dict[str, Callable[[], Call]]:
    return {
        "limits, fixed window": lambda: limits_call("FixedWindowRateLimiter"),
        "limits, moving window": lambda: limits_call("MovingWindowRateLimiter"),
        "limits, sliding window": lambda: limits_call("SlidingWindowCounterRateLimiter"),
        "throttled-py": lambda: throttled_call(keys),
        "token_bucket": token_bucket_call,
    }


def by_key(keys: int, peers: Mapping[str, Call]) -> dict[str, Call]:
    """What each of them does for a key."""
    ours = RateLimiter(RATE, RATE, 1.0, capacity=2 * keys)
    return {"RateLimiter": ("allow(key)", {"allow": ours.allow}), **peers}


def contenders_by_key(peers: Mapping[str, Call]) -> dict[str, Contender]:
    keys = [key_of(number) for number in range(KEYS)]
    return {
        name: Contender(f"for key in keys: {statement}", {"keys": keys, **names}, KEYS)
        for name, (statement, names) in by_key(KEYS, peers).items()
    }


def pyrate_limiter_bucket() -> Contender:
    from pyrate_limiter import Duration, InMemoryBucket, Limiter, Rate

    limiter = Limiter(InMemoryBucket([Rate(RATE, Duration.SECOND)]))
    names = {"many": range(KEYS), "call": limiter.try_acquire}
    return Contender("for _ in many: call('key', blocking=False)", names, KEYS)


def aiolimiter_bucket(loop: asyncio.AbstractEventLoop) -> Contender:
    from aiolimiter import AsyncLimiter

    async def acquire_many() -> None:
        one = AsyncLimiter(RATE, 1.0)
        for _ in range(KEYS):
            await one.acquire()

    return Contender(
        "run(acquire_many())", {"run": loop.run_until_complete, "acquire_many": acquire_many}, KEYS
    )


def peers_without_keys(loop: asyncio.AbstractEventLoop) -> dict[str, Callable[[], Contender]]:
    return {"pyrate-limiter": pyrate_limiter_bucket, "aiolimiter": lambda: aiolimiter_bucket(loop)}


def contenders_without_keys() -> dict[str, Contender]:
    bucket, many = TokenBucket(RATE, RATE, 1.0), range(KEYS)
    refused = TokenBucket(1, 1, 3600.0)
    refused.allow()
    calls = {
        "TokenBucket": bucket.allow,
        "TokenBucket, refused": refused.allow,
        "TokenBucket.check": bucket.check,
    }
    return {
        name: Contender("for _ in many: call()", {"many": many, "call": call}, KEYS)
        for name, call in calls.items()
    }


LIMITED = """
apiVersion: meshcore/v1
kind: RateLimits
headers: []
rules:
- {name: per-client, rate: 1000000/second, key: header:x-client}
"""


def slowapi_view() -> Contender:
    from slowapi import Limiter
    from slowapi.util import get_remote_address
    from starlette.requests import Request

    def view(request: Request) -> None:
        pass

    limited = Limiter(key_func=get_remote_address).limit(f"{RATE}/second")(view)
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": []}
    scopes = [{**scope, "client": (key_of(number), 50000)} for number in range(KEYS)]
    names = {"scopes": scopes, "view": limited, "Request": Request}
    return Contender("for scope in scopes: view(Request({**scope}))", names, KEYS)


PEERS_BY_REQUEST = {"slowapi": slowapi_view}


def contenders_by_request(peers: Mapping[str, Call], others: Mapping[str, Contender]) -> dict[str, Contender]:
    limit = load_text(LIMITED)
    ((name, _),) = limit.listeners[0].filters
    passed = replace(limit, listeners=(replace(limit.listeners[0], filters=()),))
    requests = [("GET", "api.example", "/", {"x-client": key_of(number)}) for number in range(KEYS)]
    found = {
        title: Contender(
            "for request in requests: decide(*request)",
            {"requests": requests, "decide": Engine(config).decide},
            KEYS,
        )
        for title, config in ((f"Engine, {name}", limit), ("Engine, no limit", passed))
    }
    peer = contenders_by_key(peers).get("limits, fixed window")
    return {**found, **others} if peer is None else {**found, **others, "limits, fixed window": peer}


def compare(quick: bool) -> Comparison:
    """For `python -m benches`."""
    run = Comparison("limit", quick)
    keyed = run.present(peers_by_key(KEYS))
    costs = run.measure(contenders_by_key(keyed))
    run.add(f"a call for one of {KEYS:,} live keys", costs, "RateLimiter", keyed, TARGETS)
    views = run.present(PEERS_BY_REQUEST)
    costs = run.measure(contenders_by_request(keyed, views))
    ours = next(iter(costs))
    run.add("a request of one of as many clients", costs, ours, ["limits, fixed window", *views])
    loop = asyncio.new_event_loop()
    others = run.present(peers_without_keys(loop))
    costs = run.measure({**contenders_without_keys(), **others})
    run.add("a call of one bucket", costs, "TokenBucket", others)
    loop.close()
    return run


def report(title: str, costs: dict[str, Cost]) -> None:
    print(f"\n{title}\n")
    print(beside(costs))


def resident() -> int:
    """Bytes of this process in memory; 0 where the system does not say."""
    pages = Path("/proc/self/statm")
    return int(pages.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if pages.exists() else 0


def report_live_keys(numbers: list[int], effort: dict[str, Any]) -> None:
    rows = []
    for number in numbers:
        before = resident()
        # Buckets that take a day to fill, so that all of them live.
        limiter = RateLimiter(1000, 1000, 86400.0, capacity=number)
        allowed = sum(limiter.allow_many(map(key_of, range(number))))
        grown = resident() - before
        draw = random.Random(1)
        sample = [key_of(draw.randrange(number)) for _ in range(min(number, SAMPLE))]
        cost = measure(
            {
                "allow": Contender(
                    "for key in keys: call(key)", {"keys": sample, "call": limiter.allow}, len(sample)
                ),
                "many": Contender("call(keys)", {"keys": sample, "call": limiter.allow_many}, len(sample)),
            },
            **effort,
        )
        rows.append(
            [
                f"{number:,}",
                nanoseconds(cost["allow"].minimum),
                nanoseconds(cost["many"].minimum),
                f"{limiter.nbytes / number:.1f}",
                f"{grown / number:.1f}" if number >= 10 * COUNTED else "",
                f"{(number - allowed) / number:.2%}",
            ]
        )
    print("\nby the number of live keys, capacity as many, keys in random order\n")
    print(table(["keys", "allow", "allow_many", "bytes set aside", "bytes grown", "refused for room"], rows))


def report_bytes() -> None:
    rows = []
    for name, (statement, names) in by_key(COUNTED, present(peers_by_key(COUNTED))[0]).items():
        before = resident()
        exec(f"for key in keys: {statement}", {"keys": map(key_of, range(COUNTED)), **names})
        rows.append([name, f"{(resident() - before) / COUNTED:,.0f}"])
    print(
        f"\nbytes by which the process grows for each of {COUNTED:,} new keys (ours: room for twice as many)"
    )
    print("\n" + table(["", "bytes"], rows))


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--quick", action="store_true", help="fewer, shorter samples")
    options.add_argument("--keys", default="1000,1000000,10000000", help="numbers of live keys")
    chosen = options.parse_args()
    effort: dict[str, Any] = {"rounds": 3, "sample": 0.005} if chosen.quick else {}
    peers = present_or_said(peers_by_key(KEYS))
    keyed = measure(contenders_by_key(peers), **effort)
    report(f"a call for one of {KEYS:,} live keys", keyed)
    views = present_or_said(PEERS_BY_REQUEST)
    report("a request of one of as many clients", measure(contenders_by_request(peers, views), **effort))
    loop = asyncio.new_event_loop()
    others = present_or_said(peers_without_keys(loop))
    report("a call of one bucket", measure({**contenders_without_keys(), **others}, **effort))
    loop.close()
    if resident():
        report_bytes()
    report_live_keys([int(number) for number in chosen.keys.split(",")], effort)
    ours = keyed["RateLimiter"].minimum
    print()
    for peer, target in TARGETS.items():
        if peer in keyed:
            ratio = keyed[peer].minimum / ours
            print(verdict(f"RateLimiter.allow against {peer}", ratio, target, at_most=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
