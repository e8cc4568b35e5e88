"""The clients of sim_overload.py: no mesh, retries alone, and the engine.

A client decides what becomes of each request; the world does the rest. All get the same at the same times.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from overload_world import OK, Job, World

from meshcore import Attempt, Decision, Engine, Outcome, load

__all__ = ["Client", "Mesh", "NoMesh", "Retries", "Tally"]

DOCUMENTS = Path(__file__).parent / "overload.yaml"
#: The retry budget that they set.
BUDGET_PERCENT, LEAST_RETRIES = 20, 3


@dataclass
class Tally:
    """What came of the requests; lists are by the second in which they began."""

    begun: list[int] = field(default_factory=list)
    good: list[int] = field(default_factory=list)  #: answered well, and in time
    attempts: list[int] = field(default_factory=list)
    refused: int = 0  #: by a circuit breaker
    most_retries: float = 0.0  #: under way at a time, as a share of what the budget allows


class Client(ABC):
    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.tally = Tally()
        self._seed = seed
        self._requests = self._busy = 0
        self._waiting: deque[tuple[float, random.Random]] = deque()

    def arrive(self) -> None:
        """A request comes. What is left to chance in it has a source of its own, the same for all clients."""
        self._requests += 1
        self._count(self.tally.begun, self.world.now)
        self._waiting.append((self.world.now, random.Random(self._seed * 1_000_003 + self._requests)))
        self._take_turns()

    def _take_turns(self) -> None:
        """Those that have waited for longer than anybody does are given up."""
        while self._waiting and self._busy < self.world.shape.pool:
            began, chance = self._waiting.popleft()
            if self.world.now - began > self.world.shape.patience:
                self._count(self.tally.good, began, 0)
            else:
                self._busy += 1
                self.begin(began, chance)

    @abstractmethod
    def begin(self, began: float, chance: random.Random) -> None:
        """Do what the client does for a request."""

    def send(self, began: float, host: str, chance: random.Random, reply: Callable[[int], None]) -> None:
        self._count(self.tally.attempts, began)
        work = chance.expovariate(1 / self.world.shape.service)
        self.world.by_name[host].arrive(Job(work, reply))

    def ended(self, began: float, good: bool) -> None:
        in_time = self.world.now - began <= self.world.shape.patience
        self._count(self.tally.good, began, int(good and in_time))
        self._busy -= 1
        self.world.after(0.0, self._take_turns)

    def _count(self, what: list[int], at: float, amount: int = 1) -> None:
        second = int(at)
        what.extend([0] * (second + 1 - len(what)))
        what[second] += amount


class NoMesh(Client):
    """Any host, a timeout, and that is it."""

    tries = 1
    timeout = 1.0
    wait = 0.1  #: before another attempt: random, up to this times two to the number of attempts

    def begin(self, began: float, chance: random.Random) -> None:
        self._attempt(began, chance, 1)

    def _attempt(self, began: float, chance: random.Random, number: int) -> None:
        replies: list[int] = []

        def reply(status: int) -> None:
            replies.append(status)
            if len(replies) > 1:
                return  # the answer after the timeout, or the timeout after the answer
            if status != OK and number < self.tries:
                wait = chance.uniform(0, self.wait * 2**number)
                self.world.after(wait, self._attempt, began, chance, number + 1)
            else:
                self.ended(began, status == OK)

        self.send(began, chance.choice(self.world.hosts).name, chance, reply)
        self.world.after(self.timeout, reply, 0)


class Retries(NoMesh):
    """What services have that put tenacity around httpx: three tries, with random exponential waits."""

    tries = 3
    timeout = 0.5


class Mesh(Client):
    """The engine on the world's clock: it picks hosts, ejects them, retries within its budget, sheds load."""

    def __init__(self, world: World, seed: int) -> None:
        super().__init__(world, seed)
        self.engine = Engine(load(DOCUMENTS), clock=lambda: world.now)
        self.active = self.retrying = 0

    @property
    def now_ns(self) -> int:
        return int(self.world.now * 1e9)

    def begin(self, began: float, chance: random.Random) -> None:
        seed = chance.getrandbits(64)
        decision = self.engine.decide("GET", "shop.example", "/", now_ns=self.now_ns, seed=seed)
        if decision.outcome is Outcome.FORWARD:
            _Exchange(self, decision, began, chance).start()
        else:
            self.tally.refused += decision.flags == "UO"
            self.ended(began, False)


class _Exchange:
    """One request, from its decision to its end."""

    def __init__(self, client: Mesh, decision: Decision, began: float, chance: random.Random) -> None:
        self._client = client
        self._world = client.world
        self._decision = decision
        self._began = began
        self._chance = chance
        self._over = self._retrying = False

    def start(self) -> None:
        self._client.active += 1
        assert self._decision.timeout is not None
        self._world.after(self._decision.timeout, self._deadline)
        for attempt in self._decision.attempts:
            self._send(attempt)

    def _send(self, attempt: Attempt) -> None:
        if self._over:
            return
        self._client.send(
            self._began, attempt.endpoint, self._chance, lambda status: self._answered(attempt, status)
        )
        if attempt.per_try_timeout is not None:
            self._world.after(attempt.per_try_timeout, self._timed_out, attempt)

    def _answered(self, attempt: Attempt, status: int) -> None:
        if not self._over and attempt.running:
            following = self._decision.report(status=status, attempt=attempt, now_ns=self._client.now_ns)
            self._next(following, status)

    def _timed_out(self, attempt: Attempt) -> None:
        if not self._over and attempt.running:
            self._next(self._decision.on_timeout(attempt, now_ns=self._client.now_ns), 0)

    def _next(self, attempt: Attempt | None, status: int) -> None:
        if attempt is not None:
            self._note_retry()
            self._world.after(attempt.backoff, self._send, attempt)
        elif self._decision.done:
            self._finish(self._decision.answered and status == OK)

    def _note_retry(self) -> None:
        """How near the budget is to its end, from what is under way in the world."""
        client = self._client
        client.retrying += not self._retrying
        self._retrying = True
        budget = max(LEAST_RETRIES, client.active * BUDGET_PERCENT // 100)
        client.tally.most_retries = max(client.tally.most_retries, client.retrying / budget)

    def _deadline(self) -> None:
        if not self._over:
            self._decision.on_deadline()
            self._finish(False)

    def _finish(self, good: bool) -> None:
        self._over = True
        self._client.active -= 1
        self._client.retrying -= self._retrying
        self._decision.close()
        self._client.ended(self._began, good)
