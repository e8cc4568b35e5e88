"""What could be read in two ways is not passed on; what is too large or too slow ends."""

from __future__ import annotations

import pytest
from proxy_support import HOST, SOON, RawClient, RawOrigin, ask, cluster, config_for, in_loop, proxy_for

from meshcore.proxy import ProxyOptions

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
POST = f"POST / HTTP/1.1\r\nHost: {HOST}\r\n".encode()
GET = f"GET / HTTP/1.1\r\nHost: {HOST}\r\n".encode()

REFUSED = {
    "length and chunked": POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    "two lengths": POST + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
    "two equal lengths": POST + b"Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd",
    "list of lengths": POST + b"Content-Length: 4, 4\r\n\r\nabcd",
    "signed length": POST + b"Content-Length: +4\r\n\r\nabcd",
    "negative length": POST + b"Content-Length: -1\r\n\r\n",
    "hexadecimal length": POST + b"Content-Length: 0x4\r\n\r\nabcd",
    "huge length": POST + b"Content-Length: 99999999999999999999999\r\n\r\n",
    "unknown coding": POST + b"Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n",
    "coding before chunked": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked not last": POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "chunked twice": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "disguised chunked": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "blank before the colon": POST + b"Content-Length : 4\r\n\r\nabcd",
    "folded line": GET + b"X-A: 1\r\n folded: 2\r\n\r\n",
    "bare line feed": f"GET / HTTP/1.1\nHost: {HOST}\n\n".encode(),
    "bare line feed in a header": GET + b"X-A: 1\nX-B: 2\r\n\r\n",
    "bare carriage return": GET + b"X-A: 1\rX-B: 2\r\n\r\n",
    "NUL in a value": GET + b"X-A: 1\x002\r\n\r\n",
    "no header name": GET + b": 1\r\n\r\n",
    "blank in a header name": GET + b"X A: 1\r\n\r\n",
    "two hosts": GET + b"Host: other.example\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "unknown version": f"GET / HTTP/3.7\r\nHost: {HOST}\r\n\r\n".encode(),
    "unknown method": f"FETCH / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode(),
    "blank in the target": f"GET /a b HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode(),
    "control character in the target": f"GET /a\x01b HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode(),
    "raw bytes in the target": f"GET /caf\xe9 HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode("latin-1"),
    "another protocol": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "long header": GET + b"X-A: " + b"a" * 70_000 + b"\r\n\r\n",
    "many headers": GET + b"X-A: 1\r\n" * 200 + b"\r\n",
    "large headers": GET + (b"X-A: " + b"a" * 8000 + b"\r\n") * 9 + b"\r\n",
    "long target": b"GET /" + b"a" * 70_000 + f" HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode(),
}


@pytest.mark.parametrize("name", REFUSED)
@in_loop
async def test_ambiguous_requests_are_refused_and_reach_nobody(name: str) -> None:
    async with RawOrigin(OK) as app, proxy_for(config_for(cluster(app.port))) as served:
        # A smuggled request behind it must not be answered either.
        answer = await ask(served.port, REFUSED[name] + GET + b"Connection: close\r\n\r\n")
        assert app.connections == 0, answer
        status = int(answer.split()[1])
        assert status == (501 if "coding" in name and status == 501 else 431 if status == 431 else 400)
        assert answer.count(b"HTTP/1.1 ") == 1
        assert b"connection: close" in answer.lower()
        if name.startswith(("long", "many", "large")):
            assert status == 431
        await served.idle()
        assert [record.status for record in served.log] == [status]
        assert served.log[0].flags == "DPE"


@in_loop
async def test_a_coding_in_an_old_request_ends_the_connection() -> None:
    old = f"POST /old HTTP/1.0\r\nHost: {HOST}\r\nConnection: keep-alive\r\n".encode()
    chunked = old + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    async with RawOrigin(OK) as app, proxy_for(config_for(cluster(app.port))) as served:
        answer = await ask(served.port, chunked + GET + b"Connection: close\r\n\r\n")
        assert (answer.count(b"HTTP/1.1 "), answer.split()[1]) == (1, b"200")
        assert b"connection: close" in answer.lower()
        await served.idle()
        assert [record.path for record in served.log] == ["/old"]


@in_loop
async def test_a_fragment_is_refused() -> None:
    async with RawOrigin(OK) as app, proxy_for(config_for(cluster(app.port))) as served:
        answer = await ask(
            served.port, f"GET /a#b HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode()
        )
        assert answer.split()[1] == b"400"
        assert app.connections == 0
        assert served.log[0].details == "path_normalization_failed"


@pytest.mark.parametrize(
    "body", [b"zz\r\nabc\r\n0\r\n\r\n", b"3\r\nabcd\r\n0\r\n\r\n", b"-1\r\n\r\n", b"3\nabc\n0\n\n"]
)
@in_loop
async def test_a_malformed_chunk_ends_the_request_on_both_sides(body: bytes) -> None:
    async with RawOrigin(b"") as app, proxy_for(config_for(cluster(app.port))) as served:
        async with RawClient(served.port) as client:
            await client.send(POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n" + body)
            answer = await client.rest()
            assert answer.count(b"HTTP/1.1 ") <= 1
            assert not answer or answer.startswith(b"HTTP/1.1 400 ")
        await served.idle()


@in_loop
async def test_a_head_that_never_ends_is_cut_off() -> None:
    options = ProxyOptions(client_idle_timeout=SOON)
    async with RawOrigin(OK) as app, proxy_for(config_for(cluster(app.port)), options=options) as served:
        async with RawClient(served.port) as client:
            await client.send(GET + b"X-Slow: ")
            assert await client.rest() == b""
        assert app.connections == 0


@in_loop
async def test_what_follows_a_refused_body_is_not_taken_for_a_request() -> None:
    """An unread body must not become the next request on the connection."""
    smuggled = GET + b"X-Smuggled: 1\r\n\r\n"
    async with RawOrigin(OK) as app, proxy_for(config_for(cluster(app.port))) as served:
        async with RawClient(served.port) as client:
            head = f"POST / HTTP/1.1\r\nHost: unknown.example\r\nContent-Length: {len(smuggled)}\r\n\r\n"
            await client.send(head.encode() + smuggled)
            assert (await client.answer())[0] == 404
            await client.get("/next", "Connection: close")
            assert (await client.answer())[0] == 200
        assert [head.split()[1] for head in app.heads] == [b"/next"]
