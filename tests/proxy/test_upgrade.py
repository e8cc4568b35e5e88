"""WebSocket and its like: let through where the configuration says so, else refused."""

from __future__ import annotations

import asyncio
import socket
import struct

import aiohttp
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
    route,
    talking,
)

from meshcore.model import Config, ForwardAction, HttpOptions
from meshcore.proxy import ProxyOptions

WEBSOCKETS = HttpOptions(upgrades=(("websocket", True),))
ASK = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: YQ==")
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


async def shout(request: web.BaseRequest) -> web.StreamResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        if message.data == "bye":
            break
        await socket.send_str(message.data.upper())
    await socket.close()
    return socket


@in_loop
async def test_messages_pass_both_ways_until_the_origin_closes() -> None:
    async with origin(shout) as port, proxy_for(config_for(cluster(port), options=WEBSOCKETS)) as served:
        async with aiohttp.ClientSession() as session:
            url = f"http://127.0.0.1:{served.port}/chat"
            async with session.ws_connect(url, headers={"Host": HOST}) as socket:
                for word in ("hello", "x" * 300_000):
                    await socket.send_str(word)
                    assert (await socket.receive()).data == word.upper()
                await socket.send_str("bye")
                assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
        await served.idle()
        assert served.log[0].status == 101
        assert served.log[0].flags in ("UC", "DC")  # who has been faster
        assert served.log[0].bytes_received > 300_000


@in_loop
async def test_bytes_behind_the_heads_are_not_lost() -> None:
    async with RawOrigin(SWITCH + b"first", close=False) as app:
        async with proxy_for(config_for(cluster(app.port), options=WEBSOCKETS)) as served:
            async with RawClient(served.port) as client:
                await client.get("/", *ASK)
                head = await client.head()
                assert head.startswith(b"HTTP/1.1 101 ")
                assert b"connection: upgrade" in head.lower()
                assert await client.reader.readexactly(5) == b"first"
            await app.closed.wait()  # the client's leaving ends both
        sent = app.heads[0].lower()
        assert b"connection: upgrade\r\n" in sent
        assert b"upgrade: websocket\r\n" in sent


@pytest.mark.parametrize(
    "config",
    [
        config_for(cluster(9)),
        config_for(cluster(9), options=HttpOptions(upgrades=(("websocket", False),))),
        config_for(
            cluster(9),
            routes=(route(ForwardAction(cluster="app", upgrades=(("websocket", False),))),),
            options=WEBSOCKETS,
        ),
    ],
)
@in_loop
async def test_upgrades_that_are_not_allowed_are_refused(config: Config) -> None:
    async with proxy_for(config) as served, RawClient(served.port) as client:
        await client.get("/", *ASK)
        assert (await client.answer())[0] == 403
        assert served.log[0].details == "upgrade_failed"


@in_loop
async def test_a_route_may_allow_what_the_listener_does_not() -> None:
    routes = (route(ForwardAction(cluster="app", upgrades=(("websocket", True),))),)
    async with (
        RawOrigin(SWITCH) as app,
        talking(config_for(cluster(app.port), routes=routes)) as (_, client),
    ):
        await client.get("/", *ASK)
        assert (await client.answer())[0] == 101


@in_loop
async def test_an_origin_may_decline() -> None:
    answer = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno"
    async with (
        RawOrigin(answer) as app,
        talking(config_for(cluster(app.port), options=WEBSOCKETS)) as (_, client),
    ):
        await client.get("/", *ASK)
        status, headers, body = await client.answer()
        assert (status, body) == (400, b"no")
        assert "upgrade" not in headers


@in_loop
async def test_h2c_is_not_spoken_and_not_passed_on() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    async with (
        RawOrigin(answer) as app,
        proxy_for(config_for(cluster(app.port), options=WEBSOCKETS)) as served,
    ):
        async with RawClient(served.port) as client:
            await client.get(
                "/", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAM"
            )
            assert (await client.answer())[2] == b"ok"
        assert b"upgrade" not in app.heads[0].lower()
        assert b"http2-settings" not in app.heads[0].lower()


