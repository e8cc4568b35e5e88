"""Serves changed documents without a restart: on demand (SIGHUP) or when the files change."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Generic, Protocol, TypeVar

from meshcore.model import ConfigWarning
from meshcore.watching import Documents, Fingerprint

__all__ = ["Loaded", "Reloadable", "Reloader"]

_log = logging.getLogger("meshcore.reloading")


class Loaded(Protocol):
    """What documents are compiled to."""

    @property
    def digest(self) -> str: ...
    @property
    def warnings(self) -> tuple[ConfigWarning, ...]: ...


C = TypeVar("C", bound=Loaded)


class Counters(Protocol):
    """What a reload is counted by."""

    def add(self, name: str, /) -> object: ...


class Reloadable(Protocol[C]):
    """What serves by documents, and may be told to serve by others."""

    reload_error: str  #: findings of the last documents that were refused

    @property
    def config(self) -> C: ...
    @property
    def stats(self) -> Counters: ...
    def swap(self, config: C, /) -> None: ...


class Reloader(Generic[C]):
    """Watches ``paths`` and swaps what ``load`` makes of them into a server.

    Looking, loading and compiling happen in a thread; requests go on meanwhile. Warnings that were not
    there before are reported, and the rest is known from the start. Documents that cannot be
    served are reported with all findings and change nothing.

    Args:
        server: whose configuration to change.
        load: reads the documents; raises ConfigError or OSError where that is not possible.
        paths: files and folders to watch.
        report: takes messages for the user.
        interval: seconds between two looks at the files; 0: only ``trigger()`` reloads.
        named: the files that a configuration names, which are watched, too.
    """

    def __init__(
        self,
        server: Reloadable[C],
        load: Callable[[], C],
        paths: Iterable[str],
        report: Callable[[str], None],
        interval: float = 1.0,
        named: Callable[[C], Iterable[str]] = lambda _: (),
    ) -> None:
        self._server = server
        self._documents = Documents(load, paths, interval, named)
        self._documents.follow(server.config)
        self._report = report
        self._asked = asyncio.Event()
        self._warned = _warnings(server.config)

    def trigger(self) -> None:
        """Reload now, changed or not."""
        self._asked.set()

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            try:
                await asyncio.wait_for(self._asked.wait(), self._documents.wait or None)
            except asyncio.TimeoutError:
                await self.look()
            else:
                self._asked.clear()
                await self.reload()

    async def look(self) -> bool:
        """Look at the files; reload if they have changed and are as they were at the last look."""
        settled = await asyncio.to_thread(self._documents.look)
        return settled is not None and await self.reload(settled)

    async def reload(self, settled: Fingerprint | None = None) -> bool:
        """Load and swap; True if the documents are in force now.

        ``settled``: what the files must look like before and after, or else they are left for later.
        """
        stats = self._server.stats
        change = await asyncio.to_thread(self._documents.take, self._server.swap, settled)
        if change is None:
            return False
        stats.add("config.reload_attempt")
        self._server.reload_error = change.reason
        if change.config is None:
            if change.defect is not None:
                _log.error("reloading failed", exc_info=change.defect)
            stats.add("config.reload_rejected")
            self._report(f"{change.reason}\nthe changed configuration was refused; the old one keeps serving")
            return False
        stats.add("config.reload_success")
        known, self._warned = self._warned, _warnings(change.config)
        for warning in self._warned:
            if warning not in known:
                self._report(warning)
        self._report(f"now serving configuration {change.config.digest or '(unnamed)'}")
        return True


def _warnings(config: Loaded) -> dict[str, None]:
    """The warnings in their order, each once."""
    return dict.fromkeys(map(str, config.warnings))
