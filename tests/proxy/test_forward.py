"""What reaches the origin, and what comes back: byte for byte, nothing added, nothing lost."""

from __future__ import annotations

import asyncio
import re

import pytest
from aiohttp import web
from proxy_support import HOST, RawClient, RawOrigin, cluster, config_for, in_loop, origin, proxy_for, talking

from meshcore.model import HttpOptions

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.mark.parametrize(
    "target", ["/a?", "//a", "/a%2Fb?x=%zz&&y", "/a;b/c..d/~'()*", "/?a=b?c=/d", "/%E2%82%AC"]
)
@in_loop
async def test_the_target_reaches_the_origin_unchanged(target: str) -> None:
    async with RawOrigin(OK) as app, proxy_for(config_for(cluster(app.port))) as served:
        async with RawClient(served.port) as client:
            await client.get(target)
            assert (await client.answer())[0] == 200
        assert app.heads[0].split(b"\r\n")[0] == f"GET {target} HTTP/1.1".encode()


@in_loop
async def test_headers_keep_their_order_repeats_and_case_and_none_is_added() -> None:
    async with RawOrigin(OK) as app, proxy_for(config_for(cluster(app.port)), name=None) as served:
        async with RawClient(served.port) as client:
            await client.get(
                "/", "X-B: 1", "x-A: two  words", "X-B: 2", "Cookie: a=b", "Cookie: c=d", "X-Empty:"
            )
            await client.answer()
        lines = app.heads[0].decode().split("\r\n")
        assert lines[1] == f"Host: {HOST}"
        own = [
            line
            for line in lines[2:]
            if line and not line.lower().startswith(("x-forwarded", "x-request", "x-envoy"))
        ]
        assert own == ["X-B: 1", "x-A: two  words", "X-B: 2", "Cookie: a=b", "Cookie: c=d", "X-Empty: "]


@pytest.mark.parametrize("name", ["proxy", "edge", None])
@in_loop
async def test_it_names_itself_and_nobody_else_does(name: str | None) -> None:
    forged = ("X-Meshcore-Caller: a", "x_meshcore_caller: b", "x-meshcore_caller: c", "x-meshcore-caller: d")
    given = {} if name == "proxy" else {"name": name}
    async with RawOrigin(OK, close=False) as app:
        config = config_for(cluster(app.port), options=HttpOptions(upgrades=(("websocket", True),)))
        async with proxy_for(config, **given) as served, RawClient(served.port) as client:
            for lines in ((), forged, ("Connection: x-meshcore-caller", forged[0])):
                await client.get("/", *lines)
                await client.answer()
            await client.get("/", "Connection: upgrade", "Upgrade: websocket", forged[0])
            await client.answer()
    told = [re.findall(rb"x[-_]meshcore[-_]caller: *(.*)\r\n", head, re.IGNORECASE) for head in app.heads]
    assert told == [[] if name is None else [name.encode()]] * 4


@in_loop
async def test_answer_headers_come_back_as_they_are() -> None:
    answer = (
        b"HTTP/1.1 201 Made It\r\nSet-Cookie: a=1\r\nX-Latin: caf\xe9\r\nSet-Cookie: b=2\r\n"
        b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x00\x01"
    )
    async with RawOrigin(answer) as app, talking(config_for(cluster(app.port))) as (_, client):
        await client.get("/")
        head = await client.head()
        assert await client.reader.readexactly(4) == b"\x1f\x8b\x00\x01"
    lines = head.split(b"\r\n")
    assert lines[0] == b"HTTP/1.1 201 Made It"
    assert lines[1:5] == [
        b"Set-Cookie: a=1",
        b"X-Latin: caf\xe9",
        b"Set-Cookie: b=2",
        b"Content-Encoding: gzip",
    ]
    assert not [line for line in lines if line.lower().startswith(b"content-type")]


@in_loop
async def test_a_header_that_is_no_utf8_reaches_the_origin_unchanged() -> None:
    async with RawOrigin(OK) as app, proxy_for(config_for(cluster(app.port))) as served:
        async with RawClient(served.port) as client:
            await client.get("/", "X-Latin: caf\xe9")
            assert (await client.answer())[0] == 200
        assert b"\r\nX-Latin: caf\xe9\r\n" in app.heads[0]


@in_loop
async def test_redirects_and_cookies_are_the_clients_business() -> None:
    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        assert "Cookie" not in request.headers
        return web.Response(status=302, headers={"Location": "/elsewhere", "Set-Cookie": "a=b"})

    async with origin(handle) as port, talking(config_for(cluster(port))) as (_, client):
        for _ in range(2):
            await client.get("/")
            status, headers, _ = await client.answer()
            assert (status, headers["location"]) == (302, ["/elsewhere"])


@in_loop
async def test_connections_are_kept_on_both_sides() -> None:
    peers = set()

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        assert request.transport is not None
        peers.add(request.transport.get_extra_info("peername"))
        return web.Response(text=request.path)

    async with origin(handle) as port, talking(config_for(cluster(port))) as (_, client):
        for number in range(5):
            await client.get(f"/{number}")
            assert (await client.answer())[2] == f"/{number}".encode()
    assert len(peers) == 1


