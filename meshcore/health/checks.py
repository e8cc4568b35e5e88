"""All checks of one engine: which hosts are checked, by whom, and what the engine is told. In one loop."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

from meshcore.certificates import Certificates
from meshcore.engine import Engine
from meshcore.health.clock import Clock
from meshcore.health.connection import Connection
from meshcore.health.host import HostChecks
from meshcore.health.machine import TICK, Machine
from meshcore.health.plan import Job, Key, plan
from meshcore.health.session import Result, Session
from meshcore.health.stats import Counts, hosts_by_health
from meshcore.health.verdict import Verdict
from meshcore.health.warming import Tell, first_results
from meshcore.model import Cluster, Config, HealthStatus

__all__ = ["Checks"]


class Checks:
    """What is checked here, what others check, and what is known of both.

    Args:
        engine: whose endpoints they are.
        machine: the other processes; None: this one has nothing to do with them.
        clock: where the time comes from.
        random: for the jitter.
        round_done: called when each host has been checked once, and the engine knows.
    """

    def __init__(
        self,
        engine: Engine,
        machine: Machine | None,
        clock: Clock,
        random: random.Random,
        round_done: Callable[[], None],
    ) -> None:
        self.stats = Counts()
        self._round_done = round_done
        self._unchecked: set[Key] = set()  #: hosts whose first check has not ended
        self._engine = engine
        self._machine = machine
        self._clock = clock
        self._random = random
        self._certificates = Certificates()
        self._clusters: dict[str, Cluster] = {}
        self._jobs: dict[Key, Job] = {}
        self._sessions: dict[Key, Session] = {}  #: of hosts that are checked here
        self._tasks: dict[Key, asyncio.Task[None]] = {}
        self._adopted: dict[Key, Result] = {}  #: of hosts that others check
        self._warmed: dict[Key, Result] = {}  #: of hosts that are to come
        self._said: dict[Key, HealthStatus] = {}
        self._words: dict[str, dict[str, HealthStatus]] = {}  #: still to be said, by cluster and endpoint
        self._news = False  #: for other processes
        self._traffic: set[str] = set()

    # ------------------------------------------------------------------ what is to be checked

    def follow(self) -> None:
        """Check what the configuration in force wants checked, and nothing else."""
        config = self._engine.config
        jobs = plan(config, self._jobs, self._clusters)
        self._clusters = {cluster.name: cluster for cluster in config.clusters if cluster.health_check}
        old, self._jobs = self._jobs, jobs
        for key in old.keys() - jobs.keys():
            self._say(key, HealthStatus.UNKNOWN)
            self._forget(key)
            self._adopted.pop(key, None)
            self._said.pop(key, None)
            self._unchecked.discard(key)
        for key in old.keys() & jobs.keys():
            if old[key] is not jobs[key] and old[key] != jobs[key] and key in self._sessions:
                # What is known of a host outlives another way of checking it.
                self._adopted[key] = self._sessions[key].result
                self._forget(key)
        self._unchecked |= jobs.keys() - old.keys()
        self._news = True
        self.arrange()

    def arrange(self) -> None:
        """Check here what nobody else checks, and adopt what others have found."""
        elsewhere: dict[Key, Result | None] = {}
        if self._machine is not None:
            self._machine.look()
            elsewhere = self._machine.elsewhere(self._jobs)
        for key, job in self._jobs.items():
            if key in elsewhere:
                self._adopt(key, job, elsewhere[key])
            elif key not in self._sessions:
                self._begin(key, job, self._adopted.pop(key, None) or self._warmed.get(key))
        self.flush()

    async def warm(self, config: Config, wait: float) -> dict[Key, Result]:
        """Check each host once that a configuration brings, in ``wait`` seconds: it is known when it comes.

        What others of the machine have found is taken from them.
        """
        jobs = plan(config, self._jobs, self._clusters)
        elsewhere: dict[Key, Result | None] = {}
        if self._machine is not None:
            elsewhere = self._machine.elsewhere({**self._jobs, **jobs})
        found = {key: known for key in jobs if key not in self._jobs and (known := elsewhere.get(key))}
        new = [job for key, job in jobs.items() if key not in self._jobs and key not in found]
        self._warmed = found | await first_results(new, self._warming, wait)
        return self._warmed

    def _warming(self, job: Job, tell: Tell) -> Session:
        def count(session: Session, verdict: Verdict) -> None:
            self.stats.add(job.key[0], verdict)
            tell(session, verdict)

        return self._session(job, count)

    def settle(self) -> None:
        """What was warmed up has come, or does not come."""
        self.follow()
        self._warmed = {}

    def _session(self, job: Job, tell: Tell, known: Result | None = None) -> Session:
        return Session(
            job,
            Connection(job, self._certificates, self._clock),
            self._clock,
            lambda: self._random.getrandbits(64),
            self._has_traffic,
            tell,
            known,
        )

    def _begin(self, key: Key, job: Job, known: Result | None) -> None:
        session = self._session(job, self._tell, known)
        self._sessions[key] = session
        if session.result.passed is not None:
            self._unchecked.discard(key)
        self._say(key, session.result.health)
        self._tasks[key] = asyncio.ensure_future(session.run())

    def _forget(self, key: Key) -> None:
        self._sessions.pop(key, None)
        task = self._tasks.pop(key, None)
        if task is not None:
            task.cancel()

    def _adopt(self, key: Key, job: Job, result: Result | None) -> None:
        """None: it is left to others, who know nothing of it yet."""
        if result is None:
            if key not in self._sessions and key not in self._said:
                known = self._warmed.get(key)
                if known is not None:
                    self._adopted[key] = known
                    self._note_checked(key)
                self._say(key, (known or HostChecks(job.check, int, excluded=job.excluded)).health)
            return
        self._forget(key)
        old = self._adopted.get(key)
        if result == old:
            return
        self._adopted[key] = result
        if result.health is not self._said.get(key) or (result.passed and result.checked_at != _time(old)):
            self._say(key, result.health)
        self._note_checked(key)

    def _note_checked(self, key: Key) -> None:
        if key in self._unchecked:
            self._unchecked.discard(key)
            if not self._unchecked:
                self.flush()

    async def close(self) -> None:
        """Check nothing any more, and leave it to others."""
        tasks = list(self._tasks.values())
        for key in list(self._tasks):
            self._forget(key)
        if self._machine is not None:
            self._machine.leave()
        if tasks:
            await asyncio.wait(tasks)

    # ------------------------------------------------------------------ what is told

    def _tell(self, session: Session, verdict: Verdict) -> None:
        key = session.job.key
        if self._sessions.get(key) is session:
            self.stats.add(key[0], verdict)
            # Also where it is no news: outlier detection hears of checks that pass.
            if verdict.passed or session.result.health is not self._said.get(key):
                self._say(key, session.result.health)
            self._note_checked(key)

    def _say(self, key: Key, health: HealthStatus) -> None:
        """Have the engine told, with whatever else is to be said by then: it builds a balancer each time."""
        if not self._words:
            asyncio.get_running_loop().call_soon(self.flush)
        self._words.setdefault(key[0], {})[key[1]] = health
        if self._said.get(key) is not health:
            self._said[key] = health
            self._news = True

    def flush(self) -> None:
        """Tell the engine at once what is to be said."""
        words, self._words = self._words, {}
        for cluster, said in words.items():
            self._engine.set_checked_health(cluster, said)
        if not self._unchecked:
            self._round_done()

    # ------------------------------------------------------------------ other processes

    async def look(self) -> None:
        """See to what other processes do, until cancelled."""
        machine = self._machine
        while machine is not None:
            self._publish(machine)
            await self._clock.sleep(TICK)
            for key in machine.failed(self._jobs):
                self.fail(key)
            self.arrange()

    def _publish(self, machine: Machine) -> None:
        if machine.leading:
            news, self._news = self._news, False
            machine.publish([(one.job, one.result) for one in self._sessions.values()], news)
            return
        for cluster in self._clusters.keys() - self._traffic:
            if self._has_traffic(cluster):
                machine.mark_traffic(cluster)

    def fail(self, key: Key) -> None:
        """A host has said that it fails, in an answer to a request."""
        if key in self._sessions:
            self._sessions[key].fail()
        elif self._machine is not None and key in self._jobs:
            self._machine.fail(self._jobs[key])
            self.arrange()

    def _has_traffic(self, cluster: str) -> bool:
        if cluster in self._traffic:
            return True
        try:
            found = self._engine.has_traffic(cluster)
        except KeyError:
            found = False
        if not found and self._machine is not None and self._machine.leading:
            found = self._machine.has_traffic(cluster)
        if found:
            self._traffic.add(cluster)
        return found

    # ------------------------------------------------------------------ what is known

    def gauges(self) -> dict[str, int]:
        """How many hosts of each cluster are healthy and how many degraded."""
        return hosts_by_health((key[0], health) for key, health in list(self._said.items()))

    def described(self, cluster: str, endpoint: str) -> dict[str, Any] | None:
        """For admin pages; None: the endpoint is not checked."""
        key, now = (cluster, endpoint), self._clock.time()
        session, adopted = self._sessions.get(key), self._adopted.get(key)
        if session is not None:
            return session.result.described(now, "this process")
        if adopted is not None and self._machine is not None:
            return adopted.described(now, f"process {self._machine.leader}")
        return None


def _time(result: Result | None) -> float | None:
    return result.checked_at if result is not None else None
