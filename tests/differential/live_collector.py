"""A collector of Zipkin's spans, as tracers send them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from live_envoy import PATIENCE

__all__ = ["Collector", "collecting"]


class Collector:
    """What has come, by trace."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._spans: dict[str, list[dict[str, Any]]] = {}
        self._news = threading.Condition()

    def take(self, spans: list[dict[str, Any]]) -> None:
        with self._news:
            for span in spans:
                self._spans.setdefault(span["traceId"], []).append(span)
            self._news.notify_all()

    def of(self, trace: str, count: int) -> list[dict[str, Any]]:
        """The spans of a trace, once there are so many."""
        with self._news:
            self._news.wait_for(lambda: len(self._spans.get(trace, ())) >= count, PATIENCE)
            return list(self._spans.get(trace, ()))


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector on a free port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = b""
            while size := int(self.rfile.readline(), 16):  # as Envoy sends it: in chunks
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            self.send_response(202)
            self.send_header("content-length", "0")
            self.end_headers()
            collector.take(json.loads(body))

        def log_message(self, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector = Collector(server.server_port)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
