"""Answers that break off, which outlier detection is told of, and those that go on behind their end."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from typing import ClassVar

import pytest
from callers import CALLERS, Call, caller_of, decisions_seen
from mesh_support import REVIEWS, active, mesh_of, rules, service

BALANCED = "{loadBalancer: {simple: ROUND_ROBIN}}"
EJECTING = "{outlierDetection: {consecutive5xxErrors: 1, maxEjectionPercent: 100}}"
OK = b"HTTP/1.1 200 OK\r\n"
BROKEN = {
    "length": OK + b"Content-Length: 100\r\n\r\nhello",
    "chunks": OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
}


SECOND = OK + b"Content-Length: 6\r\n\r\nsecond"
EVIL = OK + b"Content-Length: 4\r\n\r\nEVIL"
#: The method, and more than an answer to it.
MORE = {
    "length": ("GET", OK + b"Content-Length: 0\r\n\r\n" + EVIL),
    "chunks": ("GET", OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + EVIL),
    "204": ("GET", b"HTTP/1.1 204 No Content\r\n\r\n" + EVIL),
    "HEAD": ("HEAD", OK + b"Content-Length: %d\r\n\r\n" % len(EVIL) + EVIL),
    "noise": ("GET", OK + b"Content-Length: 0\r\n\r\nnoise"),
}


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False


class _Origin(socketserver.StreamRequestHandler):
    answers: ClassVar[list[bytes]]  # the last one first
    ends = False  # with the first of them

    def handle(self) -> None:
        while self.rfile.readline():
            while self.rfile.readline().strip():
                pass
            self.wfile.write(self.answers.pop())
            if len(self.answers) == 2 and self.ends:
                return


@pytest.fixture
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    ends = request.param in BROKEN.values()
    handler = type("Handler", (_Origin,), {"answers": [SECOND, SECOND, request.param], "ends": ends})
    with _Server(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.mark.parametrize("name", CALLERS)
@pytest.mark.parametrize("port", BROKEN.values(), ids=BROKEN, indirect=True)
def test_the_endpoint_is_to_blame(port: int, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = decisions_seen(monkeypatch)
    documents = service("reviews", port).replace(BALANCED, EJECTING), rules("reviews", "HERE")
    with mesh_of(*documents) as mesh:
        answer = caller_of(name).call(mesh, "GET", "/")
        assert answer.error is not None
        # As in Envoy: counted by its head, and however the connection has ended it is no HTTP.
        assert [(decision.flags, status) for decision, status in seen] == [("UPE", 200)]
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


@pytest.mark.parametrize("name", CALLERS)
@pytest.mark.parametrize(("method", "port"), MORE.values(), ids=MORE, indirect=["port"])
def test_what_is_behind_an_answer_is_not_the_next_one(port: int, method: str, name: str) -> None:
    with mesh_of(service("reviews", port), rules("reviews", "HERE")) as mesh:
        _, *others = caller_of(name).calls(mesh, Call(method, "/"), Call("GET", "/"), Call("GET", "/"))
        assert b"EVIL" not in [other.body for other in others]
        assert [other.error for other in others] == [None, None]
        assert active(mesh) == 0
