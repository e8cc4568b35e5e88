"""Rate limits beside limits, throttled-py, token_bucket, pyrate-limiter and aiolimiter.

    python benches/bench_limit.py [--quick] [--keys 1000,1000000,10000000]

What is measured is a call that is allowed, on keys that live already, each as its documentation uses it. By
key: limits by its three strategies in memory, throttled-py by GCRA, token_bucket. Without: pyrate-limiter and
aiolimiter (in an event loop that runs). By request: an engine with a limit for each client, one without any,
and the one call of limits that slowapi and flask-limiter make among others. Then the bytes by which a key
makes the process grow, and ours by the number of live keys, in random order.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import os
import random
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from timing import Contender, Cost, beside, measure, nanoseconds, table, verdict

from meshcore import Engine, RateLimiter, TokenBucket, load_text

PEERS = ("limits", "throttled", "token_bucket", "pyrate_limiter", "aiolimiter")
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


def installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def by_key(keys: int) -> dict[str, tuple[str, dict[str, Any]]]:
    """What each of them does for a key: a statement, and the names that it uses."""
    ours = RateLimiter(RATE, RATE, 1.0, capacity=2 * keys)
    found: dict[str, tuple[str, dict[str, Any]]] = {"RateLimiter": ("allow(key)", {"allow": ours.allow})}
    if installed("limits"):
        from limits import RateLimitItemPerSecond, strategies
        from limits.storage import MemoryStorage

        for name, strategy in (
            ("limits, fixed window", strategies.FixedWindowRateLimiter),
            ("limits, moving window", strategies.MovingWindowRateLimiter),
            ("limits, sliding window", strategies.SlidingWindowCounterRateLimiter),
        ):
            limiter = strategy(MemoryStorage())
            found[name] = "hit(item, key)", {"hit": limiter.hit, "item": RateLimitItemPerSecond(RATE)}
    if installed("throttled"):
        from throttled import MemoryStore, RateLimiterType, Throttled, rate_limiter

        throttle = Throttled(
            using=RateLimiterType.GCRA.value,
            quota=rate_limiter.per_sec(RATE, burst=RATE),
            store=MemoryStore(options={"MAX_SIZE": 2 * keys}),
        )
        found["throttled-py"] = "limit(key)", {"limit": throttle.limit}
    if installed("token_bucket"):
        import token_bucket

        bucket = token_bucket.Limiter(RATE, RATE, token_bucket.MemoryStorage())
        found["token_bucket"] = "consume(key)", {"consume": bucket.consume}
    return found


def contenders_by_key() -> dict[str, Contender]:
    keys = [key_of(number) for number in range(KEYS)]
    return {
        name: Contender(f"for key in keys: {statement}", {"keys": keys, **names}, KEYS)
        for name, (statement, names) in by_key(KEYS).items()
    }


def contenders_without_keys(loop: asyncio.AbstractEventLoop) -> dict[str, Contender]:
    bucket, many = TokenBucket(RATE, RATE, 1.0), range(KEYS)
    refused = TokenBucket(1, 1, 3600.0)
    refused.allow()
    found = {
        "TokenBucket": Contender("for _ in many: call()", {"many": many, "call": bucket.allow}, KEYS),
        "TokenBucket, refused": Contender(
            "for _ in many: call()", {"many": many, "call": refused.allow}, KEYS
        ),
        "TokenBucket.check": Contender("for _ in many: call()", {"many": many, "call": bucket.check}, KEYS),
    }
    if installed("pyrate_limiter"):
        from pyrate_limiter import Duration, InMemoryBucket, Limiter, Rate

        limiter = Limiter(InMemoryBucket([Rate(RATE, Duration.SECOND)]))
        found["pyrate-limiter"] = Contender(
            "for _ in many: call('key', blocking=False)", {"many": many, "call": limiter.try_acquire}, KEYS
        )
    if installed("aiolimiter"):
        from aiolimiter import AsyncLimiter

        async def acquire_many() -> None:
            one = AsyncLimiter(RATE, 1.0)
            for _ in many:
                await one.acquire()

        found["aiolimiter"] = Contender(
            "run(acquire_many())", {"run": loop.run_until_complete, "acquire_many": acquire_many}, KEYS
        )
    return found


LIMITED = """
apiVersion: meshcore/v1
kind: RateLimits
headers: []
rules:
- {name: per-client, rate: 1000000/second, key: header:x-client}
"""


def contenders_by_request() -> dict[str, Contender]:
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
    peer = contenders_by_key().get("limits, fixed window")
    return found if peer is None else {**found, "limits, fixed window": peer}


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
    for name, (statement, names) in by_key(COUNTED).items():
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
    missing = [name for name in PEERS if not installed(name)]
    if missing:
        print(f"not installed, and left out: {', '.join(missing)}")
    keyed = measure(contenders_by_key(), **effort)
    report(f"a call for one of {KEYS:,} live keys", keyed)
    report("a request of one of as many clients", measure(contenders_by_request(), **effort))
    loop = asyncio.new_event_loop()
    report("a call of one bucket", measure(contenders_without_keys(loop), **effort))
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
