"""How long threads wait for each other while a configuration is loaded beside the traffic."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["switching_often"]

#: Seconds that the event loop waits for a thread that computes: Python's own choice is 5 ms, each time.
INTERVAL = 0.0005

_lock = threading.Lock()
_under_way = 0
_usual = 0.0


@contextmanager
def switching_often() -> Iterator[None]:
    """Have the interpreter change threads ten times as often meanwhile, in the whole process."""
    global _under_way, _usual
    with _lock:
        if not _under_way:
            _usual = sys.getswitchinterval()
            sys.setswitchinterval(min(_usual, INTERVAL))
        _under_way += 1
    try:
        yield
    finally:
        with _lock:
            _under_way = max(_under_way - 1, 0)
            if not _under_way:
                sys.setswitchinterval(_usual)


def _forked() -> None:
    """In the child, whoever was computing is not here."""
    global _lock, _under_way
    _lock = threading.Lock()
    if _under_way:
        _under_way = 0
        sys.setswitchinterval(_usual)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
