"""Envoy and our proxy before an origin that says what it is told to, byte for byte."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from live_config import CLUSTERS, TYPES, bootstrap
from live_envoy import PATIENCE, Envoy, free_ports
from live_proxy import running

from meshcore.config import load
from meshcore.engine import Engine
from meshcore.proxy import AccessRecord, Proxy

__all__ = ["Front", "Origin", "connection", "read_head", "reset", "wired"]

#: Of an access log's line.
FORMAT = "%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%\n"


@contextmanager
def connection(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as one:
        yield one


def read_head(stream: BinaryIO) -> bytes:
    """Up to the blank line; b"" where there is none."""
    lines = []
    while line := stream.readline():
        lines.append(line)
        if line == b"\r\n":
            return b"".join(lines)
    return b""


def reset(one: socket.socket) -> None:
    """Have closing end a connection by RST."""
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@dataclass
class Origin:
    """``serve`` gets each connection, with its number from 1 on."""

    serve: Callable[[socket.socket, BinaryIO, int], None]
    port: int = 0
    connections: int = 0
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Origin:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def wait(self) -> None:
        """Until all connections have ended."""
        for thread in self._threads:
            thread.join(timeout=PATIENCE)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                one, _ = self._listener.accept()
                one.settimeout(PATIENCE)
                self.connections += 1
                thread = threading.Thread(target=self._talk, args=(one, self.connections), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _talk(self, one: socket.socket, number: int) -> None:
        with one, one.makefile("rb") as stream, suppress(OSError):
            self.serve(one, stream, number)


@dataclass
class Front:
    """What clients connect to. ``log`` has status, flags and details of each request, once it has ended."""

    port: int
    log: list[str] = field(default_factory=list)


@contextmanager
def wired(binary: str | None, origin: int, folder: Path) -> Iterator[Front]:
    """``binary``: Envoy's; None: our proxy."""
    (port,) = free_ports(1)
    log = folder / "access.log"
    options = {
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    "routes": [
                        {"match": {"prefix": "/"}, "route": {"cluster": CLUSTERS[0], "timeout": "0s"}}
                    ],
                }
            ]
        },
    }
    logging = {
        "access_log": [
            {
                "name": "file",
                "typed_config": {
                    "@type": f"{TYPES}.access_loggers.file.v3.FileAccessLog",
                    "path": str(log),
                    "log_format": {"text_format_source": {"inline_string": FORMAT}},
                },
            }
        ]
    }
    front = Front(port)
    upstreams = [origin] * len(CLUSTERS)
    if binary is not None:
        with Envoy(binary, bootstrap([port], upstreams, listeners={"wire": {**options, **logging}})):
            yield front
        front.log += log.read_text().splitlines()  # which Envoy writes when it ends, at the latest
        return

    def note(record: AccessRecord) -> None:
        front.log.append(f"{record.status} {record.flags or '-'} {record.details}")

    engine = Engine(load(bootstrap([port], upstreams, listeners={"wire": options})))
    with running(Proxy(engine, name=None, listen=[("127.0.0.1", port)], access_log=note)):
        yield front
