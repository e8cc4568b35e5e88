"""Counting on the path of requests, by any number of threads."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Hashable
from typing import Generic, TypeVar

__all__ = ["Tally"]

K = TypeVar("K", bound=Hashable)


class _Lent(Generic[K]):
    """Counts that a thread has; they are free again when it ends."""

    def __init__(self, counts: dict[K, int], free: deque[dict[K, int]]) -> None:
        self._counts = counts
        self._free = free

    def __del__(self) -> None:
        self._free.append(self._counts)


class _Counts(threading.local, Generic[K]):
    """The counts of one thread: nobody else writes to them, so that none is lost and nobody waits. A thread
    goes on with those of one that has ended: some servers have a thread for each request."""

    def __init__(self, everyone: list[dict[K, int]], free: deque[dict[K, int]]) -> None:
        try:
            self.counts: dict[K, int] = free.pop()
        except IndexError:
            self.counts = {}
            everyone.append(self.counts)
        self._lent = _Lent(self.counts, free)


class Tally(Generic[K]):
    """How often each key was counted. Its memory is that of the keys, once for each thread that there was at
    a time."""

    def __init__(self) -> None:
        self._everyone: list[dict[K, int]] = []
        #: ``mine.counts`` are those of the calling thread, for compiled code that adds to them.
        self.mine: _Counts[K] = _Counts(self._everyone, deque())

    def count(self, key: K) -> None:
        counts = self.mine.counts
        counts[key] = counts.get(key, 0) + 1

    def total(self) -> Counter[K]:
        """The sums so far. While others count it may lag behind them by what they are counting just now."""
        total: Counter[K] = Counter()
        for counts in list(self._everyone):
            total.update(dict(counts))  # copied in one step, which no count comes into
        return total
