"""What each event loop has one of."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["PerLoop"]

T = TypeVar("T")


class PerLoop(Generic[T]):
    """One thing for each event loop, made when it is first needed.

    It is let go of once its loop is closed and another one asks. Weak keys would not do: connections refer to
    the loop that they are of.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[asyncio.AbstractEventLoop, T] = {}

    def get(self, make: Callable[[], T]) -> T:
        """That of the running loop."""
        loop = asyncio.get_running_loop()
        found = self._kept.get(loop)
        if found is None:
            with self._lock:
                for other in [one for one in self._kept if one.is_closed()]:
                    del self._kept[other]
                found = self._kept[loop] = make()
        return found

    def find(self) -> T | None:
        """That of the running loop; None: it has none."""
        return self._kept.get(asyncio.get_running_loop())

    def pop(self) -> T | None:
        """The same, which is the loop's no longer."""
        return self._kept.pop(asyncio.get_running_loop(), None)

    def __len__(self) -> int:
        return len(self._kept)
