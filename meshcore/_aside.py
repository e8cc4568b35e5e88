"""Blocking work beside an event loop, by a thread that does not stay."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

__all__ = ["aside"]

T = TypeVar("T")


async def aside(work: Callable[[], T]) -> T:
    """As ``asyncio.to_thread()``, for what is done once: threads of asyncio's pool stay until the loop ends,
    and where a process has a second thread, each of its system calls costs more."""
    pool = ThreadPoolExecutor(1)
    try:
        return await asyncio.get_running_loop().run_in_executor(pool, contextvars.copy_context().run, work)
    finally:
        pool.shutdown(wait=False)
