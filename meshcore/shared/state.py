"""A shared state as its users see it."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from meshcore._backend import component_module
from meshcore._options import whole
from meshcore.shared.file import SharedStateError, opened

if TYPE_CHECKING:
    pass

__all__ = ["SharedState", "path_of"]

MAX_WORKERS = 254
_LEAST_SIZE = 64 << 10
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")


class SharedState:
    """A file that the processes of one machine share, with limits, counts and ejections in it.

        state = SharedState("shop")  # a name, or a path
        limiter = RateLimiter(100, 10, 1.0, shared_state=state)
        engine = Engine(config, shared_state=state)

    Wherever a ``shared_state`` is asked for, the name or the path alone will do; a SharedState says more
    about it. All of a process that mean one file have it open once. A fork's child has a place of its own.

    Raises:
        TypeError, ValueError: it is no name and no path, or a size or a number that there cannot be.
        SharedStateError: the file is not ours, or damaged, or of another version, size or number of workers,
            or has no room. The message says what to do.
    """

    def __init__(
        self,
        where: str | os.PathLike[str],
        *,
        size: int | None = None,
        workers: int | None = None,
    ) -> None:
        """``where``: a name (letters, digits, ``_``, ``-``, ``.``) stands for a file of this user's in
        /dev/shm or, where there is none, in $XDG_RUNTIME_DIR or the folder for temporary files. What has a
        ``/`` in it, and any PathLike, is a path.

        ``size``: bytes that the file may come to have, 256 MiB if not said; memory is taken as it is used.
        ``workers``: how many processes may use it at once, 128 if not said, at most 254. Both are fixed by
        who makes the file.
        """
        self._path = path_of(where)
        self._open = opened(self._path, _checked_size(size), _checked_workers(workers))

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    @property
    def size(self) -> int:
        """Bytes that it may have."""
        return self._open.mapping.status()["size"]

    @property
    def workers(self) -> int:
        """How many processes may use it at once."""
        return self._open.mapping.status()["workers"]

    @property
    def used(self) -> int:
        """Bytes that are in use."""
        return self._open.mapping.status()["used"]

    @property
    def regions(self) -> int:
        """How many things are in it: limiters, clusters, endpoints."""
        return self._open.mapping.status()["regions"]

    @property
    def processes(self) -> tuple[int, ...]:
        """The ids of the processes that use it, this one's included."""
        self.reclaim()
        return tuple(self._open.mapping.processes().values())

    @property
    def address(self) -> int:
        """Of what the core knows it by; for the components."""
        return self._open.mapping.address

    def reclaim(self) -> int:
        """Take back what processes held that have died; how many there were.

        It happens by itself when a process comes, when a limit refuses, and now and then.
        """
        return self._open.mapping.reclaim()

    def unlink(self) -> None:
        """Remove the file. Who has it open goes on with it; who comes later begins anew."""
        self._path.unlink(missing_ok=True)

    def error(self, message: str) -> SharedStateError:
        """What the core said of it."""
        return SharedStateError(f"shared state {self._path} {message}")

    def __repr__(self) -> str:
        return f"<SharedState {self._path}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a SharedState cannot be pickled or copied; open it by its name")

    @classmethod
    def of(cls, where: str | os.PathLike[str] | SharedState) -> SharedState:
        """What a ``shared_state`` argument means."""
        return where if isinstance(where, SharedState) else cls(where)


def path_of(where: str | os.PathLike[str]) -> Path:
    """The file that a name or a path stands for.

    Raises:
        TypeError, ValueError: it is neither.
    """
    if isinstance(where, os.PathLike):
        return Path(where)
    if not isinstance(where, str):
        raise TypeError(f"shared_state is {where!r}; expected a name, a path or a SharedState")
    if os.sep in where:
        return Path(where)
    if not _NAME.fullmatch(where):
        raise ValueError(
            f"shared_state is {where!r}; expected a name of letters, digits, '_', '-' and '.', "
            "or a path with a '/'"
        )
    layout = component_module("meshcore._mapping").LAYOUT
    return _folder() / f"meshcore-{os.geteuid()}-{where}.{layout}"


def _folder() -> Path:
    for folder in ("/dev/shm", os.environ.get("XDG_RUNTIME_DIR", "")):
        if folder and os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK):
            return Path(folder)
    return Path(tempfile.gettempdir())


def _checked_size(size: int | None) -> int | None:
    if size is None:
        return None
    if not isinstance(size, int) or isinstance(size, bool):
        raise TypeError(f"size is {size!r}; expected an int")
    if not _LEAST_SIZE <= size <= 1 << 46:
        raise ValueError(f"size is {size}; expected {_LEAST_SIZE:,} bytes to {1 << 46:,}")
    return size


def _checked_workers(workers: int | None) -> int | None:
    return None if workers is None else whole("workers", workers, 1, MAX_WORKERS)
