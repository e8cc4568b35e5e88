"""Clients that leave while nothing is read from them are noticed."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import select
import socket
from collections.abc import AsyncIterator

import pytest
from proxy_support import HOST, RawClient, cluster, config_for, in_loop, proxy_for

from meshcore.model import HttpOptions
from meshcore.proxy import ProxyOptions
from meshcore.proxy.departures import Departures

pytestmark = pytest.mark.skipif(
    not hasattr(select, "EPOLLRDHUP"), reason="the system does not tell of it: it is no Linux"
)

SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


@contextlib.asynccontextmanager
async def pair() -> AsyncIterator[tuple[asyncio.Transport, socket.socket]]:
    """A connection whose reading is paused, and its other side."""
    ours, theirs = socket.socketpair()
    transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=ours)
    transport.pause_reading()
    try:
        yield transport, theirs
    finally:
        transport.abort()
        theirs.close()


@in_loop
async def test_whoever_leaves_is_told_of_once() -> None:
    departures = Departures()
    gone: asyncio.Queue[str] = asyncio.Queue()
    async with pair() as (first, one), pair() as (second, other):
        departures.watch(first, lambda: gone.put_nowait("first"))
        departures.watch(first, lambda: gone.put_nowait("again"))
        departures.watch(second, lambda: gone.put_nowait("second"))
        one.send(b"something unread")
        other.shutdown(socket.SHUT_WR)
        assert await gone.get() == "second"
        one.close()
        assert await gone.get() == "first"
        departures.forget(first)  # it has been told of
        assert gone.empty()
    departures.close()


@in_loop
async def test_whoever_is_read_again_is_not_watched() -> None:
    departures = Departures()
    gone: asyncio.Queue[str] = asyncio.Queue()
    async with pair() as (first, one), pair() as (second, other):
        departures.watch(first, lambda: gone.put_nowait("first"))
        departures.watch(second, lambda: gone.put_nowait("second"))
        departures.forget(first)
        one.close()
        other.close()
        assert await gone.get() == "second"
        assert gone.empty()
    departures.close()


@in_loop
async def test_where_no_more_files_may_be_open_nobody_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_more() -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(select, "epoll", no_more)
    departures = Departures()
    async with pair() as (transport, _):
        departures.watch(transport, lambda: None)
        departures.forget(transport)
    departures.close()


@in_loop
async def test_a_transport_without_a_socket_is_not_watched() -> None:
    departures = Departures()
    departures.watch(asyncio.BaseTransport(), lambda: None)
    departures.forget(asyncio.BaseTransport())
    departures.close()


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n", 101),
        ("POST / HTTP/1.1\r\nContent-Length: 1000000000\r\n", 0),
    ],
)
@in_loop
async def test_a_client_may_leave_while_its_endpoint_takes_nothing(head: str, status: int) -> None:
    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def never_read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if status:
            writer.write(SWITCH)
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        await ended
        writer.close()

    listening = socket.create_server(("127.0.0.1", 0))
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    origin = await asyncio.start_server(never_read, sock=listening)
    config = config_for(
        cluster(listening.getsockname()[1]), options=HttpOptions(upgrades=(("websocket", True),)), timeout=0.0
    )
    async with proxy_for(config, options=ProxyOptions(stream_idle_timeout=0)) as served:
        async with RawClient(served.port) as client:
            await client.send(f"{head}Host: {HOST}\r\n\r\n".encode())
            if status:
                await client.head()
            (connection,) = served.proxy._downstream.connections  # type: ignore[union-attr]
            while connection.transport.is_reading():
                await client.send(b"x" * 4096)
                await asyncio.sleep(0)
        await served.idle()
        (record,) = served.log
        assert (record.status, record.flags) == (status, "DC")
        endpoints = [one for it in served.proxy.engine.clusters() for one in it["endpoints"]]
        assert [one["active_requests"] for one in endpoints] == [0]
        ended.set_result(None)
    origin.close()
