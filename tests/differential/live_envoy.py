"""The real Envoy, started with a configuration of ours, and a raw client that asks it."""

from __future__ import annotations

import json
import os
import random
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

__all__ = ["PATIENCE", "Answer", "Envoy", "envoy_binary", "exchange", "free_ports"]

ROOT = Path(__file__).parents[2]
#: Where .ci/run and contributors keep it: an environment of its own, apart from the tests'.
USUAL_PLACE = ROOT / ".venv-envoy" / "bin" / "envoy"

#: Seconds that only something which hangs takes, however loaded the machine.
PATIENCE = 60.0

#: Of the system: tests that run beside each other must not look in the same order.
CHANCE = random.SystemRandom()


def envoy_binary() -> str | None:
    """The envoy to test with: MESHCORE_ENVOY, else the usual place, else the one on PATH."""
    named = os.environ.get("MESHCORE_ENVOY")
    if named:
        return named
    return str(USUAL_PLACE) if USUAL_PLACE.exists() else shutil.which("envoy")


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listens on.

    They lie below those that the system gives to outgoing connections: one of these could otherwise take a
    port before Envoy does.
    """
    ports: list[int] = []
    while len(ports) < count:
        port = CHANCE.randrange(10_000, 32_768)
        if port not in ports:
            with suppress(OSError), socket.create_server(("127.0.0.1", port)):
                ports.append(port)
    return ports


class Envoy:
    """A running Envoy: one worker thread, no admin endpoint, no hot restart."""

    def __init__(self, binary: str, bootstrap: Mapping[str, Any]) -> None:
        self._folder = tempfile.TemporaryDirectory()
        path = Path(self._folder.name) / "bootstrap.json"
        path.write_text(json.dumps(bootstrap), encoding="utf-8")
        command = [binary, "--config-path", str(path), "--concurrency", "1", "--disable-hot-restart"]
        self._process = subprocess.Popen(
            [*command, "--log-level", "info"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        )

    def __enter__(self) -> Envoy:
        """Wait until the listeners are served."""
        assert self._process.stderr is not None
        seen = []
        for line in self._process.stderr:
            seen.append(line)
            if "starting main dispatch loop" in line:
                return self
        self._stop()
        raise RuntimeError("Envoy did not start:\n" + "".join(seen[-20:]))

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        self._process.terminate()
        self._process.communicate(timeout=PATIENCE)
        self._folder.cleanup()


@dataclass(frozen=True)
class Answer:
    """An HTTP answer as it came over the wire."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def values(self, name: str) -> list[str]:
        return [value for found, value in self.headers if found == name]


def exchange(port: int, request: bytes, *, head: bool = False) -> Answer:
    """Send a request as raw bytes on a connection of its own and read the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(request)
        with connection.makefile("rb") as stream:
            status = int(stream.readline().split()[1])
            headers = []
            while line := stream.readline().strip(b"\r\n"):
                name, _, value = line.decode("latin-1").partition(":")
                headers.append((name.lower(), value.strip()))
            answer = Answer(status, headers, b"")
            length = answer.values("content-length")
            if head or not length:
                return answer
            return Answer(status, headers, stream.read(int(length[0])))
