"""State that the worker processes of one machine share, in a file that all of them map into their memory.

docs/shared-state.md has the whole of it; src_c/shared/segment.h says how the memory is laid out.
"""

from __future__ import annotations

import mmap
import os
import re
import stat
import tempfile
import threading
import weakref
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from meshcore._backend import component_module

if TYPE_CHECKING:
    from meshcore._mapping import Mapping

__all__ = ["SharedState", "SharedStateError"]

DEFAULT_SIZE = 256 << 20
DEFAULT_WORKERS = 128
MAX_WORKERS = 254
_LEAST_SIZE = 64 << 10
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")
#: Opening does not follow a link, nor wait for the other end of a pipe.
_FLAGS = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


class SharedStateError(RuntimeError):
    """A shared state cannot be used: the message names the file, what is wrong, and what to do."""


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
        self._open = _opened(self._path, _checked_size(size), _checked_workers(workers))

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
    if workers is None:
        return None
    if not isinstance(workers, int) or isinstance(workers, bool):
        raise TypeError(f"workers is {workers!r}; expected an int")
    if not 1 <= workers <= MAX_WORKERS:
        raise ValueError(f"workers is {workers}; expected 1 to {MAX_WORKERS}")
    return workers


# ---------------------------------------------------------------------- what the process has open


class _Open:
    """A file that this process has open."""

    def __init__(self, path: Path, descriptor: int, mapping: Mapping, identity: tuple[int, int]) -> None:
        self.path = path
        self.descriptor = descriptor
        self.mapping = mapping
        self.identity = identity


_lock = threading.Lock()
_all: weakref.WeakValueDictionary[tuple[int, int], _Open] = weakref.WeakValueDictionary()


def _opened(path: Path, size: int | None, workers: int | None) -> _Open:
    with _lock:
        found = _known(path)
        if found is None:
            if not os.path.lexists(path):
                _try(path, size or DEFAULT_SIZE)
            descriptor = _descriptor(path)
            identity = _identity(os.fstat(descriptor))
            mapping = _mapped(path, descriptor, size or DEFAULT_SIZE, workers or DEFAULT_WORKERS)
            found = _all[identity] = _Open(path, descriptor, mapping, identity)
    status = found.mapping.status()
    for name, asked in (("size", size), ("workers", workers)):
        if asked is not None and asked != status[name]:
            raise SharedStateError(
                f"shared state {path} was made with {name}={status[name]}, and {name}={asked} is asked for: "
                "stop those who use it and remove it, or choose another name"
            )
    return found


def _known(path: Path) -> _Open | None:
    try:
        about = os.stat(path, follow_symlinks=False)
    except OSError:
        return None
    return _all.get(_identity(about))


def _identity(about: os.stat_result) -> tuple[int, int]:
    return about.st_dev, about.st_ino


def _try(path: Path, size: int) -> None:
    """Whether there can be a file of that size, by one without a name: a state that fails leaves nothing."""
    with ExitStack() as closing:
        try:
            file = closing.enter_context(tempfile.TemporaryFile(dir=path.parent))
        except OSError:
            return  # opening it says why
        try:
            file.truncate(size)
            mmap.mmap(file.fileno(), size).close()
        except (OSError, OverflowError) as error:
            reason = error.strerror if isinstance(error, OSError) else "more than this machine can address"
            raise SharedStateError(
                f"shared state {path} cannot have {size:,} bytes: {reason}; make it smaller (size=), "
                "or choose a path on another filesystem"
            ) from None


def _descriptor(path: Path) -> int:
    """The open file; made where there is none. Nobody else can have had a hand in it."""
    for _ in range(100):
        try:
            descriptor = os.open(path, _FLAGS | os.O_CREAT, 0o600)
        except OSError as error:
            reason = "is a symbolic link" if os.path.islink(path) else f"cannot be opened: {error.strerror}"
            raise SharedStateError(f"shared state {path} {reason}; choose another name or path") from error
        try:
            about = os.fstat(descriptor)
            wrong = _wrong(about)
            if wrong:
                raise SharedStateError(f"shared state {path} {wrong}; choose another name or path")
            if about.st_nlink == 1:
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # it was removed meanwhile
    raise SharedStateError(f"shared state {path} is removed again and again; choose another name or path")


def _wrong(about: os.stat_result) -> str:
    if not stat.S_ISREG(about.st_mode):
        return "is no regular file"
    if about.st_uid != os.geteuid():
        return f"belongs to another user (uid {about.st_uid})"
    if stat.S_IMODE(about.st_mode) & 0o077:
        return f"may be used by other users (mode {stat.S_IMODE(about.st_mode):04o}, expected 0600)"
    if about.st_nlink > 1:
        return "has other names (hard links)"
    return ""


def _mapped(path: Path, descriptor: int, size: int, workers: int) -> Mapping:
    """Takes the descriptor, whatever comes of it."""
    try:
        mapping: Mapping = component_module("meshcore._mapping").Mapping(descriptor, size, workers, _boot())
    except ValueError as error:
        raise SharedStateError(
            f"shared state {path} {error}. If nobody needs what is in it, stop those who use it and "
            "remove it; or choose another name"
        ) from None
    return mapping


def _boot() -> bytes:
    """What tells one start of the machine from the next; nothing where the system does not say."""
    try:
        text = Path("/proc/sys/kernel/random/boot_id").read_text()
    except OSError:
        return bytes(16)
    return bytes.fromhex(text.strip().replace("-", ""))


def _again(one: _Open) -> int:
    """The file opened anew; -1: it cannot be."""
    # Where there is no /proc, another one may have its path by now.
    for path, flags in ((f"/proc/self/fd/{one.descriptor}", os.O_RDWR | os.O_CLOEXEC), (one.path, _FLAGS)):
        try:
            descriptor = os.open(path, flags)
        except OSError:
            continue
        if _identity(os.fstat(descriptor)) == one.identity:
            return descriptor
        os.close(descriptor)
    return -1


def _after_fork() -> None:
    """A child has the parent's memory, and nothing of what the parent holds."""
    global _lock
    _lock = threading.Lock()
    lost = []
    for one in list(_all.values()):
        descriptor = _again(one)
        if not one.mapping.forked(descriptor):
            lost.append(str(one.path))
        one.descriptor = descriptor
    if lost:
        raise SharedStateError(
            f"shared state {', '.join(lost)} has no place for this process, which can hold nothing there: "
            "make it with more (workers=)"
        )


os.register_at_fork(after_in_child=_after_fork)
