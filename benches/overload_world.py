"""A cluster of hosts in virtual time, for sim_overload.py: events, hosts with workers and queues, troubles.

Time is a number that jumps from one event to the next, and chance comes from seeds, so that a run of a minute
takes seconds and comes out the same every time.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeVar

__all__ = ["BAD_GATEWAY", "OK", "Health", "Host", "Job", "Phase", "Shape", "World", "spans"]

OK, BAD_GATEWAY = 200, 503


class Health(Enum):
    WELL = "well"
    SLOW = "slow"  #: each request takes many times longer
    FAILING = "failing"  #: each request is answered with an error at once


@dataclass(frozen=True)
class Phase:
    """For ``seconds`` the hosts that get into trouble are like this."""

    name: str
    seconds: float
    health: Health


P = TypeVar("P", bound=Phase)


def spans(phases: Sequence[P]) -> list[tuple[P, float, float]]:
    """The phases, and when they begin and end."""
    found, begin = [], 0.0
    for phase in phases:
        found.append((phase, begin, begin + phase.seconds))
        begin += phase.seconds
    return found


@dataclass(frozen=True)
class Shape:
    """What is simulated: ``hosts``, each of so many ``workers``, and open-loop clients."""

    hosts: int = 9
    workers: int = 8  #: of each host: requests that it works on at a time
    queue: int = 1_000  #: of each host: requests that wait for a worker; more are refused
    service: float = 0.02  #: seconds of work in a request, on average
    slowness: float = 20.0  #: how many times that on a slow host
    rate: float = 1_800.0  #: requests in a second
    pool: int = 200  #: requests that the callers have under way at a time; others wait for their turn
    patience: float = 1.0  #: seconds after which an answer is of no use any more
    phases: tuple[Phase, ...] = (
        Phase("healthy", 10, Health.WELL),
        Phase("a third slow", 15, Health.SLOW),
        Phase("a third failing", 15, Health.FAILING),
        Phase("recovered", 20, Health.WELL),
    )

    @property
    def sick(self) -> int:
        """How many of the hosts get into trouble."""
        return self.hosts // 3

    @property
    def seconds(self) -> float:
        return sum(phase.seconds for phase in self.phases)

    def capacity(self, hosts: int) -> float:
        """Requests in a second that so many hosts can answer while they are well."""
        return hosts * self.workers / self.service


@dataclass
class Job:
    """A request at a host, which works on it even where nobody waits for the answer any longer."""

    work: float  #: seconds, on a host that is well
    reply: Callable[[int], None]


class World:
    """The events to come, and what time it is."""

    def __init__(self, shape: Shape, seed: int) -> None:
        self.shape = shape
        self.now = 0.0
        self._events: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._count = 0
        self.hosts = [Host(self, f"10.0.0.{number + 1}:80") for number in range(shape.hosts)]
        self.by_name = {host.name: host for host in self.hosts}
        self.random = random.Random(seed)

    def after(self, seconds: float, what: Callable[..., None], *arguments: Any) -> None:
        self._count += 1
        heapq.heappush(self._events, (self.now + seconds, self._count, what, arguments))

    def run(self, arrive: Callable[[], None]) -> None:
        """Lets requests come until the last phase is over, and all that they begin come to its end."""
        self.after(0.0, self._arrivals, arrive)
        for phase, begin, _ in spans(self.shape.phases):
            self.after(begin, self.enter, phase)
        while self._events:
            self.now, _, what, arguments = heapq.heappop(self._events)
            what(*arguments)

    def enter(self, phase: Phase) -> None:
        for host in self.hosts[: self.shape.sick]:
            host.become(phase.health)

    def _arrivals(self, arrive: Callable[[], None]) -> None:
        if self.now >= self.shape.seconds:
            return
        arrive()
        self.after(self.random.expovariate(self.shape.rate), self._arrivals, arrive)


@dataclass
class Host:
    """So many workers, and a queue before them."""

    world: World
    name: str
    health: Health = Health.WELL
    busy: int = 0
    waiting: deque[Job] = field(default_factory=deque)
    asked: int = 0  #: requests that came here

    def become(self, health: Health) -> None:
        self.health = health
        if health is Health.FAILING:
            while self.waiting:
                self.waiting.popleft().reply(BAD_GATEWAY)

    def arrive(self, job: Job) -> None:
        self.asked += 1
        if self.health is Health.FAILING or len(self.waiting) >= self.world.shape.queue:
            self.world.after(0.001, job.reply, BAD_GATEWAY)
        elif self.busy < self.world.shape.workers:
            self._work(job)
        else:
            self.waiting.append(job)

    def _work(self, job: Job) -> None:
        self.busy += 1
        slowness = self.world.shape.slowness if self.health is Health.SLOW else 1.0
        self.world.after(job.work * slowness, self._finish, job)

    def _finish(self, job: Job) -> None:
        self.busy -= 1
        job.reply(OK)
        if self.waiting:
            self._work(self.waiting.popleft())
