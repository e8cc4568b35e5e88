"""Answers that break off: every client tells outlier detection of the endpoint."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator

import pytest
from callers import CALLERS, caller_of
from mesh_support import REVIEWS, active, mesh_of, rules, service

BALANCED = "{loadBalancer: {simple: ROUND_ROBIN}}"
EJECTING = "{outlierDetection: {consecutive5xxErrors: 1, maxEjectionPercent: 100}}"
OK = b"HTTP/1.1 200 OK\r\n"
BROKEN = {
    "length": OK + b"Content-Length: 100\r\n\r\nhello",
    "chunks": OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
}


class _Origin(socketserver.StreamRequestHandler):
    answer = b""

    def handle(self) -> None:
        while self.rfile.readline().strip():
            pass
        self.wfile.write(self.answer)


@pytest.fixture
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    handler = type("Handler", (_Origin,), {"answer": request.param})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.mark.parametrize("name", CALLERS)
@pytest.mark.parametrize("port", BROKEN.values(), ids=BROKEN, indirect=True)
def test_the_endpoint_is_to_blame(port: int, name: str) -> None:
    documents = service("reviews", port).replace(BALANCED, EJECTING), rules("reviews", "HERE")
    with mesh_of(*documents) as mesh:
        answer = caller_of(name).call(mesh, "GET", "/")
        assert answer.error is not None
        (reviews,) = [it for it in mesh.engine.clusters() if it["name"] == REVIEWS]
        assert reviews["endpoints"][0]["ejected"]
        assert active(mesh) == 0


@pytest.mark.parametrize("name", CALLERS)
@pytest.mark.parametrize("port", [OK + b"Content-Length: 5\r\n\r\nhello"], indirect=True)
def test_a_whole_answer_is_no_reason(port: int, name: str) -> None:
    documents = service("reviews", port).replace(BALANCED, EJECTING), rules("reviews", "HERE")
    with mesh_of(*documents) as mesh:
        assert caller_of(name).call(mesh, "GET", "/").body == b"hello"
        (reviews,) = [it for it in mesh.engine.clusters() if it["name"] == REVIEWS]
        assert not reviews["endpoints"][0]["ejected"]
