"""Envoy and our proxy read the same into the bytes of an origin, and tell the same of how tunnels end."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from pathlib import Path
from typing import BinaryIO

import pytest
from live_wire import Front, Origin, connection, read_head, reset, wired

pytestmark = pytest.mark.envoy

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst"
EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL"
#: Nothing is left of a connection afterwards.
SECOND = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 6\r\n\r\nsecond"
CHUNKS = b"\r\n\r\n5\r\nfirst\r\n0\r\n\r\n"


def answer(*lines: bytes, status: bytes = b"200 OK", body: bytes = b"") -> bytes:
    return b"".join([b"HTTP/1.1 ", status, b"\r\n", *(line + b"\r\n" for line in lines), b"\r\n", body])


CODINGS = (
    *(b"chunked", b"CHUNKED", b"gzip", b"gzip, chunked", b"chunked, gzip", b"identity", b"xchunked"),
    *(b"\x0bchunked", b"chunked\r\nTransfer-Encoding: chunked", b"chunked\r\nContent-Length: 5"),
)
LENGTHS = (
    *(b"5 ", b"\t5", b"0005", b"5, 5", b"+5", b"-1", b"0x5", b"5 5", b"", b"99999999999999999999"),
    *(b"5\r\nContent-Length: 5", b"5\r\nContent-Length: 6"),
)
ANSWERS = [
    OK,
    OK + b"noise",
    OK + EVIL,
    answer(b"Content-Length: 3", body=b"first"),
    answer(b"Content-Length: 0", body=b"first"),
    answer(b"Content-Length: 5", b"Connection: close", body=b"first" + EVIL),
    answer(b"Content-Length: 5", b"Connection: keep-alive, close", body=b"first"),
    answer(status=b"204 No", body=b"first"),
    answer(status=b"204 No", body=EVIL),
    answer(b"Content-Length: 0", status=b"204 No"),
    answer(b"Content-Length: 5", status=b"204 No", body=b"first"),
    answer(b"Transfer-Encoding: chunked", status=b"204 No", body=b"0\r\n\r\n"),
    answer(b"Content-Length: 40", status=b"304 Not", body=EVIL),
    answer(status=b"304 Not"),
    answer(status=b"100 Go") + OK,
    answer(b"Link: x", status=b"103 Early") * 3 + OK,
    answer(b"Content-Length: 5", status=b"103 Early") + OK,
    answer(b"Content-Length: 5", status=b"103 Early", body=b"first") + OK,
    answer(b"Transfer-Encoding: chunked", status=b"103 Early", body=b"0\r\n\r\n") + OK,
    answer(b"Content-Length : 5", body=b"first"),
    answer(b"X : 1", b"Content-Length: 5", body=b"first"),
    answer(b": 1", b"Content-Length: 5", body=b"first"),
    answer(b"X", b"Content-Length: 5", body=b"first"),
    answer(b"X: a\0", b"Content-Length: 5", body=b"first"),
    answer(b"X: a", b" b", b"Content-Length: 5", body=b"first"),
    OK.replace(b"\r\n", b"\n"),
    OK.replace(b" OK", b""),
    OK.replace(b"200", b"20"),
    OK.replace(b"1.1", b"2.0"),
    OK.replace(b"1.1", b"1.0"),
    *(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: " + coding + CHUNKS for coding in CODINGS),
    *(b"HTTP/1.1 200 OK\r\nContent-Length: " + length + b"\r\n\r\nfirst" for length in LENGTHS),
]


class Talk:
    """A front, and an origin that answers ``said`` to the next request, and else SECOND."""

    def __init__(self, front: Front, origin: Origin, first: list[bytes]) -> None:
        self._front, self._origin, self._first = front, origin, first

    def seen(self, said: bytes, method: str) -> tuple[object, ...]:
        """What a client gets for it, and then for a further request; and over how many connections."""
        before = self._origin.connections
        self._first.append(said)
        with connection(self._front.port) as one:
            status, body, closes = asked(one, method)
            if not closes:
                return status, body, asked(one, "GET"), self._origin.connections - before
        with connection(self._front.port) as one:
            return status, body, asked(one, "GET"), self._origin.connections - before


def asked(one: socket.socket, method: str) -> tuple[int, bytes, bool]:
    """Status and body of an answer, and whether it ends the connection."""
    one.sendall(f"{method} / HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    reply = HTTPResponse(one, method=method)
    reply.begin()
    return reply.status, reply.read(), reply.will_close


@contextmanager
def talk(binary: str | None, folder: Path) -> Iterator[Talk]:
    first: list[bytes] = []

    def serve(one: socket.socket, stream: BinaryIO, number: int) -> None:
        while read_head(stream):
            one.sendall(first.pop() if first else SECOND)

    with Origin(serve) as origin, wired(binary, origin.port, folder) as front:
        yield Talk(front, origin, first)


@pytest.fixture(scope="module")
def envoy(binary: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Talk]:
    with talk(binary, tmp_path_factory.mktemp("envoy")) as one:
        yield one


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Talk]:
    with talk(None, tmp_path_factory.mktemp("ours")) as one:
        yield one


@pytest.mark.parametrize("said", ANSWERS)
def test_an_answer_is_the_same_or_none(envoy: Talk, ours: Talk, said: bytes) -> None:
    assert ours.seen(said, "GET") == envoy.seen(said, "GET")


@pytest.mark.parametrize(
    "said", [answer(), *(answer(b"Content-Length: 40", body=body) for body in (b"", b"first", EVIL))]
)
def test_an_answer_to_head_has_no_body(envoy: Talk, ours: Talk, said: bytes) -> None:
    assert ours.seen(said, "HEAD") == envoy.seen(said, "HEAD")


SWITCH = answer(b"Connection: Upgrade", b"Upgrade: websocket", status=b"101 Switching Protocols")
ASK = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
ENDS = ("client", "client half", "client reset", "origin", "origin half", "origin reset", "origin says bye")


def told(binary: str | None, folder: Path) -> tuple[list[object], list[str]]:
    """What is heard of each way to end a tunnel, and what is logged of them."""
    heard: list[object] = []

    def serve(one: socket.socket, stream: BinaryIO, number: int) -> None:
        end = ENDS[number - 1]
        read_head(stream)
        one.sendall(SWITCH)
        if end.startswith("client"):
            try:
                heard.append((end, stream.read()))
            except ConnectionResetError:
                heard.append((end, b""))
        elif end == "origin half":
            one.shutdown(socket.SHUT_WR)
            stream.read()
        elif end == "origin reset":
            reset(one)
        elif end == "origin says bye":
            one.sendall(b"bye")

    with Origin(serve) as origin, wired(binary, origin.port, folder) as front:
        for end in ENDS:
            with connection(front.port) as one, one.makefile("rb") as stream:
                one.sendall(ASK)
                assert b" 101 " in read_head(stream)
                if end == "client reset":
                    reset(one)
                elif end.startswith("client"):
                    one.sendall(b"last words")
                    if end == "client half":
                        one.shutdown(socket.SHUT_WR)
                if not end.startswith("client") or end == "client half":
                    heard.append((end, stream.read()))
            origin.wait()
    return sorted(heard, key=str), front.log


def test_tunnels_end_alike(binary: str, tmp_path: Path) -> None:
    heard, log = told(binary, tmp_path)
    assert told(None, tmp_path) == (heard, log)
    assert len(log) == len(ENDS)
