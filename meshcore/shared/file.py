"""Files of shared states that this process has open: made, checked, mapped, opened anew after a fork."""

from __future__ import annotations

import mmap
import os
import stat
import tempfile
import threading
import weakref
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from meshcore._backend import component_module

if TYPE_CHECKING:
    from meshcore._mapping import Mapping

__all__ = ["Open", "SharedStateError", "again", "opened"]

DEFAULT_SIZE = 256 << 20
DEFAULT_WORKERS = 128
#: Opening does not follow a link, nor wait for the other end of a pipe.
_FLAGS = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


class SharedStateError(RuntimeError):
    """A shared state cannot be used: the message names the file, what is wrong, and what to do."""


class Open:
    """A file that this process has open."""

    def __init__(self, path: Path, descriptor: int, mapping: Mapping, identity: tuple[int, int]) -> None:
        self.path = path
        self.descriptor = descriptor
        self.mapping = mapping
        self.identity = identity


_lock = threading.Lock()
_all: weakref.WeakValueDictionary[tuple[int, int], Open] = weakref.WeakValueDictionary()


def opened(path: Path, size: int | None, workers: int | None) -> Open:
    with _lock:
        found = _known(path)
        if found is None:
            if not os.path.lexists(path):
                _try(path, size or DEFAULT_SIZE)
            descriptor = _descriptor(path)
            identity = _identity(os.fstat(descriptor))
            mapping = _mapped(path, descriptor, size or DEFAULT_SIZE, workers or DEFAULT_WORKERS)
            found = _all[identity] = Open(path, descriptor, mapping, identity)
    status = found.mapping.status()
    for name, asked in (("size", size), ("workers", workers)):
        if asked is not None and asked != status[name]:
            raise SharedStateError(
                f"shared state {path} was made with {name}={status[name]}, and {name}={asked} is asked for: "
                "stop those who use it and remove it, or choose another name"
            )
    return found


def _known(path: Path) -> Open | None:
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


def again(one: Open) -> int:
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
        descriptor = again(one)
        if not one.mapping.forked(descriptor):
            lost.append(str(one.path))
        one.descriptor = descriptor
    if lost:
        raise SharedStateError(
            f"shared state {', '.join(lost)} has no place for this process, which can hold nothing there: "
            "make it with more (workers=)"
        )


os.register_at_fork(after_in_child=_after_fork)
