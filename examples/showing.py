"""What the examples share: processes that are started and ended, and a table of what was promised and seen.
Nothing of it is needed to use meshcore."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

from meshcore.demo.board import State
from meshcore.demo.style import Style

T = TypeVar("T")

#: Seconds. Only where something hangs does a run come to this.
PATIENCE = 120.0


class Server(NamedTuple):
    """A process that serves."""

    command: list[str]
    port: int
    env: Mapping[str, str]
    says: bool = False  #: what it prints is worth reading


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def endpoints_of(members: Iterable[tuple[str, str, int]]) -> str:
    """Where the members of services are, as YAML: of each its service, its version and its port."""
    found: dict[str, list[str]] = {}
    for service, version, port in members:
        line = f"  - {{address: 127.0.0.1, port: {port}, labels: {{version: {version}}}}}\n"
        found.setdefault(service, []).append(line)
    return "".join(f"{service}:\n{''.join(lines)}" for service, lines in found.items())


@contextmanager
def serving(servers: Iterable[Server], folder: Path) -> Iterator[None]:
    """All servers up, until the block is left."""
    running: list[tuple[Server, subprocess.Popen[bytes]]] = []
    try:
        for server in servers:
            env = {**os.environ, **server.env}
            stdout = sys.stderr if server.says else subprocess.DEVNULL
            process = subprocess.Popen(server.command, cwd=folder, env=env, stdout=stdout)
            running.append((server, process))
        for server, process in running:
            until(f"port {server.port} is served", lambda: _answers(server.port, process))  # noqa: B023
        yield
    finally:
        for _, process in running:
            process.terminate()
        for _, process in running:
            process.wait(PATIENCE)


def _answers(port: int, process: subprocess.Popen[bytes]) -> bool:
    if process.poll() is not None:
        raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def until_told() -> None:
    """Stay up until Ctrl-C, or until somebody ends the process."""
    ends = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    signal.sigwait(ends)


def until(what: str, true: Callable[[], object]) -> None:
    """Wait for something that comes true by itself."""
    for _ in range(round(PATIENCE / 0.05)):
        if true():
            return
        time.sleep(0.05)
    raise TimeoutError(f"waited {PATIENCE} s in vain until {what}")


def run(up: AbstractContextManager[T], where: Callable[[T], str], show: Callable[[T, Table], None]) -> int:
    """An example's main program: 1 if a promise was not kept. With ``--serve`` all stays up instead."""
    with up as running:
        print(f"{where(running)}\n", flush=True)
        if "--serve" in sys.argv:
            until_told()
            return 0
        table = Table()
        show(running, table)
        return 0 if table.ok else 1


class Table:
    """Prints a line for each promise; ``ok`` says whether all were kept."""

    _ROW = "{:<34}  {:<42}  {}"

    def __init__(self) -> None:
        self.ok = True
        self._style = Style.of(sys.stdout)
        print("  " + self._ROW.format("what", "expected", "seen"), flush=True)

    def row(self, what: str, expected: object, seen: object, right: bool | None = None) -> None:
        """``right``: whether what was seen will do, where it need not equal what was expected."""
        kept = seen == expected if right is None else right
        state = State.OK if kept else State.FAILED
        self.ok = self.ok and kept
        line = self._style.row(state, self._ROW.format(what, str(expected), str(seen)))
        print(f"{self._style.mark(state, 0)} {line}", flush=True)
