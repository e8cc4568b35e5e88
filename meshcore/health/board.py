"""What one process finds by its checks, for the others of the machine to read: files in a folder they share.

- ``leader``: whoever has the lock of this file checks for all. The system gives it back when the process
  ends, however it does.
- ``results``: what the leader has found, written anew as a whole each time.
- ``failed-*``: asks the leader to take a host for failed at once.
- ``traffic-*``: a cluster has had requests, in whichever process.

The folder and its files are for one user alone. What is read is checked: a file that is no such file counts
as none.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import stat
import weakref
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

__all__ = ["Board", "Entry", "Page"]

VERSION = 1
_LEADER, _RESULTS, _FAILED, _TRAFFIC = "leader", "results", "failed-", "traffic-"


class Entry(msgspec.Struct, array_like=True, frozen=True):
    """What is known of one host."""

    health: str
    passed: bool | None
    reason: str
    failure: str
    checked_at: float
    next_at: float
    checks: int
    failures: int


class Page(msgspec.Struct, frozen=True):
    """All that the leader has found. Times are of the machine's monotonic clock."""

    version: int
    pid: int
    written_at: float
    entries: dict[str, Entry]


class Board:
    """One process' view of the folder, which is made where it is not there.

    Raises:
        OSError: where the folder cannot be made.
        PermissionError: where others than this user may write into it.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = Path(folder)
        self._lock: int | None = None
        self._seen: tuple[int, int, int] | None = None
        self._page: Page | None = None
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = os.stat(self._folder)
        if found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise PermissionError(
                f"{self._folder} must belong to this user, and others must not write into it"
            )
        _boards.add(self)

    # ------------------------------------------------------------------ who leads

    def lead(self) -> bool:
        """Whether this process leads, which it does from now on where nobody else does."""
        if self._lock is not None:
            if self._holds():
                return True
            self.leave()  # the folder has been emptied: others may lead by another file
        try:
            lock = self._open(_LEADER, os.O_RDWR | os.O_CREAT)
        except OSError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            return False
        self._lock = lock
        return True

    def leave(self) -> None:
        """Let another process lead."""
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)

    def _holds(self) -> bool:
        assert self._lock is not None
        try:
            return os.path.samestat(os.fstat(self._lock), os.stat(self._folder / _LEADER))
        except OSError:
            return False

    # ------------------------------------------------------------------ results

    def publish(self, entries: Mapping[str, Entry], now: float) -> None:
        """As the leader: replace what stands there.

        Raises:
            OSError: where it cannot be written.
        """
        page = Page(VERSION, os.getpid(), now, dict(entries))
        name = f"{_RESULTS}.{os.getpid()}"
        file = self._open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        with os.fdopen(file, "wb") as out:
            out.write(msgspec.json.encode(page))
        os.replace(self._folder / name, self._folder / _RESULTS)

    def read(self) -> Page | None:
        """What stands there; None: nothing that can be read."""
        try:
            found = os.stat(self._folder / _RESULTS)
            seen = found.st_ino, found.st_mtime_ns, found.st_size
            if seen != self._seen:
                with os.fdopen(self._open(_RESULTS, os.O_RDONLY), "rb") as file:
                    page = msgspec.json.decode(file.read(), type=Page)
                self._page = page if page.version == VERSION else None
                self._seen = seen
        except (OSError, msgspec.DecodeError):
            self._page = self._seen = None
        return self._page

    # ------------------------------------------------------------------ marks

    def mark_failed(self, digest: str) -> None:
        """Ask the leader to take a host for failed."""
        self._mark(_FAILED + digest)

    def failed(self) -> Iterator[str]:
        """As the leader: the hosts that others ask it to take for failed, each once."""
        for name in self._names(_FAILED):
            self._unmark(name)
            yield name.removeprefix(_FAILED)

    def mark_traffic(self, cluster: str) -> None:
        """Say that a cluster has had requests."""
        self._mark(_TRAFFIC + _digest(cluster))

    def has_traffic(self, cluster: str) -> bool:
        """Whether any process has said so."""
        return (self._folder / (_TRAFFIC + _digest(cluster))).exists()

    def clear(self) -> None:
        """As a leader that follows no other one: forget what was long ago."""
        for name in (*self._names(_FAILED), *self._names(_TRAFFIC)):
            self._unmark(name)

    def _names(self, prefix: str) -> list[str]:
        try:
            return [name for name in os.listdir(self._folder) if name.startswith(prefix)]
        except OSError:
            return []

    def _mark(self, name: str) -> None:
        with contextlib.suppress(OSError):
            os.close(self._open(name, os.O_WRONLY | os.O_CREAT))

    def _unmark(self, name: str) -> None:
        with contextlib.suppress(OSError):
            os.unlink(self._folder / name)

    def _open(self, name: str, flags: int) -> int:
        return os.open(self._folder / name, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


_boards: weakref.WeakSet[Board] = weakref.WeakSet()


def _forget_after_fork() -> None:
    """A lock is shared with children, who would keep it when the leader is long gone."""
    for board in list(_boards):
        board.leave()


os.register_at_fork(after_in_child=_forget_after_fork)
