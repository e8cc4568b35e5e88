"""Circuit breakers beside pybreaker, aiobreaker, circuitbreaker, purgatory and asyncio.Semaphore.

    python benches/bench_circuit.py [--quick]

What is measured is the guard around a call that does nothing, each as its documentation uses it: by ``with``,
by ``call()``, or as a decorator (circuitbreaker's ``with`` never refuses). The peers count failures, ours
counts what is under way: different questions, asked at the same place. The semaphore bounds what is under way
as ours does, but makes it wait.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import Any

from timing import Contender, Cost, beside, measure, verdict

from meshcore import CircuitBreaker, RetryBudget

#: How many times cheaper than each peer the guard must be.
TARGETS = {"pybreaker": 20.0, "circuitbreaker": 10.0}
LOOPS = 100


def nothing() -> None:
    pass


async def entered(semaphore: asyncio.Semaphore) -> None:
    for _ in range(LOOPS):
        async with semaphore:
            pass


async def acquired(breaker: CircuitBreaker) -> None:
    for _ in range(LOOPS):
        with breaker:
            pass


def peers() -> dict[str, Contender]:
    import aiobreaker
    import circuitbreaker
    import purgatory
    import pybreaker

    factory = purgatory.SyncCircuitBreakerFactory()
    return {
        "pybreaker": Contender(
            "with breaker.calling(): pass", {"breaker": pybreaker.CircuitBreaker(fail_max=5)}
        ),
        "aiobreaker": Contender(
            "breaker.call(nothing)", {"breaker": aiobreaker.CircuitBreaker(fail_max=5), "nothing": nothing}
        ),
        "circuitbreaker": Contender("guarded()", {"guarded": circuitbreaker.circuit(nothing)}),
        "purgatory": Contender('with get_breaker("bench"): pass', {"get_breaker": factory.get_breaker}),
    }


def ours() -> dict[str, Contender]:
    breaker, budget, full = CircuitBreaker(1024), RetryBudget(), CircuitBreaker(0)
    return {
        "CircuitBreaker": Contender("with breaker: pass", {"breaker": breaker}),
        "acquire, release": Contender(
            "acquire(); release()", {"acquire": breaker.acquire, "release": breaker.release}
        ),
        "acquire, refused": Contender("acquire()", {"acquire": full.acquire}),
        "RetryBudget": Contender(
            "acquire(); release()", {"acquire": budget.acquire, "release": budget.release}
        ),
    }


def in_a_loop(loop: asyncio.AbstractEventLoop) -> dict[str, Contender]:
    return {
        "CircuitBreaker": Contender(
            "run(acquired(breaker))",
            {"run": loop.run_until_complete, "acquired": acquired, "breaker": CircuitBreaker(1024)},
            LOOPS,
        ),
        "asyncio.Semaphore": Contender(
            "run(entered(semaphore))",
            {"run": loop.run_until_complete, "entered": entered, "semaphore": asyncio.Semaphore(1024)},
            LOOPS,
        ),
    }


def report(title: str, costs: dict[str, Cost]) -> None:
    print(f"\n{title}\n")
    print(beside(costs))


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--quick", action="store_true", help="fewer, shorter samples")
    effort: dict[str, Any] = {"rounds": 3, "sample": 0.005} if options.parse_args().quick else {}
    guards = measure({**ours(), **peers()}, **effort)
    report("a guard around a call, entered and left", guards)
    loop = asyncio.new_event_loop()
    report("in an event loop", measure(in_a_loop(loop), **effort))
    loop.close()
    verdicts = [
        verdict(
            f"acquire() and release() against {peer}",
            guards[peer].minimum / guards["acquire, release"].minimum,
            target,
            at_most=False,
        )
        for peer, target in TARGETS.items()
    ]
    print("\n" + "\n".join(verdicts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