class Endpoint:
    """Switches, and ends by ``last`` where it is not None."""

    def __init__(self, last: str | None = None) -> None:
        self._last = last
        self.taken: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def __aenter__(self) -> Endpoint:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exception: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(SWITCH)
        if self._last is None:
            self.taken.set_result(await reader.read())
        elif self._last == "reset":
            writer.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
        else:
            writer.write(self._last.encode())
        writer.close()


@pytest.mark.parametrize("last", ["", "bye", "reset"])
@in_loop
async def test_an_endpoint_that_ends_a_tunnel_is_told_of_as_in_envoy(last: str) -> None:
    async with Endpoint(last) as app:
        config = config_for(cluster(app.port), options=WEBSOCKETS)
        async with proxy_for(config) as served, RawClient(served.port) as client:
            await client.get("/", *ASK)
            assert b" 101 " in await client.head()
            assert await client.rest() == (b"bye" if last == "bye" else b"")
            await served.idle()
            (record,) = served.log
            assert (record.status, record.flags) == (101, "UC")
            assert record.details == "upstream_reset_after_response_started{connection_termination}"
            assert served.engine.errors == ["reset"]


@pytest.mark.parametrize("how", ["closed", "half closed"])
@in_loop
async def test_a_client_that_leaves_a_tunnel_has_its_last_words_passed_on(how: str) -> None:
    async with Endpoint() as app:
        config = config_for(cluster(app.port), options=WEBSOCKETS)
        async with proxy_for(config) as served, RawClient(served.port) as client:
            await client.get("/", *ASK)
            await client.head()
            client.writer.write(b"last words")
            if how == "closed":
                client.writer.close()
            else:
                client.writer.write_eof()
            assert await app.taken == b"last words"
            await served.idle()
            (record,) = served.log
            assert (record.status, record.flags) == (101, "DC")
            assert record.details == "downstream_remote_disconnect"
            assert served.engine.errors == []


@in_loop
async def test_a_tunnel_that_is_cut_off_has_been_one() -> None:
    async with Endpoint() as app, proxy_for(config_for(cluster(app.port), options=WEBSOCKETS)) as served:
        async with RawClient(served.port) as client:
            await client.get("/", *ASK)
            await client.head()
            await served.proxy.stop(drain=0)
        assert (served.log[0].status, served.log[0].flags) == (101, "DC")


@in_loop
async def test_a_tunnel_without_progress_ends() -> None:
    options = ProxyOptions(stream_idle_timeout=SOON)
    async with RawOrigin(SWITCH, close=False) as app:
        config = config_for(cluster(app.port), options=WEBSOCKETS, timeout=0.0)
        async with proxy_for(config, options=options) as served, RawClient(served.port) as client:
            await client.get("/", *ASK)
            await client.head()
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await client.reader.readexactly(1)
            await served.idle()
            assert served.log[0].flags == "SI"


@in_loop
async def test_the_routes_timeout_is_for_the_handshake() -> None:
    """What ends the tunnel is the idle timeout, though it is the longer one."""
    options = ProxyOptions(stream_idle_timeout=3 * SOON)
    async with RawOrigin(SWITCH, close=False) as app:
        config = config_for(cluster(app.port), options=WEBSOCKETS, timeout=SOON)
        async with proxy_for(config, options=options) as served, RawClient(served.port) as client:
            await client.get("/", *ASK)
            await client.head()
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await client.reader.readexactly(1)
            await served.idle()
            assert served.log[0].flags == "SI"
            clusters = served.proxy.engine.clusters()
            assert [one["active_requests"] for it in clusters for one in it["endpoints"]] == [0]


@in_loop
async def test_a_handshake_that_nobody_answers_takes_the_routes_timeout() -> None:
    async with RawOrigin(b"", close=False) as app:
        config = config_for(cluster(app.port), options=WEBSOCKETS, timeout=SOON)
        async with proxy_for(config) as served, RawClient(served.port) as client:
            await client.get("/", *ASK)
            assert (await client.answer())[0] == 504
            assert served.log[0].flags == "UT"
