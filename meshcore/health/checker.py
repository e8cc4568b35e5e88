"""Checks the endpoints of an engine's configuration, and tells the engine what comes of it."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from types import TracebackType
from typing import Any

from meshcore.certificates import Certificates
from meshcore.engine import Engine
from meshcore.health.clock import Clock
from meshcore.health.connection import Connection
from meshcore.health.plan import Job, Key, plan
from meshcore.health.probes import require_libraries
from meshcore.health.session import Result, Session
from meshcore.health.stats import Counts, hosts_by_health
from meshcore.health.verdict import Verdict
from meshcore.model import Cluster, HealthStatus

__all__ = ["HealthChecker"]


class HealthChecker:
    """Active health checks for one engine.

    It follows the engine's configuration: endpoints that come are checked, those that go are not any more.
    Run it in an event loop of yours::

        task = asyncio.create_task(HealthChecker(engine).run())

    or in a thread of its own::

        with HealthChecker(engine) as checker:
            checker.wait(timeout=5)  # until each endpoint has been checked once

    Args:
        engine: whose endpoints are checked. One checker an engine.
        clock: where the time comes from.
        seed: makes the jitter repeatable.

    Raises:
        ImportError: where a check of the configuration needs a library that is not installed.
    """

    def __init__(self, engine: Engine, *, clock: Clock | None = None, seed: int | None = None) -> None:
        self._engine = engine
        self._clock = clock or Clock()
        self._random = random.Random(seed)
        self._certificates = Certificates()
        self._jobs: dict[Key, Job] = {}
        self._clusters: dict[str, Cluster] = {}
        self._sessions: dict[Key, Session] = {}
        self._tasks: dict[Key, asyncio.Task[None]] = {}
        self._words: dict[str, dict[str, HealthStatus]] = {}
        self._traffic: set[str] = set()
        self._stats = Counts()
        self._unchecked: set[Key] = set()
        self._checked = threading.Event()
        self._round = asyncio.Event()
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._main: asyncio.Task[None] | None = None
        self._thread: threading.Thread | None = None
        require_libraries(cluster.health_check for cluster in engine.config.clusters)

    # ------------------------------------------------------------------ ways to run it

    async def run(self) -> None:
        """Check until cancelled; then nothing is said of endpoints any more.

        Raises:
            RuntimeError: where the engine's endpoints are checked already.
        """
        self._loop = asyncio.get_running_loop()
        self._main = asyncio.current_task()
        self._engine.begin_checks(self._describe)
        self._engine.watch(self._changed)
        try:
            while True:
                self._follow()
                await self._wake.wait()
                self._wake.clear()
        finally:
            self._engine.unwatch(self._changed)
            self._loop = None
            await self._drop(list(self._tasks))
            self._engine.end_checks()

    async def first_round(self) -> None:
        """Wait until each endpoint has been checked once."""
        await self._round.wait()

    def start(self) -> None:
        """Check in a thread of its own, until ``stop()``."""
        if self._thread is not None:
            raise RuntimeError("the checker has been started already")
        begun = threading.Event()
        self._thread = threading.Thread(
            target=self._in_thread, args=(begun,), name="meshcore-health", daemon=True
        )
        self._thread.start()
        begun.wait()

    def stop(self) -> None:
        """End the thread; nothing is said of endpoints any more."""
        thread, loop, main = self._thread, self._loop, self._main
        self._thread = None
        if thread is None:
            return
        if loop is not None and main is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: it has ended by itself
                loop.call_soon_threadsafe(main.cancel)
        thread.join()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until each endpoint has been checked once; False where ``timeout`` seconds were not enough."""
        return self._checked.wait(timeout)

    def __enter__(self) -> HealthChecker:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _in_thread(self, begun: threading.Event) -> None:
        async def main() -> None:
            asyncio.get_running_loop().call_soon(begun.set)
            await self.run()

        with contextlib.suppress(asyncio.CancelledError):
            try:
                asyncio.run(main())
            finally:
                begun.set()

    # ------------------------------------------------------------------ what it is told

    def fail(self, cluster: str, endpoint: str) -> None:
        """An answer to a request had ``x-envoy-immediate-health-check-fail``: the endpoint fails from now on,
        until its checks succeed again. From any thread; what is not checked is passed over."""
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._fail, (cluster, endpoint))

    def _fail(self, key: Key) -> None:
        session = self._sessions.get(key)
        if session is not None:
            session.fail()

    def _changed(self) -> None:
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._wake.set)

    # ------------------------------------------------------------------ what it tells

    def counters(self) -> dict[str, int]:
        """Envoy's ``cluster.<name>.health_check.*``."""
        return dict(self._stats.counters)

    def gauges(self) -> dict[str, int]:
        """How many hosts of each cluster are healthy (degraded ones included) and how many degraded."""
        return hosts_by_health(
            (key[0], session.result.health) for key, session in list(self._sessions.items())
        )

    # ------------------------------------------------------------------ what it does

    def _follow(self) -> None:
        """Check what the configuration in force wants checked, and nothing else."""
        config = self._engine.config
        jobs = plan(config, self._jobs, self._clusters)
        self._clusters = {cluster.name: cluster for cluster in config.clusters if cluster.health_check}
        gone = [key for key in self._jobs if key not in jobs]
        changed = [
            key for key, job in jobs.items() if self._jobs.get(key) is not job and self._jobs.get(key) != job
        ]
        self._jobs = jobs
        for key in gone:
            self._say(key, HealthStatus.UNKNOWN)
        known = {key: self._sessions[key].result for key in changed if key in self._sessions}
        self._forget(gone + changed)
        for key in changed:
            self._begin(key, known.get(key))
        self._note_round()

    def _begin(self, key: Key, known: Result | None) -> None:
        job = self._jobs[key]
        connection = Connection(job, self._certificates, self._clock)
        session = Session(
            job,
            connection,
            self._clock,
            lambda: self._random.getrandbits(64),
            self._has_traffic,
            self._tell,
            known,
        )
        self._sessions[key] = session
        if session.result.passed is None:
            self._unchecked.add(key)
        self._say(key, session.result.health)
        self._tasks[key] = asyncio.ensure_future(session.run())

    def _forget(self, keys: list[Key]) -> None:
        for key in keys:
            self._sessions.pop(key, None)
            self._unchecked.discard(key)
            task = self._tasks.pop(key, None)
            if task is not None:
                task.cancel()

    async def _drop(self, keys: list[Key]) -> None:
        tasks = [self._tasks[key] for key in keys]
        self._forget(keys)
        self._jobs, self._clusters = {}, {}
        if tasks:
            await asyncio.wait(tasks)

    def _tell(self, session: Session, verdict: Verdict) -> None:
        key = session.job.key
        if self._sessions.get(key) is not session:
            return
        self._stats.add(key[0], verdict)
        self._unchecked.discard(key)
        self._say(key, session.result.health)
        self._note_round()

    def _note_round(self) -> None:
        if not self._unchecked:
            self._flush()
            self._round.set()
            self._checked.set()

    def _say(self, key: Key, health: HealthStatus) -> None:
        """Have the engine told, with whatever else is to be said by then: it builds a balancer each time."""
        if not self._words and self._loop is not None:
            self._loop.call_soon(self._flush)
        self._words.setdefault(key[0], {})[key[1]] = health

    def _flush(self) -> None:
        words, self._words = self._words, {}
        for cluster, said in words.items():
            self._engine.set_checked_health(cluster, said)

    def _has_traffic(self, cluster: str) -> bool:
        if cluster not in self._traffic:
            try:
                if not self._engine.has_traffic(cluster):
                    return False
            except KeyError:
                return False
            self._traffic.add(cluster)
        return True

    def _describe(self, cluster: str, endpoint: str) -> dict[str, Any] | None:
        session = self._sessions.get((cluster, endpoint))
        return session.result.described(self._clock.time(), "this process") if session is not None else None
