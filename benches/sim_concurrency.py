"""Goodput while a service has but half its capacity: no limit, fixed limits, the gradient, AIMD.

    python benches/sim_concurrency.py [--seed 1] [--svg docs/images/concurrency.svg]

A simulation in virtual time (overload_world.py), with the real limiters on its clock: it takes seconds, and a
seed gives the same every time. Goodput is what is answered well and in time.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from overload_world import BAD_GATEWAY, OK, Health, Job, Phase, Shape, World, spans
from timing import table, verdict

from meshcore import AimdLimiter, CircuitBreaker, GradientLimiter
from meshcore.cli.chart import Band, Line, svg_lines

__all__ = ["CONTENDERS", "Halving", "Tally", "run"]

#: Ours must serve so much of what the service is able to serve, in percent.
TARGET = 90.0


@dataclass(frozen=True)
class State(Phase):
    """What the service can do for a while."""

    workers: int = 40
    slowness: float = 1.0


def state(name: str, seconds: float, workers: int = 40, slowness: float = 1.0) -> State:
    return State(name, seconds, Health.WELL, workers, slowness)


@dataclass(frozen=True)
class Halving(Shape):
    """One service, which loses half of its workers, and later takes twice as long for each request."""

    hosts: int = 1
    queue: int = 20_000
    rate: float = 1_500.0
    phases: tuple[State, ...] = (
        state("all well", 15),
        state("half the workers", 20, workers=20),
        state("well again", 25),
        state("twice as slow", 30, slowness=2.0),
        state("well", 20),
    )

    def able(self, phase: State) -> float:
        """Requests in a second that can be served, of those that come."""
        return min(self.rate, phase.workers / phase.slowness / self.service)


class Service(World):
    """Its workers and the queue before them. It works on a request even where nobody waits any more."""

    def __init__(self, shape: Halving, seed: int) -> None:
        super().__init__(shape, seed)
        self._state, self._busy = shape.phases[0], 0
        self._waiting: deque[Job] = deque()

    def enter(self, phase: Phase) -> None:
        assert isinstance(phase, State)
        self._state = phase
        self._work()

    def take(self, job: Job) -> None:
        if len(self._waiting) >= self.shape.queue:
            self.after(0.001, job.reply, BAD_GATEWAY)
        else:
            self._waiting.append(job)
            self._work()

    def _work(self) -> None:
        while self._waiting and self._busy < self._state.workers:
            self._busy += 1
            job = self._waiting.popleft()
            self.after(job.work * self._state.slowness, self._finish, job)

    def _finish(self, job: Job) -> None:
        self._busy -= 1
        job.reply(OK)
        self._work()


class Limit(Protocol):
    """What a client asks before it sends."""

    def begin(self) -> bool: ...
    def end(self, latency: float, *, answered: bool) -> None: ...


class NoLimit:
    def __init__(self, world: World) -> None:
        pass

    def begin(self) -> bool:
        return True

    def end(self, latency: float, *, answered: bool) -> None:
        pass


class Fixed:
    def __init__(self, world: World, limit: int) -> None:
        self._breaker = CircuitBreaker(limit)
        self.begin = self._breaker.acquire

    def end(self, latency: float, *, answered: bool) -> None:
        self._breaker.release()


class Gradient:
    """As the engine feeds it: of a timeout it learns that it took as long at least."""

    def __init__(self, world: World) -> None:
        self._limiter = GradientLimiter(clock=lambda: 1 + world.now, seed=1, min_rtt_interval=10.0)
        self.begin = self._limiter.acquire

    def end(self, latency: float, *, answered: bool) -> None:
        self._limiter.release(latency)


class Aimd:
    def __init__(self, world: World) -> None:
        self._limiter = AimdLimiter(clock=lambda: 1 + world.now, max_limit=1000, latency_threshold=0.2)
        self.begin = self._limiter.acquire

    def end(self, latency: float, *, answered: bool) -> None:
        self._limiter.release(latency, failed=not answered)


CONTENDERS: dict[str, Callable[[World], Limit]] = {
    "no limit": NoLimit,
    "fixed, 1024": lambda world: Fixed(world, 1024),
    "fixed, 60": lambda world: Fixed(world, 60),
    "gradient": Gradient,
    "AIMD": Aimd,
}
COLOURS = {
    "no limit": "#888888",
    "fixed, 1024": "#c0392b",
    "fixed, 60": "#d39b2d",
    "gradient": "#3b7dd8",
    "AIMD": "#2e8b57",
}


@dataclass
class Tally:
    """What came of the requests that began in each second."""

    seconds: int
    good: list[int] = field(init=False)
    refused: list[int] = field(init=False)
    latencies: list[list[float]] = field(init=False)

    def __post_init__(self) -> None:
        self.good, self.refused = [0] * self.seconds, [0] * self.seconds
        self.latencies = [[] for _ in range(self.seconds)]

    def goodput(self, begin: float, end: float) -> float:
        """Requests in a second."""
        return sum(self.good[int(begin) : int(end)]) / (end - begin)

    def quantile(self, share: float, begin: float, end: float) -> float:
        """Of the latencies of what was let in; what was given up took as long as its patience."""
        found = sorted(one for second in self.latencies[int(begin) : int(end)] for one in second)
        return found[min(len(found) - 1, int(share * len(found)))] if found else 0.0


class Client:
    """Sends what its limit lets it, and gives up what takes too long."""

    def __init__(self, world: Service, limit: Limit, seed: int) -> None:
        self._world, self._limit = world, limit
        self._random = random.Random(seed + 1)
        self.tally = Tally(int(world.shape.seconds) + 1)

    def arrive(self) -> None:
        world, second = self._world, int(self._world.now)
        if not self._limit.begin():
            self.tally.refused[second] += 1
            return
        began, waits = world.now, [True]

        def over(status: int) -> None:
            if not waits:
                return
            waits.clear()
            latency = world.now - began
            self._limit.end(latency, answered=status == OK)
            self.tally.latencies[second].append(latency)
            self.tally.good[second] += status == OK

        world.after(world.shape.patience, over, 0)
        work = self._random.expovariate(1 / world.shape.service)
        world.take(Job(work, over))


def run(limit: Callable[[World], Limit], shape: Halving, seed: int) -> Tally:
    world = Service(shape, seed)
    client = Client(world, limit(world), seed)
    world.run(client.arrive)
    return client.tally


def report(tallies: dict[str, Tally], shape: Halving) -> None:
    periods = spans(shape.phases)
    rows = [
        [f"goodput, {name}", *(f"{100 * tally.goodput(b, e) / shape.able(p):.1f} %" for p, b, e in periods)]
        for name, tally in tallies.items()
    ] + [
        [f"p99 latency, {name}", *(f"{1000 * tally.quantile(0.99, b, e):.0f} ms" for _, b, e in periods)]
        for name, tally in tallies.items()
    ]
    print(table(["", *(phase.name for phase in shape.phases)], rows))


def drawing(tallies: dict[str, Tally], shape: Halving, seed: int) -> str:
    bands = [Band(phase.name, begin, end) for phase, begin, end in spans(shape.phases)]
    lines = [
        Line(name, COLOURS[name], [float(one) for one in tally.good[:-1]]) for name, tally in tallies.items()
    ]
    title = f"Goodput while a service has half its capacity (seed {seed})"
    return svg_lines(
        title, lines, bands, "requests answered in time, a second", "seconds", top=shape.rate * 1.1
    )


def main(arguments: Sequence[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--svg", type=Path, help="a file to draw the goodput over time into")
    given = options.parse_args(arguments)
    shape, began = Halving(), time.perf_counter()
    tallies = {name: run(limit, shape, given.seed) for name, limit in CONTENDERS.items()}
    took = time.perf_counter() - began
    print(f"{shape.rate:,.0f} requests/s to a service that can answer all of them, ", end="")
    print(f"and {shape.able(shape.phases[1]):,.0f} at half its capacity;")
    print(f"goodput is of what it could have answered; simulated in {took:.1f} s\n")
    report(tallies, shape)
    print()
    goodputs = {
        name: [100 * tally.goodput(b, e) / shape.able(p) for p, b, e in spans(shape.phases)]
        for name, tally in tallies.items()
    }
    print(
        verdict("AIMD's goodput in its worst phase", min(goodputs["AIMD"]), TARGET, at_most=False, unit="%")
    )
    # A service that is slower by itself looks as one with a queue until the min RTT is measured again.
    halves = min(goodputs["gradient"][:3])
    print(verdict("the gradient's until it is slower by itself", halves, TARGET, at_most=False, unit="%"))
    if given.svg is not None:
        given.svg.parent.mkdir(parents=True, exist_ok=True)
        given.svg.write_text(drawing(tallies, shape, given.seed), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
