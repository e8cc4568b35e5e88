"""Points in time for urllib3, which gives each read of an answer the whole timeout anew.

An endpoint that sends a byte now and then would keep a thread for as long as it likes.
"""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import urllib3

from meshcore.integrations._urllib3 import read_of

__all__ = ["keep_time", "read_until", "reading_until"]


class _Head(threading.local):
    """When the answer's head has to be there that this thread waits for; None: at any time."""

    end: float | None = None


_head = _Head()


@contextmanager
def reading_until(seconds: float | None) -> Iterator[None]:
    """Have the heads of answers that this thread reads within so many seconds; None: at any time."""
    _head.end = None if seconds is None else time.monotonic() + seconds
    try:
        yield
    finally:
        _head.end = None


class _Reads(socket.SocketIO):
    """What an answer is read by. ``socket`` makes one, and this changes what it does."""

    _sock: Any
    end: float | None
    #: Seconds of a read, by the caller's own timeout.
    own: float | None

    def readinto(self, buffer: Any) -> int | None:
        if self.end is not None:
            left = self.end - time.monotonic()
            if left <= 0.0:
                raise TimeoutError("timed out")
            self._sock.settimeout(left if self.own is None else min(left, self.own))
        return super().readinto(buffer)


def keep_time(response: http.client.HTTPResponse) -> None:
    """Have an answer, whose head is to be read, keep to the time that this thread has for that."""
    raw: Any = getattr(response.fp, "raw", None)
    kind: object = type(raw)
    if _head.end is None or kind is not socket.SocketIO:  # another library's
        return
    raw.__class__ = _Reads
    raw.end, raw.own = _head.end, raw._sock.gettimeout()


def read_until(response: urllib3.BaseHTTPResponse, timeout: urllib3.Timeout, end: float | None) -> None:
    """Have the answer's body read by the caller's own timeout, until ``end``; None: any time."""
    original = getattr(response, "_original_response", None)
    raw = getattr(getattr(original, "fp", None), "raw", None)
    if isinstance(raw, _Reads):
        raw.end, raw.own = end, read_of(timeout)
        if end is None:
            raw._sock.settimeout(raw.own)
