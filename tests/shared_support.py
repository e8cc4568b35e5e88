"""What the tests of shared states share: processes that are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["forked", "kill", "python", "wait"]


def python(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Another Python, which has not been forked, with its standard streams."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parent,
    )


@contextmanager
def forked(work: Callable[[], object]) -> Iterator[int]:
    """A child that does something, says so, and then waits to be killed."""
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        status = 1
        try:
            kept = work()  # until it is killed
            os.write(writer, b"x")
            status = 0 if kept is not work else 1
            signal.pause()
        finally:
            os._exit(status)
    os.close(writer)
    try:
        assert os.read(reader, 1) == b"x", "the child failed"
        yield pid
    finally:
        os.close(reader)
        kill(pid)


def kill(pid: int) -> None:
    """At once, and until it is gone; nothing where it is gone already."""
    try:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    except (ProcessLookupError, ChildProcessError):
        pass


def wait(process: subprocess.Popen[str]) -> str:
    """What a process has said when it has ended well."""
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return out
