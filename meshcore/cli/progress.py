"""Progress on a terminal: one line on standard error that is drawn over and over."""

from __future__ import annotations

import os
import shutil
import sys
import time
from types import TracebackType
from typing import TextIO

__all__ = ["Progress"]

_SECONDS_PER_FRAME = 0.1


class Progress:
    """Shows how far a work is, where the stream is a terminal; anywhere else it writes nothing.

    Use it with ``with``: the line is gone afterwards.
    """

    def __init__(self, what: str, total: int | None = None, stream: TextIO | None = None) -> None:
        self._what = what
        self._total = total
        self._stream = sys.stderr if stream is None else stream
        self._shown = self._stream.isatty() and os.environ.get("TERM") != "dumb"
        self._drawn_at = 0.0
        self._drawn = False

    def __call__(self, done: int) -> None:
        """Tell how much is done."""
        if not self._shown:
            return
        now = time.monotonic()
        if now - self._drawn_at < _SECONDS_PER_FRAME:
            return
        self._drawn_at = now
        self._drawn = True
        of = f" of {self._total:,} ({100 * done // self._total} %)" if self._total else ""
        # A line that wraps could not be drawn over.
        shown = f"{self._what}: {done:,}{of}"[: shutil.get_terminal_size().columns - 1]
        self._stream.write(f"\r\x1b[K{shown}")
        self._stream.flush()

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._drawn:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
