"""Files that may be pipes: ``meshcore analyze <(helm template shop)``."""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader

__all__ = ["open_file"]


def open_file(path: str | os.PathLike[str]) -> BufferedReader:
    """Open a file to be read. To open a pipe that nobody writes to would wait, maybe for ever.

    Raises:
        OSError: it cannot be opened, or is such a pipe.
    """
    stream = open(path, "rb", opener=_at_once)  # noqa: SIM115 (the caller closes it)
    if stat.S_ISFIFO(os.fstat(stream.fileno()).st_mode) and not stream.peek(1):
        stream.close()
        raise OSError(errno.EIO, "nobody writes to this pipe", os.fspath(path))
    return stream


def _at_once(path: str, flags: int) -> int:
    if not hasattr(os, "O_NONBLOCK"):  # a system without such pipes
        return os.open(path, flags)
    descriptor = os.open(path, flags | os.O_NONBLOCK)
    os.set_blocking(descriptor, True)  # there is a writer, whom reading waits for, or it ends at once
    return descriptor
