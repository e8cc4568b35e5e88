"""Origins that fail and clients that leave: Envoy's answers and flags, and each lease given back."""

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
    unused_port,
)

from meshcore.model import HttpOptions
from meshcore.proxy import ProxyOptions


@in_loop
async def test_nobody_listens() -> None:
    async with proxy_for(config_for(cluster(unused_port()))) as served, RawClient(served.port) as client:
        await client.get("/")
        status, headers, body = await client.answer()
        assert status == 503
        assert headers["content-type"] == ["text/plain"]
        assert body == (
            b"upstream connect error or disconnect/reset before headers. "
            b"reset reason: remote connection failure"
        )
        await served.idle()
        assert served.log[0].flags == "UF"
        assert served.log[0].details == (
            "upstream_reset_before_response_started"
            "{remote_connection_failure|delayed_connect_error:_Connection_refused}"
        )
        assert served.engine.errors == ["connect-failure"]
        await client.get("/")  # the client's connection is still good
        assert (await client.answer())[0] == 503


@in_loop
async def test_a_name_that_nobody_has() -> None:
    config = config_for(cluster(80, address="nobody.invalid"))
    async with proxy_for(config) as served, RawClient(served.port) as client:
        await client.get("/")
        assert (await client.answer())[0] == 503
        await served.idle()
        assert served.log[0].details.endswith("name_resolution_failed}")
        assert served.log[0].flags == "UF"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
@in_loop
async def test_an_origin_that_closes_without_a_word_is_asked_once(method: str) -> None:
    async with RawOrigin(b"") as app, proxy_for(config_for(cluster(app.port))) as served:
        async with RawClient(served.port) as client:
            await client.send(f"{method} / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 0\r\n\r\n".encode())
            status, _, body = await client.answer()
            assert (status, body) == (
                503,
                b"upstream connect error or disconnect/reset before headers. "
                b"reset reason: connection termination",
            )
        assert app.connections == 1
        assert served.log[0].flags == "UC"
        assert served.engine.errors == ["reset"]


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\x00b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\rY: b\r\n\r\n",
        b"HTTP/1.1 200 O\x01K\r\nX: b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX b: c\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 99 No\r\n\r\n",
        b"HTTP/1.1 000 No\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 099 No\r\nContent-Length: 2\r\n\r\nhi",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    ],
)
@in_loop
async def test_an_answer_that_is_no_http(answer: bytes) -> None:
    async with RawOrigin(answer) as app, proxy_for(config_for(cluster(app.port))) as served:
        async with RawClient(served.port) as client:
            await client.get("/")
            assert (await client.answer())[0] == 502
        assert served.log[0].flags == "UPE"


@in_loop
async def test_control_characters_in_an_answers_header_do_not_reach_the_client() -> None:
    answer = b"HTTP/1.1 200 OK\r\nX-A: a\x01b\r\nX-B: \xe9\x0b\r\nX-C: \xe9\r\nContent-Length: 0\r\n\r\n"
    async with RawOrigin(answer) as app, talking(config_for(cluster(app.port))) as (_, client):
        await client.get("/")
        head = await client.head()
        assert b"X-C: \xe9\r\n" in head
        assert b"X-A" not in head
        assert b"X-B" not in head


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n5\r\nd",
    ],
)
@in_loop
async def test_an_answer_that_breaks_off_is_seen_to_break_off(answer: bytes) -> None:
    async with RawOrigin(answer) as app, proxy_for(config_for(cluster(app.port))) as served:
        async with RawClient(served.port) as client:
            await client.get("/")
            assert b" 200 " in await client.head()
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await client.reader.readuntil(b"0\r\n\r\n")
        await served.idle()
        assert served.log[0].flags == "UPE"
        assert served.log[0].details == "upstream_reset_after_response_started{protocol_error}"
        counted = {name.rpartition(".")[2] for name in served.proxy.stats.counters}
        assert "upstream_cx_protocol_error" in counted
        assert "upstream_rq_rx_reset" not in counted


