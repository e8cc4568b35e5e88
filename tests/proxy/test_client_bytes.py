"""meshcore.proxy.client under any bytes: it answers or refuses, in order, however they are cut."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from meshcore.proxy.answer import Answer
from meshcore.proxy.client import ClientConnection
from meshcore.proxy.downstream import DownstreamServer
from meshcore.proxy.options import ProxyOptions
from meshcore.proxy.request import BadBody, Request

REQUESTS = [
    b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n",
    b"HEAD /b HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"POST /c HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
    b"PUT /d HTTP/1.1\r\nhost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n",
    b"POST /e HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nhi",
    b"GET /f HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    b"GET /g HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
]


class Transport(asyncio.Transport):
    """Keeps what is written until the connection ends."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.ended = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.ended
        self.written += data

    def write_eof(self) -> None:
        self.ended = True

    def close(self) -> None:
        self.ended = True

    def abort(self) -> None:
        self.ended = True

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


async def echo(request: Request) -> Answer:
    """The method, the target and the body; a body that is none ends the connection."""
    body = b""
    try:
        while request.body is not None and (chunk := await request.body.read()):
            body += chunk
    except BadBody:
        body = b"bad"
    text = b"%b %b %b" % (request.method.encode(), request.target, body)
    answer = Answer(200, [(b"content-length", b"%d" % len(text))], sized=True)
    answer.begin(request)
    await answer.finish(text)
    return answer


def answered(pieces: list[bytes]) -> tuple[bytes, bool]:
    """What is written back, and whether the connection has ended."""

    async def main() -> tuple[bytes, bool]:
        server = DownstreamServer(echo, ProxyOptions(max_request_head=500), lambda peer, reply: None)
        transport, connection = Transport(), ClientConnection(server)
        connection.connection_made(transport)
        for piece in pieces:
            connection.received(memoryview(piece))
            await asyncio.sleep(0)
        for _ in range(40):  # turns of the event loop, more than anything takes
            await asyncio.sleep(0)
        connection.connection_lost(None)
        await asyncio.sleep(0)
        return transport.written, transport.ended

    return asyncio.run(main())


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = [*sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[begin:end] for begin, end in zip([0, *ends[:-1]], ends, strict=True)]


places = st.lists(st.integers(0, 1000), max_size=6)


@given(st.lists(st.sampled_from(REQUESTS), min_size=1, max_size=5), places)
@settings(deadline=None)
def test_the_same_however_it_is_cut(requests: list[bytes], at: list[int]) -> None:
    data = b"".join(requests)
    whole = answered([data])
    assert answered(cut(data, at)) == whole
    served = requests.index(REQUESTS[-1]) + 1 if REQUESTS[-1] in requests else len(requests)
    assert whole[0].count(b"HTTP/1.1 200 OK\r\n") == served
    assert whole[1] == (REQUESTS[-1] in requests)


@given(
    st.lists(st.sampled_from(REQUESTS), min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(0, 1000), st.binary(max_size=4)), min_size=1, max_size=3),
    places,
)
@settings(deadline=None)
def test_damaged_requests_are_answered_or_refused(
    requests: list[bytes], damage: list[tuple[int, bytes]], at: list[int]
) -> None:
    data = b"".join(requests)
    for place, instead in damage:
        place %= len(data)
        data = data[:place] + instead + data[place + len(instead) :]
    written, ended = answered(cut(data, at))
    lines = [line for line in written.split(b"\r\n") if b"HTTP/1.1 " in line]
    assert all(b"HTTP/1.1 200 " in line for line in lines[:-1])  # nothing follows what is refused
    if lines and b"HTTP/1.1 200 " not in lines[-1]:
        assert b" 400 " in lines[-1] or b" 431 " in lines[-1]
        assert ended


@given(st.binary(max_size=300), places)
@settings(deadline=None)
def test_noise_is_refused(data: bytes, at: list[int]) -> None:
    written, _ = answered(cut(data, at))
    assert written == b"" or written.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 431 "))
