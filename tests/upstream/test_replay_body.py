"""A body that several attempts read: from its beginning, in any order, in bounded memory."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st
from proxy_support import in_loop

from meshcore.upstream.replay import Replay


class Source:
    """Gives chunks, and knows how many have been asked for."""

    def __init__(self, chunks: list[bytes]) -> None:
        self.left = list(chunks)
        self.given = 0

    async def __call__(self) -> bytes:
        await asyncio.sleep(0)
        if not self.left:
            return b""
        self.given += 1
        return self.left.pop(0)


async def whole(body: Replay, reader: object) -> bytes:
    got = b""
    while piece := await body.read(reader):
        got += piece
    return got


@in_loop
async def test_one_after_the_other() -> None:
    body = Replay(Source([b"ab", b"cd", b"e"]), 100, 10)
    body.join(1)
    assert await body.read(1) == b"ab"
    body.leave(1)
    body.join(2)
    assert await whole(body, 2) == b"abcde"
    assert body.replayable


@in_loop
async def test_beyond_the_limit_only_what_is_to_be_read_is_kept() -> None:
    body = Replay(Source([b"x" * 60] * 10), 100, 50)
    body.join(1)
    for _ in range(2):
        await body.read(1)
    assert not body.replayable
    assert len(body._kept) == 0
    assert await whole(body, 1) == b"x" * 480


@in_loop
async def test_whoever_is_ahead_waits_for_the_other() -> None:
    source = Source([b"x" * 60] * 10)
    body = Replay(source, 100, 50)
    body.join(1)
    body.join(2)
    ahead = asyncio.ensure_future(whole(body, 1))
    for _ in range(50):
        await asyncio.sleep(0)
    assert not ahead.done()
    assert source.given == 2
    assert await whole(body, 2) == b"x" * 600
    assert await ahead == b"x" * 600


@in_loop
async def test_whoever_leaves_holds_nobody_back() -> None:
    body = Replay(Source([b"x" * 60] * 10), 100, 50)
    body.join(1)
    body.join(2)
    ahead = asyncio.ensure_future(whole(body, 1))
    for _ in range(50):
        await asyncio.sleep(0)
    body.leave(2)
    assert await ahead == b"x" * 600


@in_loop
async def test_a_reader_that_is_cancelled_loses_nothing() -> None:
    body = Replay(Source([b"ab", b"cd"]), 100, 10)
    body.join(1)
    body.join(2)
    first = asyncio.ensure_future(whole(body, 1))
    await asyncio.sleep(0)
    second = asyncio.ensure_future(whole(body, 2))
    await asyncio.sleep(0)
    first.cancel()
    body.leave(1)
    assert await second == b"abcd"


@given(
    chunks=st.lists(st.binary(min_size=1, max_size=9), max_size=12),
    limit=st.integers(0, 60),
    lag=st.integers(0, 20),
    readers=st.integers(1, 3),
)
def test_everyone_reads_the_same(chunks: list[bytes], limit: int, lag: int, readers: int) -> None:
    async def run() -> None:
        body = Replay(Source(chunks), limit, lag)
        for reader in range(readers):
            body.join(reader)
        got = await asyncio.gather(*(whole(body, reader) for reader in range(readers)))
        assert set(got) == {b"".join(chunks)}
        assert body.replayable == (len(b"".join(chunks)) <= limit)
        if not body.replayable:
            assert len(body._kept) == 0

    asyncio.run(run())
