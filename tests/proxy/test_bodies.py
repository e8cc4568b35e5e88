"""Bodies of any size pass in constant memory, each side at the pace of the slower one."""

from __future__ import annotations

import asyncio
import hashlib
import resource
from collections.abc import AsyncIterator

import aiohttp
from aiohttp import web
from proxy_support import HOST, RawClient, cluster, config_for, in_loop, origin, proxy_for, talking

CHUNK = bytes(range(256)) * 256
LARGE = 64 << 20


def peak() -> int:
    """Peak memory of this process (client, proxy and origin together) in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


async def large() -> AsyncIterator[bytes]:
    for _ in range(LARGE // len(CHUNK)):
        yield CHUNK


@in_loop
async def test_large_bodies_stream_both_ways_in_constant_memory() -> None:
    async def echo(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        async for chunk in request.content.iter_any():
            await response.write(chunk)
        return response

    async with origin(echo) as port, proxy_for(config_for(cluster(port))) as served:
        async with aiohttp.ClientSession() as session:
            url = f"http://127.0.0.1:{served.port}/"
            before = peak()
            sent, received = hashlib.sha1(), hashlib.sha1()
            async with session.post(url, data=large(), headers={"Host": HOST}) as response:
                async for chunk in response.content.iter_any():
                    received.update(chunk)
            async for chunk in large():
                sent.update(chunk)
        assert received.digest() == sent.digest()
        assert peak() - before < LARGE // 4
        await served.idle()
        assert (served.log[0].bytes_received, served.log[0].bytes_sent) == (LARGE, LARGE)


@in_loop
async def test_a_slow_reader_holds_the_origin_back() -> None:
    written = 0

    async def pour(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal written
        response = web.StreamResponse()
        response.content_length = LARGE
        await response.prepare(request)
        async for chunk in large():
            await response.write(chunk)
            written += len(chunk)
            stalled.set()
        return response

    stalled = asyncio.Event()
    async with origin(pour) as port, proxy_for(config_for(cluster(port))) as served:
        async with RawClient(served.port) as client:
            await client.get("/")
            await client.head()  # and then read no more
            while stalled.is_set() or not written:  # until the origin has written nothing for a while
                stalled.clear()
                try:
                    await asyncio.wait_for(stalled.wait(), 0.2)
                except asyncio.TimeoutError:
                    break
            # What is left is in the kernel's socket buffers and in bounded buffers of ours.
            assert written < LARGE // 2
            # The client goes; all of it ends.
        await served.idle()
        assert served.log[0].flags == "DC"


@in_loop
async def test_a_slow_origin_holds_the_client_back() -> None:
    go_on = asyncio.Event()

    async def sip(request: web.BaseRequest) -> web.StreamResponse:
        await go_on.wait()
        size = 0
        async for chunk in request.content.iter_any():
            size += len(chunk)
        return web.Response(text=str(size))

    async with origin(sip) as port, talking(config_for(cluster(port))) as (_, client):
        await client.send(f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {LARGE}\r\n\r\n".encode())
        sent = 0
        sending = None
        while sent < LARGE:
            client.writer.write(CHUNK)
            sent += len(CHUNK)
            sending = asyncio.ensure_future(client.writer.drain())
            done, _ = await asyncio.wait({sending}, timeout=0.2)
            if not done:
                break
        assert sending is not None
        assert sent < LARGE // 2
        go_on.set()
        await sending
        while sent < LARGE:
            await client.send(CHUNK)
            sent += len(CHUNK)
        assert (await client.answer())[2] == str(LARGE).encode()


@in_loop
async def test_an_answer_may_come_before_the_request_has_ended() -> None:
    async def refuse(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=413, text="too much")

    async with origin(refuse) as port, proxy_for(config_for(cluster(port))) as served:
        async with RawClient(served.port) as client:
            await client.send(
                f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {LARGE}\r\n\r\n".encode() + CHUNK
            )
            status, _, body = await client.answer()
            assert (status, body) == (413, b"too much")
        await served.idle()
        assert served.log[0].status == 413


@in_loop
async def test_both_directions_flow_at_once() -> None:
    async def reply_to_each(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        async for chunk in request.content.iter_any():
            await response.write(chunk.upper())
        return response

    async with origin(reply_to_each) as port, talking(config_for(cluster(port))) as (_, client):
        await client.send(f"POST / HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        assert (await client.head()).startswith(b"HTTP/1.1 200")
        for word in (b"ping", b"pong"):
            await client.send(b"4\r\n" + word + b"\r\n")
            assert await client.reader.readexactly(9) == b"4\r\n" + word.upper() + b"\r\n"
        await client.send(b"0\r\n\r\n")
        assert await client.reader.readexactly(5) == b"0\r\n\r\n"
