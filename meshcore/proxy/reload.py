"""Serves changed documents without a restart: on demand (SIGHUP) or when the files change."""

from __future__ import annotations

import asyncio
import logging
import os
import stat
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from meshcore.config import ConfigError
from meshcore.model import Config
from meshcore.proxy.turns import switching_often

if TYPE_CHECKING:
    from meshcore.proxy.server import Proxy

__all__ = ["Reloader", "fingerprint"]

#: Path, inode, size and time of modification of each file.
Fingerprint: TypeAlias = tuple[tuple[str, int, int, int], ...]


_log = logging.getLogger("meshcore.proxy")

#: Seconds between the two looks that must find changed files alike before they are read.
SETTLE = 0.2


class _Unsettled(Exception):
    """The files changed while they were read."""


class Reloader:
    """Watches ``paths`` and swaps what ``load`` makes of them into the proxy's engine.

    Looking, loading and compiling happen in a thread; requests go on meanwhile. Warnings that were not
    there before are reported, and the rest is known from the start. Documents that cannot be
    served are reported with all findings and change nothing.

    Half of a document may be a document, too. Therefore changed files are read only when two looks in
    a row have found the same, and what was read counts only if they have not changed meanwhile.

    Args:
        proxy: whose configuration to change.
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
        self._seen = fingerprint(self._paths)  #: of what was read last
        self._changing: Fingerprint | None = None  #: what the last look found, where that was news
        self._warned = _warnings(proxy.engine.config)

    def trigger(self) -> None:
        """Reload now, changed or not."""
        self._asked.set()

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            wait = self._interval if self._changing is None else min(self._interval, SETTLE)
            try:
                await asyncio.wait_for(self._asked.wait(), wait or None)
            except asyncio.TimeoutError:
                await self.look()
            else:
                self._asked.clear()
                await self.reload()

    async def look(self) -> bool:
        """Look at the files; reload if they have changed and are as they were at the last look."""
        seen = await asyncio.to_thread(fingerprint, self._paths)
        if seen == self._seen:
            self._changing = None
        elif seen != self._changing:
            self._changing = seen
        else:
            self._changing = None
            return await self.reload(settled=seen)
        return False

    async def reload(self, settled: Fingerprint | None = None) -> bool:
        """Load and swap; True if the documents are in force now.

        ``settled``: what the files must look like before and after, or else they are left for later.
        """
        stats = self._proxy.stats
        try:
            config = await asyncio.to_thread(self._compile, settled)
        except _Unsettled:
            return False
        except Exception as error:  # whatever it is: the next change must be noticed
            reason = str(error)
            if not isinstance(error, ConfigError | OSError | ImportError):
                _log.exception("reloading failed")
                reason = repr(error)
            stats.add("config.reload_attempt")
            stats.add("config.reload_rejected")
            self._proxy.reload_error = reason
            self._report(f"{reason}\nthe changed configuration was refused; the old one keeps serving")
            return False
        stats.add("config.reload_attempt")
        self._proxy.reload_error = ""
        stats.add("config.reload_success")
        known, self._warned = self._warned, _warnings(config)
        for warning in self._warned:
            if warning not in known:
                self._report(warning)
        self._report(f"now serving configuration {config.digest or '(unnamed)'}")
        return True

    def _compile(self, settled: Fingerprint | None) -> Config:
        with self._lock, switching_often():
            before = settled or fingerprint(self._paths)
            try:
                config = self._load()
            finally:  # also what cannot be read may be half of what it will be
                if settled is not None and fingerprint(self._paths) != settled:
                    raise _Unsettled
                self._seen = before
            self._proxy.swap(config)
            return config


def _warnings(config: Config) -> dict[str, None]:
    """The warnings in their order, each once."""
    return dict.fromkeys(map(str, config.warnings))


def fingerprint(paths: Iterable[str]) -> Fingerprint:
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
