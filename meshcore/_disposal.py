"""Freeing large object graphs without holding up other threads.

The last reference to a configuration of 100,000 routes frees a million objects in one go, and the
interpreter does nothing else meanwhile. Here such graphs are taken apart into small pieces, which
are freed one after the other: between two of them other threads run.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from queue import SimpleQueue

from meshcore._memory import hide

__all__ = ["dispose", "ready", "release"]

#: Containers with so many items are not looked into further: each item is a piece.
WIDE = 256
#: So many objects are looked at in search of wide containers.
SEARCHED = 20_000

_queue: SimpleQueue[object] = SimpleQueue()
_lock = threading.Lock()
_owner = 0  # the process that has the thread: a fork does not take it along


def release(roots: list[object]) -> None:
    """Empty a list that has the only references to its items, and free these piece by piece."""
    pieces = _pieces(roots)
    roots.clear()
    while pieces:
        pieces.pop()


def ready() -> None:
    """See to it that there is a thread for ``dispose``."""
    global _owner
    with _lock:
        if _owner != os.getpid():
            threading.Thread(target=_serve, name="meshcore-disposal", daemon=True).start()
            _owner = os.getpid()


def dispose(*values: object) -> None:
    """Leave it to the disposal thread to free what nobody else holds. For destructors: it never waits.

    Without ``ready()`` in this process the values are freed as ever.
    """
    if _owner == os.getpid():
        _queue.put(values)


def _serve() -> None:
    while True:
        release([_queue.get()])


def _pieces(roots: list[object]) -> list[object]:
    """References to objects all over the graph, so that none of them is freed together with many."""
    pieces: list[object] = []
    waiting: list[object] = list(roots)
    for items in (pieces, waiting):
        hide(items)
    seen: set[int] = set()
    while waiting and len(seen) < SEARCHED:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        children = _children(value)
        if len(children) >= WIDE:
            pieces += children
        else:
            waiting += children
    pieces += waiting
    return pieces


def _children(value: object) -> list[object]:
    if isinstance(value, list | tuple | set | frozenset):
        return list(value)
    if isinstance(value, dict):
        return list(value.values())
    kind = type(value)
    fields: Iterable[str] = (
        getattr(kind, "__struct_fields__", ()) or getattr(kind, "__dataclass_fields__", None) or ()
    )
    return [getattr(value, name, None) for name in fields]
