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
from collections.abc import Callable
from typing import Any

from comparison import Comparison, present_or_said
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


def pybreaker_guard() -> Contender:
    import pybreaker

    return Contender("with breaker.calling(): pass", {"breaker": pybreaker.CircuitBreaker(fail_max=5)})


def aiobreaker_guard() -> Contender:
    import aiobreaker

    names = {"breaker": aiobreaker.CircuitBreaker(fail_max=5), "nothing": nothing}
    return Contender("breaker.call(nothing)", names)


def circuitbreaker_guard() -> Contender:
    import circuitbreaker

    return Contender("guarded()", {"guarded": circuitbreaker.circuit(nothing)})


def purgatory_guard() -> Contender:
    import purgatory

    factory = purgatory.SyncCircuitBreakerFactory()
    return Contender('with get_breaker("bench"): pass', {"get_breaker": factory.get_breaker})


PEERS: dict[str, Callable[[], Contender]] = {
    "pybreaker": pybreaker_guard,
    "aiobreaker": aiobreaker_guard,
    "circuitbreaker": circuitbreaker_guard,
    "purgatory": purgatory_guard,
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


def compare(quick: bool) -> Comparison:
    """For `python -m benches`."""
    run = Comparison("circuit", quick)
    costs = run.measure({**ours(), **run.present(PEERS)})
    run.add("a guard around a call", costs, "acquire, release", PEERS, TARGETS)
    loop = asyncio.new_event_loop()
    costs = run.measure(in_a_loop(loop))
    loop.close()
    run.add("a guard in an event loop", costs, "CircuitBreaker", ["asyncio.Semaphore"])
    return run


def report(title: str, costs: dict[str, Cost]) -> None:
    print(f"\n{title}\n")
    print(beside(costs))


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--quick", action="store_true", help="fewer, shorter samples")
    effort: dict[str, Any] = {"rounds": 3, "sample": 0.005} if options.parse_args().quick else {}
    guards = measure({**ours(), **present_or_said(PEERS)}, **effort)
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
        if peer in guards
    ]
    print("\n" + "\n".join(verdicts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
