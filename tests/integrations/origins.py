"""Servers that stand for the endpoints of a service, over real sockets, in threads."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

__all__ = ["Origin", "origins", "refused_port"]


@dataclass
class Origin:
    """One endpoint. ``status``: what it answers; 0: it closes the connection instead."""

    port: int = 0
    status: int = 200
    seen: list[dict[str, Any]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)  #: of its answers
    hold: threading.Event | None = None  #: it answers once this is set
    server: ThreadingHTTPServer | None = None

    def secure(self, context: ssl.SSLContext) -> None:
        """From now on it speaks TLS."""
        assert self.server is not None
        self.server.socket = context.wrap_socket(
            self.server.socket, server_side=True, do_handshake_on_connect=False
        )

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else the body waits for the head's acknowledgement, 40 ms
    origin: ClassVar[Origin]

    def _answer(self) -> None:
        origin = self.origin
        body = self._body()
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = {"method": self.command, "path": self.path, "headers": headers, "body": body.decode()}
        origin.seen.append(seen)
        if origin.hold is not None:
            origin.hold.wait(20)
        if not origin.status:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        content = json.dumps({"port": origin.port, **seen}).encode()
        self.send_response(origin.status)
        self.send_header("content-type", "application/json")
        for name, value in origin.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    do_GET = do_POST = do_PUT = do_DELETE = _answer

    def log_message(self, *arguments: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # connections are broken off on purpose


@contextmanager
def origins(count: int) -> Iterator[list[Origin]]:
    """So many endpoints."""
    servers, found = [], []
    for _ in range(count):
        origin = Origin()
        handler = type("Handler", (_Handler,), {"origin": origin})
        server = _Server(("127.0.0.1", 0), handler)
        origin.port, origin.server = server.server_port, server
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        found.append(origin)
    try:
        yield found
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


def refused_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
