"""The first checks of hosts that are not served yet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from meshcore.health.plan import Job, Key
from meshcore.health.session import Result, Session
from meshcore.health.verdict import Verdict

__all__ = ["Tell", "first_results"]

Tell = Callable[[Session, Verdict], None]


async def first_results(
    jobs: Iterable[Job], session_of: Callable[[Job, Tell], Session], wait: float
) -> dict[Key, Result]:
    """What one check of each host finds, in ``wait`` seconds; hosts whose check has not ended are left out.

    Args:
        session_of: makes the session that checks; it tells what it is given of each verdict.
    """
    found: dict[Key, Result] = {}

    async def check(job: Job) -> None:
        ended = asyncio.Event()
        session = session_of(job, lambda *_: ended.set())
        running = asyncio.ensure_future(session.run())
        try:
            await ended.wait()
            found[job.key] = session.result
        finally:
            running.cancel()
            await asyncio.wait({running})

    tasks = [asyncio.ensure_future(check(job)) for job in jobs]
    try:
        if tasks:
            await asyncio.wait(tasks, timeout=wait)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return found
