"""Documents that may change: noticing it, reading no half of them, and what became of it."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from meshcore._turns import switching_often
from meshcore.config import ConfigError

__all__ = ["SETTLE", "Change", "Documents", "Fingerprint", "UnsettledError", "fingerprint"]

#: Path, inode, size and time of modification of each file.
Fingerprint: TypeAlias = tuple[tuple[str, int, int, int], ...]

#: Seconds between the two looks that must find changed files alike before they are read.
SETTLE = 0.2


C = TypeVar("C")  #: a configuration, of whatever kind


class UnsettledError(Exception):
    """The files changed while they were read."""


@dataclass(frozen=True)
class Change(Generic[C]):
    """What became of documents that have changed."""

    config: C | None  #: in force now; None: it was refused, and the old one keeps serving
    reason: str = ""  #: of the refusal, with all findings
    defect: Exception | None = None  #: what refused it, where that is no finding, nor the system's doing


class Documents(Generic[C]):
    """The documents of a configuration, by which one tells whether to read them again.

    Half of a document may be a document, too. Therefore changed files are worth reading only when two looks
    in a row have found the same, and what was read counts only if they have not changed meanwhile.

    Args:
        load: reads them; raises ConfigError or OSError where that is not possible.
        paths: files and folders that it reads.
        interval: seconds between two looks.
    """

    def __init__(self, load: Callable[[], C], paths: Iterable[str], interval: float) -> None:
        self._load = load
        self._paths = tuple(paths)
        self._interval = interval
        self._lock = threading.Lock()
        self._seen = fingerprint(self._paths)  #: of what was read last
        self._changing: Fingerprint | None = None  #: what the last look found, where that was news

    def detach(self) -> None:
        """Of a process that was forked: whoever was reading is not here."""
        self._lock = threading.Lock()

    @property
    def wait(self) -> float:
        """Seconds until the next look."""
        return self._interval if self._changing is None else min(self._interval, SETTLE)

    def look(self) -> Fingerprint | None:
        """What the files are like, where they have changed and are as they were at the last look."""
        seen = fingerprint(self._paths)
        if seen == self._seen:
            self._changing = None
        elif seen != self._changing:
            self._changing = seen
        else:
            self._changing = None
            return seen
        return None

    def read(self, serve: Callable[[C], object], settled: Fingerprint | None = None) -> C:
        """Read the files, changed or not, and serve what they say. One thread at a time, which lets others
        run often meanwhile.

        ``settled``: what they must look like before and after.

        Raises:
            UnsettledError: they do not; nothing is served, and they are left for later.
        """
        with self._lock, switching_often():
            before = settled or fingerprint(self._paths)
            try:
                config = self._load()
            finally:  # also what cannot be read may be half of what it will be
                if settled is not None and fingerprint(self._paths) != settled:
                    raise UnsettledError
                self._seen = before
            serve(config)
            return config

    def take(self, serve: Callable[[C], object], settled: Fingerprint | None = None) -> Change[C] | None:
        """The same for whoever goes on with what he has where it cannot be served; None: they were left for
        later."""
        try:
            return Change(self.read(serve, settled))
        except UnsettledError:
            return None
        except Exception as error:  # whatever it is: the next change must be noticed
            known = isinstance(error, ConfigError | OSError | ImportError | ValueError)
            return Change(None, str(error)) if known else Change(None, repr(error), error)


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