@in_loop
async def test_the_routes_timeout() -> None:
    gone = asyncio.Event()

    async def hang(request: web.BaseRequest) -> web.StreamResponse:
        await request.read()
        try:
            await asyncio.Event().wait()
        finally:
            gone.set()
        raise AssertionError

    server = web.Server(hang, access_log=None, handler_cancellation=True)
    listener = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    async with proxy_for(config_for(cluster(port), timeout=SOON)) as served, RawClient(served.port) as client:
        await client.send(f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 2\r\n\r\nhi".encode())
        status, _, body = await client.answer()
        assert (status, body) == (504, b"upstream request timeout")
        await gone.wait()  # the origin learns of it
        await served.idle()
        assert (served.log[0].flags, served.log[0].details) == ("UT", "response_timeout")
        assert served.engine.errors == ["timeout"]
        await client.get("/")
        assert (await client.answer())[0] == 504
    listener.close()


@in_loop
async def test_the_routes_timeout_does_not_count_the_upload() -> None:
    async def read(request: web.BaseRequest) -> web.StreamResponse:
        started.set()
        return web.Response(body=await request.read())

    started = asyncio.Event()
    async with origin(read) as port, talking(config_for(cluster(port), timeout=SOON)) as (_, client):
        await client.send(f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 2\r\n\r\nh".encode())
        await started.wait()
        answer = asyncio.ensure_future(client.answer())
        done, _ = await asyncio.wait({answer}, timeout=2 * SOON)
        assert not done
        await client.send(b"i")
        assert (await answer)[2] == b"hi"


@in_loop
async def test_the_timeout_cuts_an_answer_that_has_begun() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"
    async with RawOrigin(head, close=False) as app:
        config = config_for(cluster(app.port), timeout=SOON)
        async with proxy_for(config) as served:
            async with RawClient(served.port) as client:
                await client.get("/")
                assert b" 200 " in await client.head()
                with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                    await client.reader.readexactly(9)
            await served.idle()
            assert (served.log[0].status, served.log[0].flags) == (200, "UT")


@pytest.mark.parametrize("whose", ["proxy", "listener"])
@in_loop
async def test_a_stream_without_progress_ends(whose: str) -> None:
    options = ProxyOptions(stream_idle_timeout=SOON if whose == "proxy" else 300.0)
    listener = HttpOptions(stream_idle_timeout=SOON if whose == "listener" else None)
    async with RawOrigin(b"", close=False) as app:
        config = config_for(cluster(app.port), timeout=0.0, options=listener)
        async with proxy_for(config, options=options) as served:
            async with RawClient(served.port) as client:
                await client.get("/")
                status, headers, body = await client.answer()
                assert (status, body) == (504, b"stream timeout")
                assert "connection" not in headers
                await client.send(f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 2\r\n\r\nh".encode())
                status, headers, body = await client.answer()  # the client is the one who is too slow
                assert (status, body, headers["connection"]) == (408, b"stream timeout", ["close"])
            await served.idle()
            assert [(one.status, one.flags) for one in served.log] == [(504, "SI"), (408, "SI")]


@in_loop
async def test_a_client_that_leaves_takes_the_upstream_request_with_it() -> None:
    async with RawOrigin(b"", close=False) as app, proxy_for(config_for(cluster(app.port))) as served:
        async with RawClient(served.port) as client:
            await client.get("/")
            while not app.heads:
                await asyncio.sleep(0)
            assert served.engine.open == 1
        await app.closed.wait()
        await served.idle()
        assert served.engine.open == 0
        record = served.log[0]
        assert (record.status, record.flags, record.details) == (0, "DC", "downstream_remote_disconnect")


@in_loop
async def test_a_client_that_leaves_in_the_middle_of_its_body() -> None:
    async with RawOrigin(b"", close=False) as app, proxy_for(config_for(cluster(app.port))) as served:
        async with RawClient(served.port) as client:
            await client.send(f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 1000\r\n\r\nabc".encode())
            while not app.heads:
                await asyncio.sleep(0)
        await app.closed.wait()
        await served.idle()
        assert served.log[0].flags == "DC"


@in_loop
async def test_a_client_that_leaves_in_the_middle_of_the_answer() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc"
    async with RawOrigin(head, close=False) as app, proxy_for(config_for(cluster(app.port))) as served:
        async with RawClient(served.port) as client:
            await client.get("/")
            await client.head()
        await app.closed.wait()
        await served.idle()
        assert (served.log[0].status, served.log[0].flags) == (200, "DC")


@in_loop
async def test_a_bug_of_ours_is_an_answer_and_no_leak(caplog: pytest.LogCaptureFixture) -> None:
    async with (
        RawOrigin(b"HTTP/1.1 200 OK\r\n\r\n") as app,
        proxy_for(config_for(cluster(app.port))) as served,
    ):

        async def broken(*args: object) -> None:
            raise ZeroDivisionError

        served.proxy.upstream.send = broken  # type: ignore[method-assign, assignment]
        async with RawClient(served.port) as client:
            await client.get("/")
            status, _, body = await client.answer()
            assert (status, body) == (500, b"internal error")
        assert "ZeroDivisionError" in caplog.text


@in_loop
async def test_clients_that_leave_at_every_point_cost_no_lease() -> None:
    async def echo(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        async for chunk in request.content.iter_any():
            await response.write(chunk)
        return response

    head = f"POST /echo HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n"
    whole = head.encode() + b"5\r\nhello\r\n0\r\n\r\n"
    async with origin(echo) as port, proxy_for(config_for(cluster(port))) as served:

        async def leave_after(sent: int, turns: int) -> None:
            async with RawClient(served.port) as client:
                await client.send(whole[:sent])
                for _ in range(turns):
                    await asyncio.sleep(0)

        for sent in range(0, len(whole) + 1, 3):
            await asyncio.gather(*(leave_after(sent, turns) for turns in range(0, 24, 2)))
        await asyncio.gather(*(leave_after(len(whole), turns) for turns in range(60)))
        await served.idle()
        assert served.engine.open == 0
        async with RawClient(served.port) as client:
            await client.send(whole)
            assert (await client.answer())[2] == b"hello"
