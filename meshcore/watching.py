"""Documents that may change: noticing it, reading no half of them, and what became of it."""

from __future__ import annotations

import logging
import os
import stat
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from meshcore._turns import switching_often
from meshcore.config import ConfigError
from meshcore.config.documents import is_document, is_looked_into
from meshcore.model import Config

__all__ = [
    "RESTLESS",
    "SETTLE",
    "Change",
    "Documents",
    "Fingerprint",
    "UnsettledError",
    "fingerprint",
    "named_files",
]

_log = logging.getLogger("meshcore.watching")

#: Path, inode, size, and times of modification and of change (of the inode) of each file.
Fingerprint: TypeAlias = tuple[tuple[str, int, int, int, int], ...]

#: Seconds between the two looks that must find changed files alike before they are read.
SETTLE = 0.2
#: Looks in a row of which each found something else, after which that is told.
RESTLESS = 25


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
        named: the files that a configuration names, which are read for it, too.
    """

    def __init__(
        self,
        load: Callable[[], C],
        paths: Iterable[str],
        interval: float,
        named: Callable[[C], Iterable[str]] = lambda _: (),
    ) -> None:
        self._load = load
        self._paths = tuple(paths)
        self._named = named
        self._also: frozenset[str] = frozenset()  # those that the configuration names
        self._interval = interval
        self._lock = threading.Lock()
        self._seen = self._fingerprint()  #: of what was read last
        self._restless = 0  #: looks in a row that found something else
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
        seen = self._fingerprint()
        if seen == self._seen:
            self._changing, self._restless = None, 0
        elif seen != self._changing:
            before, self._changing = self._changing, seen
            self._restless += 1
            if self._restless == RESTLESS and before is not None:
                names = sorted({entry[0] for entry in {*before} ^ {*seen}})
                _log.warning(
                    "%s keeps changing: no change of the documents is read before all of them have stayed as "
                    "they are for %g s; the old configuration keeps serving",
                    ", ".join(names),
                    SETTLE,
                )
        else:
            self._changing, self._restless = None, 0
            return seen
        return None

    def follow(self, config: C) -> None:
        """Look at the files that it names, too, which have been read for it."""
        also = frozenset(self._named(config))
        if also != self._also:
            kept = {entry for entry in self._seen if entry[0] not in self._also}
            self._seen = tuple(sorted(kept | {*fingerprint(also)}))
            self._also = also

    def _fingerprint(self) -> Fingerprint:
        return fingerprint((*self._paths, *self._also))

    def read(self, serve: Callable[[C], object], settled: Fingerprint | None = None) -> C:
        """Read the files, changed or not, and serve what they say. One thread at a time, which lets others
        run often meanwhile.

        ``settled``: what they must look like before and after.

        Raises:
            UnsettledError: they do not; nothing is served, and they are left for later.
        """
        with self._lock, switching_often():
            before = settled or self._fingerprint()
            try:
                config = self._load()
            finally:  # also what cannot be read may be half of what it will be
                if settled is not None and self._fingerprint() != settled:
                    raise UnsettledError
                self._seen = before
            self.follow(config)
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
    """What tells that a file changed, came or went: inode, size and times of each. That of change shows what
    keeps its size and has its time of modification set back (``rsync --inplace --times``).

    Of a folder only documents count: what else is there may change all the time (logs, git's files).
    """
    return tuple(sorted({entry for path in paths for entry in _entries(path)}))


def named_files(config: Config) -> Iterator[str]:
    """The files that a configuration names: certificates, keys, and what was read with its documents."""
    yield from config.files
    for cluster in config.clusters:
        if (tls := cluster.tls) is not None:
            yield from filter(None, (tls.ca_certificates, tls.client_certificate, tls.private_key))


def _entries(path: str) -> Iterator[tuple[str, int, int, int, int]]:
    try:
        status = os.stat(path)
    except OSError:
        return
    if not stat.S_ISDIR(status.st_mode):
        yield path, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
        return
    for folder, folders, names in os.walk(path, followlinks=False):
        folders[:] = filter(is_looked_into, folders)
        for name in filter(is_document, names):
            yield from _entries(os.path.join(folder, name))
