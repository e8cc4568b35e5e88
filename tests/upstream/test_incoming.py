"""meshcore.upstream.incoming: bytes wait for their reader, and the sender for both."""

from __future__ import annotations

import asyncio

import pytest
from proxy_support import in_loop

from meshcore.upstream.incoming import Incoming


class Transport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    def pause_reading(self) -> None:
        self.told.append("pause")

    def resume_reading(self) -> None:
        self.told.append("resume")


@in_loop
async def test_what_is_there_is_read_at_once_and_together() -> None:
    body = Incoming(Transport(), 100)
    assert body.take() == b""
    body.feed(b"one ")
    body.feed(b"two")
    assert await body.read() == b"one two"
    body.feed(b"three")
    body.end()
    assert (body.complete, body.at_end) == (True, False)
    assert body.take() == b"three"
    assert body.at_end
    assert await body.read() == b""


@in_loop
async def test_a_reader_waits_for_bytes_or_the_end() -> None:
    body = Incoming(Transport(), 100)
    for give, expected in ((lambda: body.feed(b"x"), b"x"), (body.end, b"")):
        reading = asyncio.ensure_future(body.read())
        await asyncio.sleep(0)
        assert not reading.done()
        give()
        assert await reading == expected


@in_loop
async def test_the_sender_is_held_back_while_too_much_waits() -> None:
    transport = Transport()
    body = Incoming(transport, 4)
    body.feed(b"1234")
    assert transport.told == []
    body.feed(b"5")
    body.feed(b"6")
    assert transport.told == ["pause"]
    assert body.take() == b"123456"
    body.feed(b"12345")
    body.end()  # the connection may go on to the next message
    assert transport.told == ["pause", "resume", "pause", "resume"]


@in_loop
async def test_what_came_before_a_failure_is_read_first() -> None:
    body = Incoming(Transport(), 100)
    body.feed(b"x")
    body.fail(ZeroDivisionError())
    body.fail(KeyError())
    assert await body.read() == b"x"
    with pytest.raises(ZeroDivisionError):
        await body.read()


@in_loop
async def test_what_is_complete_cannot_fail() -> None:
    body = Incoming(Transport(), 100)
    body.end()
    body.fail(ZeroDivisionError())
    assert await body.read() == b""
