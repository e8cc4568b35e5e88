"""Serves changed documents without a restart: on demand (SIGHUP) or when the files change."""

from __future__ import annotations

import asyncio
import os
import stat
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from meshcore.config import ConfigError
from meshcore.model import Config

if TYPE_CHECKING:
    from meshcore.proxy.server import Proxy

__all__ = ["Reloader", "fingerprint"]


class Reloader:
    """Watches ``paths`` and swaps what ``load`` makes of them into the proxy's engine.

    Loading and compiling happen in a thread; requests go on meanwhile. Warnings that were not there
    before are reported, and the rest is known from the start. Documents that cannot be
    served are reported with all findings and change nothing.

    Args:
        proxy: whose engine to change.
        load: reads the documents; raises ConfigError or OSError where that is not possible.
        paths: files and folders to watch.
        report: takes messages for the user.
        interval: seconds between two looks at the files; 0: only ``trigger()`` reloads.
    """

    def __init__(
        self,
        proxy: Proxy,
        load: Callable[[], Config],
        paths: Iterable[str],
        report: Callable[[str], None],
        interval: float = 1.0,
    ) -> None:
        self._proxy = proxy
        self._load = load
        self._paths = tuple(paths)
        self._report = report
        self._interval = interval
        self._asked = asyncio.Event()
        self._lock = threading.Lock()
        self._seen = fingerprint(self._paths)
        self._warned = _warnings(proxy.engine.config)

    def trigger(self) -> None:
        """Reload now, changed or not."""
        self._asked.set()

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            try:
                await asyncio.wait_for(self._asked.wait(), self._interval or None)
            except asyncio.TimeoutError:
                seen = await asyncio.to_thread(fingerprint, self._paths)
                if seen == self._seen:
                    continue
                self._seen = seen
            self._asked.clear()
            await self.reload()

    async def reload(self) -> bool:
        """Load and swap; True if the documents are in force now."""
        stats = self._proxy.stats
        stats.add("config.reload_attempt")
        try:
            config = await asyncio.to_thread(self._compile)
        except (ConfigError, OSError) as error:
            stats.add("config.reload_rejected")
            self._proxy.reload_error = str(error)
            self._report(f"{error}\nthe changed configuration was refused; the old one keeps serving")
            return False
        self._proxy.reload_error = ""
        stats.add("config.reload_success")
        known, self._warned = self._warned, _warnings(config)
        for warning in self._warned:
            if warning not in known:
                self._report(warning)
        self._report(f"now serving configuration {config.digest or '(unnamed)'}")
        return True

    def _compile(self) -> Config:
        with self._lock:
            self._seen = fingerprint(self._paths)
            config = self._load()
            self._proxy.engine.swap(config)
            return config


def _warnings(config: Config) -> dict[str, None]:
    """The warnings in their order, each once."""
    return dict.fromkeys(map(str, config.warnings))


def fingerprint(paths: Iterable[str]) -> tuple[tuple[str, int, int, int], ...]:
    """What tells that a file changed, came or went: inode, size and time of modification of each."""
    return tuple(sorted(entry for path in paths for entry in _entries(path)))


def _entries(path: str) -> Iterator[tuple[str, int, int, int]]:
    try:
        status = os.stat(path)
    except OSError:
        return
    if not stat.S_ISDIR(status.st_mode):
        yield path, status.st_ino, status.st_size, status.st_mtime_ns
        return
    for folder, _, names in os.walk(path, followlinks=False):
        for name in names:
            yield from _entries(os.path.join(folder, name))
