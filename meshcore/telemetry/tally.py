"""Counting on the path of requests, by any number of threads."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Hashable
from typing import Generic, TypeVar

__all__ = ["Tally"]

K = TypeVar("K", bound=Hashable)


class _Counts(threading.local, Generic[K]):
    """The counts of one thread: nobody else writes to them, so that none is lost and nobody waits."""

    def __init__(self, everyone: list[dict[K, int]]) -> None:
        self.counts: dict[K, int] = {}
        everyone.append(self.counts)


class Tally(Generic[K]):
    """How often each key was counted. Its memory is that of the keys, once for each thread that counts."""

    def __init__(self) -> None:
        self._everyone: list[dict[K, int]] = []
        #: ``mine.counts`` are those of the calling thread, for compiled code that adds to them.
        self.mine: _Counts[K] = _Counts(self._everyone)

    def count(self, key: K) -> None:
        counts = self.mine.counts
        counts[key] = counts.get(key, 0) + 1

    def total(self) -> Counter[K]:
        """The sums so far. While others count it may lag behind them by what they are counting just now."""
        total: Counter[K] = Counter()
        for counts in list(self._everyone):
            total.update(dict(counts))  # copied in one step, which no count comes into
        return total
