"""The time of a checker; tests hand in one of their own."""

from __future__ import annotations

import asyncio
import time

__all__ = ["Clock"]


class Clock:
    """The machine's: seconds that never go back."""

    def time(self) -> float:
        # Of the machine rather than of the process, so that processes can compare what they read.
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
