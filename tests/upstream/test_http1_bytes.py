"""meshcore.upstream.http1 under any bytes: an answer or a failure, the same however they are cut."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from meshcore.upstream.http1 import Http1Connection
from meshcore.upstream.messages import BrokenAnswer
from meshcore.upstream.replies import UpstreamError

ANSWERS = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-T: 1\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nX: y\r\n\r\n",
    b"HTTP/1.0 200 OK\r\n\r\nuntil the end",
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nother bytes",
    b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\nConnection: close\r\n\r\n",
]


class Transport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...

    def close(self) -> None:
        self.closed = True

    abort = close

    def is_closing(self) -> bool:
        return self.closed


def outcome(pieces: list[bytes], *, bodiless: bool = False) -> tuple[object, bytes, bool]:
    """Status or failure, body, and whether the connection is used again."""

    async def main() -> tuple[object, bytes, bool]:
        again: list[object] = []
        connection = Http1Connection(
            ("x", None, None),
            memoryview(b""),
            again.append,
            lambda connection: None,
            max_head=500,
            buffer_size=100,
        )
        transport = Transport()
        connection.connection_made(transport)

        async def ask() -> tuple[object, bytes]:
            try:
                response = await connection.exchange(b"", None, chunked=False, bodiless=bodiless)
            except UpstreamError as error:
                return error.reply.error, b""
            body = b""
            try:
                while chunk := await response.content.read():
                    body += chunk
            except BrokenAnswer:
                return "broken", body
            return response.status, body

        asking = asyncio.ensure_future(ask())
        await asyncio.sleep(0)
        for piece in pieces:
            if not transport.closed:
                connection.received(memoryview(piece))
                await asyncio.sleep(0)
        used_again = bool(again)
        connection.connection_lost(None)
        return (*await asking, used_again)

    return asyncio.run(main())


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = [*sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[begin:end] for begin, end in zip([0, *ends[:-1]], ends, strict=True) if begin < end]


places = st.lists(st.integers(0, 200), max_size=6)


@given(st.sampled_from(ANSWERS), places)
@settings(deadline=None)
def test_the_same_however_it_is_cut(answer: bytes, at: list[int]) -> None:
    whole = outcome([answer])
    assert isinstance(whole[0], int)
    assert outcome(cut(answer, at)) == whole


@given(
    st.sampled_from(ANSWERS), st.integers(0, 200), st.binary(min_size=1, max_size=4), places, st.booleans()
)
@settings(deadline=None)
def test_a_damaged_answer_is_one_or_none(
    answer: bytes, place: int, instead: bytes, at: list[int], bodiless: bool
) -> None:
    place %= len(answer)
    damaged = answer[:place] + instead + answer[place + len(instead) :]
    status, body, _ = outcome(cut(damaged, at), bodiless=bodiless)
    assert isinstance(status, int) or status in ("protocol-error", "reset", "broken")
    assert not (bodiless and body and status != 101)


@given(st.binary(max_size=300), places)
@settings(deadline=None)
def test_noise_is_no_answer(data: bytes, at: list[int]) -> None:
    assert outcome(cut(data, at))[0] in ("protocol-error", "reset")
