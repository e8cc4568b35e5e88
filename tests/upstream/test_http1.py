"""meshcore.upstream.http1: answers as origins may send them, and which connections are used again."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from proxy_support import in_loop

from meshcore.upstream.client import BrokenAnswer, RequestBody, Upstream
from meshcore.upstream.replies import UpstreamError

HOST = [(b"Host", b"app")]


class Origin:
    """Answers each request head with the next of ``answers``; those with ``None`` after them then end."""

    def __init__(self, *answers: bytes | None) -> None:
        self._answers = list(answers)
        self.requests: list[bytes] = []
        self.connections = 0
        self.address = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.last = writer
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                self.requests.append(await reader.readuntil(b"\r\n\r\n"))
                writer.write(self._answers.pop(0) or b"")
                if self._answers[:1] == [None]:
                    self._answers.pop(0)
                    break
        writer.close()


@contextlib.asynccontextmanager
async def talking(*answers: bytes | None) -> AsyncIterator[tuple[Origin, Upstream]]:
    origin, upstream = Origin(*answers), Upstream(max_head=4096)
    server = await asyncio.start_server(origin.serve, "127.0.0.1", 0)
    origin.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield origin, upstream
    finally:
        await upstream.close()
        server.close()


async def get(origin: Origin, upstream: Upstream, method: str = "GET") -> tuple[int, bytes]:
    response = await upstream.send(origin.address, None, method, "/", HOST, None)
    body = b""
    while chunk := await response.content.read():
        body += chunk
    response.close()
    return response.status, body


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#: What is no reason to end a connection, and what is; each with the body that it brings.
KEPT = {
    "length": (OK, b"ok"),
    "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-T: 1\r\n\r\n", b"ok"),
    "nothing": (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    "not modified": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", b""),
    "interim": (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + OK, b"ok"),
    "blank behind the length": (b"HTTP/1.1 200 OK\r\nContent-Length: 2 \r\n\r\nok", b"ok"),
    "bare line feeds": (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", b"ok"),
}
ENDED = {
    "close": (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", b"ok"),
    "more than was asked for, closing": (
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok" + OK,
        b"ok",
    ),
    "a body of 204": (b"HTTP/1.1 204 No Content\r\n\r\nok", b""),
    "a body of 304": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\nok", b""),
    "an answer as a body of 304": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 40\r\n\r\n" + OK, b""),
    "more than the length": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokay", b"ok"),
    "old": (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", b"ok"),
    "more than was asked for": (OK + OK, b"ok"),
    "noise behind it": (OK + b"\0\1\2", b"ok"),
}


@pytest.mark.parametrize("name", KEPT)
@in_loop
async def test_connections_that_are_used_again(name: str) -> None:
    answer, body = KEPT[name]
    async with talking(answer, OK) as (origin, upstream):
        assert (await get(origin, upstream))[1] == body
        assert await get(origin, upstream) == (200, b"ok")
        assert origin.connections == 1


@pytest.mark.parametrize("name", ENDED)
@in_loop
async def test_connections_that_are_not(name: str) -> None:
    answer, body = ENDED[name]
    async with talking(answer, OK) as (origin, upstream):
        assert (await get(origin, upstream))[1] == body
        assert await get(origin, upstream) == (200, b"ok")
        assert origin.connections == 2


@pytest.mark.parametrize(
    "body", [b"hello", OK, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"]
)
@in_loop
async def test_a_body_of_head_is_no_answer_to_what_comes_next(body: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with talking(head + body, OK) as (origin, upstream):
        assert await get(origin, upstream, "HEAD") == (200, b"")
        assert await get(origin, upstream) == (200, b"ok")
        assert origin.connections == 2


@pytest.mark.parametrize("more", [b"\r\n", OK, b"noise"])
@in_loop
async def test_what_comes_while_nobody_asks_ends_a_connection(more: bytes) -> None:
    async with talking(OK, OK) as (origin, upstream):
        assert await get(origin, upstream) == (200, b"ok")
        (connection,) = upstream._open
        origin.last.write(more)
        while not connection.closing:
            await asyncio.sleep(0)
        assert await get(origin, upstream) == (200, b"ok")
        assert origin.connections == 2


@pytest.mark.parametrize("framing", [b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b""])
@in_loop
async def test_head_has_no_body_and_keeps_its_connection(framing: bytes) -> None:
    async with talking(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n", OK) as (origin, upstream):
        assert await get(origin, upstream, "HEAD") == (200, b"")
        assert await get(origin, upstream) == (200, b"ok")
        assert origin.connections == 1


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\nConnection: x\r\nConnection: a, Close\r\n\r\n", b"HTTP/1.0 200 OK\r\n\r\n"]
)
@in_loop
async def test_an_answer_to_head_may_end_its_connection(head: bytes) -> None:
    async with talking(head, OK) as (origin, upstream):
        assert await get(origin, upstream, "HEAD") == (200, b"")
        assert await get(origin, upstream) == (200, b"ok")
        assert origin.connections == 2


@in_loop
async def test_a_body_until_the_end_of_the_connection() -> None:
    async with talking(b"HTTP/1.1 200 OK\r\n\r\nok", None) as (origin, upstream):
        assert await get(origin, upstream) == (200, b"ok")


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 5000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 50_000,
        b"HTTP/1.1 103 Early\r\nX: y\r\n\r\n" * 1000,
        b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/2.0\r\n\r\n",
        b"HTTP/1.1 103 Early\r\nContent-Length: 2\r\n\r\n" + OK,
        b"HTTP/1.1 103 Early\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + OK,
        b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nX : 1\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        *(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: %b\r\n\r\n2\r\nok\r\n0\r\n\r\n" % coding
            for coding in (
                b"gzip",
                b"identity",
                b"xchunked",
                b"\x0bchunked",
                b"gzip, chunked",
                b"chunked, gzip",
                b"chunked\r\nTransfer-Encoding: chunked",
            )
        ),
    ],
)
@in_loop
async def test_a_head_that_is_none_or_too_large(answer: bytes) -> None:
    async with talking(answer) as (origin, upstream):
        with pytest.raises(UpstreamError) as caught:
            await get(origin, upstream)
        assert caught.value.reply.error == "protocol-error"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
@in_loop
async def test_a_body_that_breaks_off(answer: bytes) -> None:
    async with talking(answer, None) as (origin, upstream):
        with pytest.raises(BrokenAnswer):
            await get(origin, upstream)


@in_loop
async def test_a_connection_whose_request_is_not_whole_is_not_used_again() -> None:
    async with talking(OK, OK) as (origin, upstream):

        async def never() -> bytes:
            return await asyncio.get_running_loop().create_future()

        body = RequestBody(never, at_hand=False)
        response = await upstream.send(origin.address, None, "POST", "/", HOST, body)
        assert await response.content.read() == b"ok"
        response.close()
        assert b"Transfer-Encoding: chunked\r\n" in origin.requests[0]
        assert await get(origin, upstream) == (200, b"ok")
        assert origin.connections == 2


@pytest.mark.parametrize(
    ("headers", "target"),
    [([*HOST, (b"x", b"a\r\nb: c")], "/"), ([*HOST, (b"x", b"\0")], "/"), (HOST, "/a b"), (HOST, "/\n")],
)
@in_loop
async def test_what_would_be_another_request_is_not_sent(
    headers: list[tuple[bytes, bytes]], target: str
) -> None:
    async with talking(OK) as (origin, upstream):
        with pytest.raises(UpstreamError) as caught:
            await upstream.send(origin.address, None, "GET", target, headers, None)
        assert caught.value.reply.status == 400
        assert origin.connections == 0
