"""Writes log lines without ever holding up the event loop, whoever reads them."""

from __future__ import annotations

import asyncio
from typing import TextIO

__all__ = ["LineWriter"]


class LineWriter:
    """Collects lines for ``delay`` seconds and writes them in a thread.

    At most ``capacity`` lines wait: if the reader is slower than that, newer ones are dropped and
    counted. A reader that is gone ends the log, not the proxy.
    """

    def __init__(self, stream: TextIO, *, delay: float = 0.05, capacity: int = 10_000) -> None:
        self.dropped = 0
        self._stream: TextIO | None = stream
        self._delay = delay
        self._capacity = capacity
        self._lines: list[str] = []
        self._flushing: asyncio.Task[None] | None = None

    def write(self, line: str) -> None:
        """Take one line, without its end."""
        if len(self._lines) >= self._capacity:
            self.dropped += 1
            return
        self._lines.append(line)
        if self._flushing is None:
            self._flushing = asyncio.ensure_future(self._flush())

    async def close(self) -> None:
        """Write what is left."""
        if self._flushing is not None:
            await self._flushing

    async def _flush(self) -> None:
        try:
            await asyncio.sleep(self._delay)
            while self._lines:
                lines, self._lines = self._lines, []
                await asyncio.to_thread(self._write, "\n".join(lines) + "\n")
        finally:
            self._flushing = None

    def _write(self, text: str) -> None:
        if self._stream is None:
            return
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:
            self._stream = None
