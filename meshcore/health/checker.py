"""Checks the endpoints of an engine's configuration, and tells the engine what comes of it."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import logging
import os
import random
import threading
from collections.abc import Callable, Iterator
from types import TracebackType

from meshcore import _options as option
from meshcore.engine import Engine
from meshcore.health.board import Board
from meshcore.health.checks import Checks
from meshcore.health.clock import Clock
from meshcore.health.machine import Machine
from meshcore.health.plan import Key
from meshcore.health.probes import require_libraries
from meshcore.health.session import Result
from meshcore.model import Config, HealthStatus

__all__ = ["HealthChecker"]

_log = logging.getLogger("meshcore.health")

#: Seconds that a loop is given to tell what it has found by the time that it had.
_MARGIN = 1.0


class HealthChecker:
    """Active health checks for one engine.

    It follows the engine's configuration: endpoints that come are checked, those that go are not any more.
    Run it in an event loop of yours::

        task = asyncio.create_task(HealthChecker(engine).run())

    or in a thread of its own::

        with HealthChecker(engine) as checker:
            checker.wait(timeout=5)  # until each endpoint has been checked once

    Of several processes with one ``shared`` folder one checks for all. Another one takes over when it ends,
    and each checks for itself what the others do not.

    Args:
        engine: whose endpoints are checked. One checker an engine.
        shared: a folder for processes of one user, made where it is not there; None: each checks for itself.
        clock: where the time comes from.
        seed: makes the jitter repeatable.

    Raises:
        ImportError: where a check of the configuration needs a library that is not installed.
        OSError: where the folder cannot be made, or others than this user may write into it.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        shared: str | os.PathLike[str] | None = None,
        clock: Clock | None = None,
        seed: int | None = None,
    ) -> None:
        option.engine("engine", engine)
        if shared is not None:
            option.path("shared", shared, "the path of a folder")
        checks = [cluster.health_check for cluster in engine.config.clusters if cluster.health_check]
        require_libraries(checks)
        clock = clock or Clock()
        machine = Machine(Board(shared), clock) if shared is not None else None
        if machine is None and checks:
            _log.info("without a shared folder this process checks endpoints for itself alone")
        self._engine = engine
        self._checks = Checks(engine, machine, clock, random.Random(seed), self._round_done)
        self._checked = threading.Event()
        self._round = asyncio.Event()
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._main: asyncio.Task[None] | None = None
        self._thread: threading.Thread | None = None

    # ------------------------------------------------------------------ ways to run it

    async def run(self) -> None:
        """Check until cancelled; then nothing is said of endpoints any more.

        Raises:
            RuntimeError: where the engine's endpoints are checked already.
        """
        self._engine.begin_checks(self._checks.described)
        self._loop = asyncio.get_running_loop()
        self._main = asyncio.current_task()
        self._engine.watch(self._changed)
        looking = asyncio.ensure_future(self._checks.look())
        try:
            while True:
                self._checks.follow()
                await self._wake.wait()
                self._wake.clear()
        finally:
            self._engine.unwatch(self._changed)
            self._loop = None
            looking.cancel()
            await self._checks.close()
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
        thread, main = self._thread, self._main
        self._thread = None
        if thread is not None:
            if main is not None:
                self._call(main.cancel)
            thread.join()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until each endpoint has been checked once; False where ``timeout`` seconds were not enough."""
        return self._checked.wait(timeout)

    @contextlib.contextmanager
    def warmed(self, config: Config, *, wait: float = 10.0) -> Iterator[None]:
        """Check the endpoints that a configuration brings before it is in force, as Envoy warms clusters::

            with checker.warmed(config):
                engine.swap(config)

        Requests go on meanwhile. Endpoints whose first check has not ended after ``wait`` seconds come
        unhealthy, as all would without this. From any thread but the one in which the checker runs, where
        nothing is waited for; nor is it where the checker does not run.
        """
        found = self._warm(config, wait)
        try:
            yield
            words: dict[str, dict[str, HealthStatus]] = {}
            for (cluster, endpoint), result in found.items():
                words.setdefault(cluster, {})[endpoint] = result.health
            for cluster, said in words.items():  # at once: the checker's thread may be busy
                self._engine.set_checked_health(cluster, said)
        finally:
            self._call(self._checks.settle)

    def _warm(self, config: Config, wait: float) -> dict[Key, Result]:
        loop = self._loop
        if loop is None or loop is _running_loop():
            return {}
        try:
            warming = asyncio.run_coroutine_threadsafe(self._checks.warm(config, wait), loop)
        except RuntimeError:  # the loop is closed
            return {}
        try:
            return warming.result(wait + _MARGIN)
        except (concurrent.futures.CancelledError, concurrent.futures.TimeoutError):  # it ends, or is stuck
            warming.cancel()
            return {}

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
        self._call(self._checks.fail, (cluster, endpoint))

    def _round_done(self) -> None:
        self._round.set()
        self._checked.set()

    def _changed(self) -> None:
        self._call(self._wake.set)

    def _call(self, function: Callable[..., object], *args: object) -> None:
        """In the loop, from any thread; nothing where the checker does not run any more."""
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(function, *args)

    # ------------------------------------------------------------------ what it tells

    def counters(self) -> dict[str, int]:
        """Envoy's ``cluster.<name>.health_check.*``, of the checks that this process has made."""
        return dict(self._checks.stats.counters)

    def gauges(self) -> dict[str, int]:
        """How many hosts of each cluster are healthy (degraded ones included) and how many degraded."""
        return self._checks.gauges()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
