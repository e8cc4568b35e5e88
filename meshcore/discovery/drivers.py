"""What makes an engine's endpoints follow DNS: a thread of its own, or a task of asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import Any

from meshcore.discovery.following import Following
from meshcore.engine import Engine
from meshcore.model import Config

__all__ = ["AsyncDiscovery", "ThreadDiscovery"]


class _Driver:
    """What both drivers offer."""

    following: Following

    def address(self, cluster: str, endpoint: str) -> str:
        """Where to connect for a decision's endpoint: an endpoint of LOGICAL_DNS is a name, and this its
        current address; every other is its own. Takes no lock."""
        return self.following.address(cluster, endpoint)


class ThreadDiscovery(_Driver):
    """Follows the names of an engine's clusters in a thread; also a context manager.

    The thread begins when there is a name to follow: where a process has a second thread, even one that
    waits, each of its system calls costs more.

    Args: those of :class:`Following`.

    Raises:
        ImportError: a cluster needs a resolver that is not there.
    """

    def __init__(self, engine: Engine, **options: Any) -> None:
        self._due = threading.Event()
        self.following = Following(engine, woken=self._wake, **options)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self, *, wait: float = 10.0) -> bool:
        """Begin, and wait for the first answers at most so many seconds; whether all have come."""
        self.following.begin()
        return self.following.wait_warm(wait)

    def swap(self, config: Config, *, wait: float = 10.0) -> None:
        """See :meth:`Following.swap`."""
        self.following.swap(config, wait=wait)

    def close(self) -> None:
        """Look nothing up any longer."""
        self.following.close()
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()

    def __enter__(self) -> ThreadDiscovery:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _wake(self) -> None:
        self._due.set()
        if self._thread is None and self.following.has_names():
            with self._lock:
                if self._thread is None and not self.following.closed:
                    self._thread = threading.Thread(target=self._run, name="meshcore-discovery", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        while not self.following.closed:
            self._due.clear()
            self._due.wait(self.following.pump())


class AsyncDiscovery(_Driver):
    """Follows the names of an engine's clusters in a task; also an async context manager.

    Lookups, and what they change, run in threads: the event loop only says when.

    Args: those of :class:`Following`.

    Raises:
        ImportError: a cluster needs a resolver that is not there.
    """

    def __init__(self, engine: Engine, **options: Any) -> None:
        self.following = Following(engine, woken=self._wake, **options)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._due = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self, *, wait: float = 10.0) -> bool:
        """Begin, and wait for the first answers at most so many seconds; whether all have come."""
        self._loop = asyncio.get_running_loop()
        await asyncio.to_thread(self.following.begin)
        self._task = asyncio.create_task(self._run(), name="meshcore-discovery")
        return await asyncio.to_thread(self.following.wait_warm, wait)

    async def swap(self, config: Config, *, wait: float = 10.0) -> None:
        """See :meth:`Following.swap`."""
        await asyncio.to_thread(self.following.swap, config, wait=wait)

    async def close(self) -> None:
        """Look nothing up any longer."""
        self.following.close()
        if self._task is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def __aenter__(self) -> AsyncDiscovery:
        await self.start()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()

    def _wake(self) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._due.set)

    async def _run(self) -> None:
        while not self.following.closed:
            self._due.clear()
            delay = self.following.pump()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._due.wait(), delay)