@in_loop
async def test_pipelined_requests_are_answered_in_order() -> None:
    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text=request.path)

    async with origin(handle) as port, talking(config_for(cluster(port))) as (_, client):
        await client.send(b"".join(f"GET /{n} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode() for n in range(8)))
        assert [(await client.answer())[2] for _ in range(8)] == [f"/{n}".encode() for n in range(8)]


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n"),
        ("GET", b'HTTP/1.1 304 Not Modified\r\nContent-Length: 1234\r\nETag: "a"\r\n\r\n'),
        ("GET", b'HTTP/1.1 204 No Content\r\nETag: "a"\r\n\r\n'),
        ("DELETE", b"HTTP/1.1 204 No Content\r\n\r\n"),
    ],
)
@in_loop
async def test_answers_without_a_body(method: str, answer: bytes) -> None:
    async with (
        RawOrigin(answer, close=False) as app,
        talking(config_for(cluster(app.port))) as (_, client),
    ):
        for _ in range(2):  # the second shows that nothing of a body was sent after the first
            await client.send(f"{method} / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
            status, headers, _ = await client.answer(head_only=True)
            assert status == int(answer.split()[1])
            assert headers.get("content-length") == (["1234"] if b"1234" in answer else None)
            assert "transfer-encoding" not in headers


@in_loop
async def test_a_body_is_framed_as_the_client_framed_it() -> None:
    seen = []

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        seen.append((request.headers.get("Content-Length"), request.headers.get("Transfer-Encoding"), body))
        return web.Response()

    async with origin(handle) as port, talking(config_for(cluster(port))) as (_, client):
        start = f"POST / HTTP/1.1\r\nHost: {HOST}\r\n"
        await client.send(f"{start}Content-Length: 5\r\n\r\nhello".encode())
        assert (await client.answer())[0] == 200
        await client.send(
            f"{start}Transfer-Encoding: Chunked\r\n\r\n5;ext=1\r\nhello\r\n1\r\n!\r\n0\r\n\r\n".encode()
        )
        assert (await client.answer())[0] == 200
        await client.send(f"{start}Content-Length: 0\r\n\r\n".encode())
        assert (await client.answer())[0] == 200
        await client.send(f"GET / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 2\r\n\r\nhi".encode())
        assert (await client.answer())[0] == 200
    assert seen == [("5", None, b"hello"), (None, "chunked", b"hello!"), ("0", None, b""), ("2", None, b"hi")]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabcdef",
        b"HTTP/1.0 200 OK\r\n\r\nabcdef",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabcdef",
    ],
)
@in_loop
async def test_every_framing_of_an_answer_is_understood(answer: bytes) -> None:
    async with RawOrigin(answer) as app, talking(config_for(cluster(app.port))) as (_, client):
        await client.get("/")
        status, headers, body = await client.answer()
        assert (status, body) == (200, b"abcdef")
        assert len(headers.get("transfer-encoding", []) + headers.get("content-length", [])) == 1
        await client.get("/")
        assert (await client.answer())[2] == b"abcdef"


@in_loop
async def test_old_clients_get_an_answer_that_ends_with_the_connection() -> None:
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n0\r\n\r\n"
    async with RawOrigin(answer) as app, talking(config_for(cluster(app.port))) as (_, client):
        await client.send(f"GET / HTTP/1.0\r\nHost: {HOST}\r\n\r\n".encode())
        head, _, body = (await client.rest()).partition(b"\r\n\r\n")
        assert body == b"abcdef"
        assert b"chunked" not in head.lower()
        assert b"connection: close" in head.lower()


@in_loop
async def test_old_clients_may_keep_their_connection() -> None:
    async with RawOrigin(OK) as app, talking(config_for(cluster(app.port))) as (_, client):
        for _ in range(2):
            await client.send(f"GET / HTTP/1.0\r\nHost: {HOST}\r\nConnection: keep-alive\r\n\r\n".encode())
            status, headers, body = await client.answer()
            assert (status, headers["connection"], body) == (200, ["keep-alive"], b"ok")


@in_loop
async def test_a_client_that_asks_first_is_told_to_go_on() -> None:
    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        assert "Expect" not in request.headers
        return web.Response(body=await request.read())

    async with origin(handle) as port, proxy_for(config_for(cluster(port))) as served:
        head = (
            f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n".encode()
        )
        async with RawClient(served.port) as client:
            await client.send(head)
            assert await client.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
            await client.send(b"hello")
            status, headers, body = await client.answer()
            assert (status, body) == (200, b"hello")
            assert "connection" not in headers
        async with RawClient(served.port) as client:  # refused: it never has to send its body
            await client.send(head.replace(HOST.encode(), b"unknown.example"))
            status, headers, _ = await client.answer()
            assert (status, headers["connection"]) == (404, ["close"])


@in_loop
async def test_the_head_does_not_wait_for_the_body() -> None:
    go_on = asyncio.Event()

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await go_on.wait()
        await response.write(b"data: 1\n\n")
        await response.write_eof()
        return response

    async with origin(handle) as port, talking(config_for(cluster(port))) as (_, client):
        await client.get("/events")
        assert (await client.head()).startswith(b"HTTP/1.1 200 OK\r\n")
        go_on.set()
        assert await client.reader.readexactly(14) == b"9\r\ndata: 1\n\n\r\n"
