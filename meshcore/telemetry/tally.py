"""Counting on the path of requests, by any number of threads."""

from __future__ import annotations

import threading
from array import array
from collections import Counter, deque
from collections.abc import Hashable
from typing import Generic, TypeVar

__all__ = ["Tally"]

K = TypeVar("K", bound=Hashable)


class _Lent(Generic[K]):
    """Counts that a thread has; they are free again when it ends."""

    def __init__(self, cells: dict[K, array[int]], free: deque[dict[K, array[int]]]) -> None:
        self._cells = cells
        self._free = free

    def __del__(self) -> None:
        self._free.append(self._cells)


class _Counts(threading.local, Generic[K]):
    """The counts of one thread: nobody else writes to them, so that none is lost and nobody waits. A thread
    goes on with those of one that has ended: some servers have a thread for each request."""

    def __init__(self, everyone: list[dict[K, array[int]]], free: deque[dict[K, array[int]]]) -> None:
        try:
            self.cells: dict[K, array[int]] = free.pop()
        except IndexError:
            self.cells = {}
            everyone.append(self.cells)
        self._lent = _Lent(self.cells, free)


class Tally(Generic[K]):
    """How often each key was counted. Its memory is that of the keys, once for each thread that there was at
    a time."""

    def __init__(self) -> None:
        self._everyone: list[dict[K, array[int]]] = []
        self._mine: _Counts[K] = _Counts(self._everyone, deque())

    def count(self, key: K) -> None:
        self.cell(key)[0] += 1

    def cell(self, key: K) -> array[int]:
        """One number, for the calling thread to add to, and for nobody else: the count of a key. An array, so
        that compiled code makes no object of it."""
        cells = self._mine.cells
        found = cells.get(key)
        if found is None:
            found = cells[key] = array("q", (0,))
        return found

    def total(self) -> Counter[K]:
        """The sums so far. While others count it may lag behind them by what they are counting just now."""
        total: Counter[K] = Counter()
        for cells in list(self._everyone):
            for key, cell in cells.copy().items():  # copied in one step, which no count comes into
                total[key] += cell[0]
        return total
