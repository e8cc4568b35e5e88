"""A pause of the cyclic garbage collector."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["without_collections"]


_lock = threading.Lock()
_pauses = 0  # under way, in all threads: the collector is the process's
_enabled = False  # whether it was on when the first of them began


@contextmanager
def without_collections() -> Iterator[None]:
    """Make no garbage collections meanwhile, in the whole process: threads share the collector.

    A load makes millions of objects and hardly any garbage; the collector, walking all of them again
    and again, would take longer than the load itself, and hold up all other threads.
    """
    global _pauses, _enabled
    with _lock:
        if not _pauses:
            _enabled = gc.isenabled()
            gc.disable()
        _pauses += 1
    try:
        yield
    finally:
        with _lock:
            _pauses -= 1
            if not _pauses and _enabled:
                gc.enable()
