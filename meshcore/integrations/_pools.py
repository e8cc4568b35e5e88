"""Pools of connections by what a library's own pool does not tell apart: TLS server names, unix sockets."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

__all__ = ["Pool", "Pools"]

#: Kept open at a time, beside those that are still in use.
MOST = 64


class Pool:
    """A transport of the library, and how many requests are using it."""

    def __init__(self, transport: Any) -> None:
        self.transport = transport
        self.users = 0
        self.kept = True


class Pools:
    """The pools of one client. Those that have not been used for longest are closed, once they are idle.

    Args:
        close: closes a transport.
        most: how many are kept.
    """

    def __init__(self, close: Callable[[Any], object], most: int = MOST) -> None:
        self._close = close
        self._most = most
        self._lock = threading.Lock()
        self._pools: OrderedDict[Hashable, Pool] = OrderedDict()

    def take(self, key: Hashable, make: Callable[[], Any]) -> Pool:
        """The pool of a key, made where there is none. To be given back when the request is over."""
        with self._lock:
            pool = self._pools.get(key)
            if pool is None:
                pool = self._pools[key] = Pool(make())
            pool.users += 1
            self._pools.move_to_end(key)
            dropped = self._drop() if len(self._pools) > self._most else None
        if dropped is not None:
            self._close(dropped.transport)
        return pool

    def _drop(self) -> Pool | None:
        """Keep the one that was used longest ago no longer; it is returned if nobody uses it now."""
        _, pool = self._pools.popitem(last=False)
        pool.kept = False
        return None if pool.users else pool

    def give(self, pool: Pool) -> None:
        """A request is over."""
        with self._lock:
            pool.users -= 1
            over = not pool.kept and not pool.users
        if over:
            self._close(pool.transport)

    def clear(self) -> list[Any]:
        """All that are kept, to be closed by the caller; none is kept afterwards."""
        with self._lock:
            found = [pool.transport for pool in self._pools.values()]
            self._pools.clear()
        return found
