"""Blocking work beside an event loop, by a thread that does not stay."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from meshcore._per_loop import PerLoop

__all__ = ["Together", "aside", "require_asyncio"]

T = TypeVar("T")


def require_asyncio(who: str) -> None:
    """
    Raises:
        RuntimeError: no event loop of asyncio runs here.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        raise RuntimeError(f"{who}; here runs none of its event loops (Trio?)") from None


async def aside(work: Callable[[], T]) -> T:
    """As ``asyncio.to_thread()``, for what is done once: threads of asyncio's pool stay until the loop ends,
    and where a process has a second thread, each of its system calls costs more."""
    require_asyncio("a mesh is started and closed beside event loops of asyncio")
    pool = ThreadPoolExecutor(1)
    try:
        return await asyncio.get_running_loop().run_in_executor(pool, contextvars.copy_context().run, work)
    finally:
        pool.shutdown(wait=False)


class Together:
    """Lets all who want the same work in an event loop meanwhile wait for one thread that does it."""

    def __init__(self) -> None:
        self._under_way: PerLoop[asyncio.Task[None]] = PerLoop()

    async def aside(self, work: Callable[[], None]) -> None:
        """Wait for the work that is under way, or begin it. Who is cancelled ends it for nobody else."""

        def begin() -> asyncio.Task[None]:
            task = asyncio.ensure_future(aside(work))
            task.add_done_callback(lambda _: self._under_way.pop())
            return task

        await asyncio.shield(self._under_way.get(begin))
