"""meshcore.proxy.client: what one connection of a client may carry, and how it ends."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web
from proxy_support import (
    HOST,
    SOON,
    RawClient,
    RawOrigin,
    cluster,
    config_for,
    in_loop,
    origin,
    proxy_for,
    talking,
)

from meshcore.model import HttpOptions
from meshcore.proxy import ProxyOptions

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
POST = f"POST / HTTP/1.1\r\nHost: {HOST}\r\n".encode()
GET = f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
CHUNKED = b"Transfer-Encoding: chunked\r\n"


async def echo(request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(body=await request.read(), headers={"X-Method": request.method})


@pytest.mark.parametrize(
    "body", [b"Content-Length: 5\r\n\r\nhello", CHUNKED + b"\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\nX-T: 1\r\n\r\n"]
)
@pytest.mark.parametrize("size", [1, 7, 10_000])
@in_loop
async def test_requests_follow_each_other_however_they_are_cut(body: bytes, size: int) -> None:
    sent = (POST + body + GET) * 3
    async with origin(echo) as port, talking(config_for(cluster(port))) as (_, client):
        for begin in range(0, len(sent), size):
            await client.send(sent[begin : begin + size])
            await asyncio.sleep(0)
        for _ in range(3):
            assert (await client.answer())[2] == b"hello"
            assert (await client.answer())[1]["x-method"] == ["GET"]


@pytest.mark.parametrize("size", [3, 10_000])
@pytest.mark.parametrize(
    "framing", [b"Content-Length: 5\r\n\r\nhello", CHUNKED + b"\r\n5\r\nhello\r\n0\r\n\r\n"]
)
@in_loop
async def test_an_upgrade_that_is_ignored_takes_no_body_away(framing: bytes, size: int) -> None:
    """llhttp takes such a request to end with its head."""
    ask = POST + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAM\r\n" + framing
    async with origin(echo) as port, talking(config_for(cluster(port))) as (_, client):
        sent = ask + GET + ask + GET
        for begin in range(0, len(sent), size):
            await client.send(sent[begin : begin + size])
        for _ in range(2):
            assert (await client.answer())[2] == b"hello"
            assert (await client.answer())[1]["x-method"] == ["GET"]


@in_loop
async def test_any_number_of_ignored_upgrades_may_be_sent_ahead() -> None:
    ask = GET[:-2] + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    async with origin(echo) as port, talking(config_for(cluster(port))) as (_, client):
        await client.send(ask * 700)  # in few pieces, each with more of them than there may be calls in calls
        for _ in range(700):
            assert (await client.answer())[0] == 200


WEBSOCKETS = HttpOptions(upgrades=(("websocket", True),))
UPGRADE = "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


@in_loop
async def test_a_connection_goes_on_where_the_origin_declines_to_switch() -> None:
    running = 0

    async def name(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal running
        running += 1
        await asyncio.sleep(0.001)
        assert running == 1  # they do not overtake each other
        running -= 1
        return web.Response(text=request.path)

    paths = ["/plain", "/upgrade", "/upgrade", "/plain", "/plain", "/upgrade", "/plain"]
    sent = "".join(
        f"GET {path}{number} HTTP/1.1\r\nHost: {HOST}\r\n" + (UPGRADE if path == "/upgrade" else "\r\n")
        for number, path in enumerate(paths)
    )
    async with origin(name) as port, talking(config_for(cluster(port), options=WEBSOCKETS)) as (_, client):
        await client.send(sent.encode())
        for number, path in enumerate(paths):
            assert (await client.answer())[2] == f"{path}{number}".encode()


@in_loop
async def test_a_connection_may_switch_behind_other_requests() -> None:
    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        if request.path != "/chat":
            return web.Response(text=request.path)
        response = web.StreamResponse(status=101, headers={"Connection": "Upgrade", "Upgrade": "websocket"})
        await response.prepare(request)
        assert request.transport is not None
        request.transport.write(b"here")
        await asyncio.sleep(0)
        request.transport.close()
        return response

    async with origin(handle) as port, talking(config_for(cluster(port), options=WEBSOCKETS)) as (_, client):
        plain = f"GET /a HTTP/1.1\r\nHost: {HOST}\r\n\r\n"
        await client.send((plain * 2 + f"GET /chat HTTP/1.1\r\nHost: {HOST}\r\n{UPGRADE}there").encode())
        for _ in range(2):
            assert (await client.answer())[2] == b"/a"
        assert (await client.head()).startswith(b"HTTP/1.1 101 ")
        assert await client.rest() == b"here"


@in_loop
async def test_an_upgrade_has_no_body() -> None:
    async with (
        RawOrigin(OK) as app,
        talking(config_for(cluster(app.port), options=WEBSOCKETS)) as (_, client),
    ):
        head = b"Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n\r\n"
        await client.send(POST + head + b"hello" + GET)
        assert (await client.rest()).count(b"HTTP/1.1 400 ") == 1
        assert app.connections == 0


@pytest.mark.parametrize("end", [b"0\r\nX-Trailer: ", b"5;extension="])
@in_loop
async def test_a_line_within_a_body_does_not_grow_for_ever(end: bytes) -> None:
    async with origin(echo) as port, proxy_for(config_for(cluster(port))) as served:
        async with RawClient(served.port) as client:
            await client.send(POST + CHUNKED + b"\r\n2\r\nhi\r\n" + end)
            answer = asyncio.ensure_future(client.rest())
            while not answer.done():
                client.writer.write(b"x" * 5000)
                await asyncio.sleep(0)
            assert b"HTTP/1.1 400 " in await answer
        await served.idle()


@in_loop
async def test_blank_lines_before_a_request_do_not_go_on_for_ever() -> None:
    async with RawOrigin(OK) as app, talking(config_for(cluster(app.port))) as (_, client):
        await client.send(b"\r\n\r\n" + GET)
        assert (await client.answer())[0] == 200
        answer = asyncio.ensure_future(client.rest())
        while not answer.done():
            client.writer.write(b"\r\n" * 1000)
            await asyncio.sleep(0)
        assert b"HTTP/1.1 431 " in await answer


@pytest.mark.parametrize("version", [b"0.9", b"1.2", b"2.0"])
@in_loop
async def test_other_versions_are_refused(version: bytes) -> None:
    async with RawOrigin(OK) as app, talking(config_for(cluster(app.port))) as (_, client):
        await client.send(GET.replace(b"HTTP/1.1", b"HTTP/" + version))
        assert b"HTTP/1.1 400 " in await client.rest()
        assert app.connections == 0


@in_loop
async def test_what_is_broken_waits_for_the_answers_before_it() -> None:
    async with origin(echo) as port, proxy_for(config_for(cluster(port))) as served:
        async with RawClient(served.port) as client:
            await client.send(GET + GET + b"NONSENSE\r\n\r\n" + GET)
            answers = await client.rest()
        await served.idle()
        assert [line.split()[1] for line in answers.split(b"\r\n") if line.startswith(b"HTTP/")] == [
            b"200",
            b"200",
            b"400",
        ]
        assert [record.status for record in served.log] == [200, 200, 400]


@in_loop
async def test_who_sends_ahead_is_held_back() -> None:
    release = asyncio.Event()

    async def wait(request: web.BaseRequest) -> web.StreamResponse:
        await release.wait()
        return web.Response(body=await request.read())

    body = b"x" * 200_000
    async with origin(wait) as port, talking(config_for(cluster(port))) as (served, client):
        await client.send(GET + POST + b"Content-Length: %d\r\n\r\n" % len(body))
        sending = asyncio.ensure_future(client.send(body))
        connection = next(iter(served.proxy._downstream.connections))  # type: ignore[union-attr]
        while connection.transport.is_reading():
            await asyncio.sleep(0)
        release.set()
        assert (await client.answer())[2] == b""
        assert (await client.answer())[2] == body
        await sending
        assert connection.transport.is_reading()


@in_loop
async def test_an_answer_that_ends_the_connection_is_seen_by_who_still_sends() -> None:
    async with RawOrigin(OK) as app, proxy_for(config_for(cluster(app.port))) as served:
        async with RawClient(served.port) as client:
            await client.send(POST.replace(HOST.encode(), b"unknown.example") + b"Connection: close\r\n")
            await client.send(b"Content-Length: 10000000\r\n\r\n" + b"x" * 100_000)
            assert b" 404 " in await client.head()
            await client.send(b"x" * 100_000)  # nobody minds
            await client.rest()
        assert app.connections == 0


@in_loop
async def test_a_refused_body_is_waited_for_no_longer_than_a_head() -> None:
    options = ProxyOptions(client_idle_timeout=SOON)
    async with RawOrigin(OK) as app, talking(config_for(cluster(app.port)), options=options) as (_, client):
        await client.send(POST.replace(HOST.encode(), b"unknown.example") + b"Content-Length: 9\r\n\r\nx")
        assert (await client.answer())[0] == 404
        assert await client.rest() == b""


@in_loop
async def test_a_refused_body_that_is_none_ends_the_connection() -> None:
    async with RawOrigin(OK) as app, talking(config_for(cluster(app.port))) as (_, client):
        await client.send(POST.replace(HOST.encode(), b"unknown.example") + CHUNKED + b"\r\n2\r\nhi\r\n")
        assert (await client.answer())[0] == 404
        await client.send(b"zz\r\n" + GET)
        assert await client.rest() == b""
