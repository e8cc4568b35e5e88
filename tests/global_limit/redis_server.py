"""Redis servers of the tests' own, on free ports, and an address that can lead to one or another of them."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

#: Binaries that will do, in this order; MESHCORE_REDIS names another one.
BINARIES = ("redis-server", "valkey-server")


def redis_binary() -> str | None:
    """The server to test with, or None."""
    named = os.environ.get("MESHCORE_REDIS")
    return named or next((found for name in BINARIES if (found := shutil.which(name))), None)


def free_port() -> int:
    """One that the system gives to no connection, so that nobody takes it before the server does; and so for
    a cluster's bus, 10,000 above."""
    while True:
        port = random.SystemRandom().randrange(11_000, 22_000)
        if _is_free(port) and _is_free(port + 10_000):
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def until(condition: Any, what: str) -> Any:
    """What ``condition()`` returns, as soon as that is true.

    A sentinel that was not run for two seconds, as on a busy machine, waits for 30 before it does anything.
    """
    deadline = time.monotonic() + 90
    while not (value := condition()):
        assert time.monotonic() < deadline, f"{what} did not come about within 90 s"
        time.sleep(0.01)
    return value


class RedisServer:
    """A server without persistence, in a folder of its own."""

    def __init__(self, binary: str, folder: Path, *options: str) -> None:
        self._binary, self._folder, self._options = binary, folder, options
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str, answer: bytes = b"+PONG") -> RedisServer:
        """Returns as soon as it answers PING so."""
        local = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder)]
        quiet = [
            "--repl-diskless-sync-delay",
            "0",
            "--save",
            "",
            "--appendonly",
            "no",
            "--logfile",
            "log.txt",
            "--daemonize",
            "no",
        ]
        # A configuration file, which has to be the first, is among the options.
        command = [self._binary, *self._options, *local, *quiet, *options]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        until(lambda: self.say(b"PING").startswith(answer), f"{answer!r} of redis-server")
        return self

    def say(self, line: bytes) -> bytes:
        """The beginning of what it answers to a command; nothing where it cannot be reached."""
        assert self.process is not None
        assert self.process.poll() is None, (self._folder / "log.txt").read_text()
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as talk:
                talk.sendall(line + b"\r\n")
                return talk.recv(4096)
        except OSError:
            return b""

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
            self.process = None

    def freeze(self) -> None:
        """Connections to it stay open, and nothing answers."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)


def same_offset(*servers: RedisServer) -> bool:
    """Whether replicas have heard all that their primary has."""
    offsets = set()
    for one in servers:
        lines = one.say(b"INFO replication").decode().splitlines()
        offsets |= {line.partition(":")[2] for line in lines if line.startswith("master_repl_offset")}
    return len(offsets) == 1


class Forwarder:
    """An address whose new connections lead to a port that can be changed, as a DNS name or a virtual address
    that follows the primary does."""

    def __init__(self, target: int) -> None:
        self.target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self._listener.getsockname()[1]}"
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for one in (self._listener, *self._sockets):
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self.target))
            self._sockets += near, far
            for source, drain in ((near, far), (far, near)):
                threading.Thread(target=self._copy, args=(source, drain), daemon=True).start()

    def _copy(self, source: socket.socket, drain: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                drain.sendall(data)
            drain.shutdown(socket.SHUT_WR)
        except OSError:
            pass
