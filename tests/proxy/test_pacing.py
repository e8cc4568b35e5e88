"""meshcore.proxy.pacing: bytes leave when the bucket has tokens for them."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st
from proxy_support import Dial

from meshcore.proxy.pacing import Pace


def paced(rate: int, *chunks: bytes, pause: float = 0.0) -> tuple[Dial, list[tuple[float, bytes]], int]:
    """What left, and when, counted from the start; ``pause``: the seconds before each chunk but the first."""
    dial, left, progress = Dial(), [], 0
    begun = dial.time

    def note() -> None:
        nonlocal progress
        progress += 1

    async def run() -> None:
        pace = Pace(rate, dial.now, dial.sleep, note)
        for number, chunk in enumerate(chunks):
            dial.time += pause if number else 0
            async for piece in pace.pieces(chunk):
                left.append((round(dial.time - begun, 6), bytes(piece)))

    asyncio.run(run())
    return dial, left, progress


def test_the_first_piece_leaves_at_once_and_the_rest_at_the_rate() -> None:
    dial, left, progress = paced(1000, b"x" * 175)
    assert left == [(0, b"x" * 50), (0.05, b"x" * 50), (0.1, b"x" * 50), (0.15, b"x" * 25)]
    assert dial.waits == [0.05] * 3
    assert progress == 4


def test_what_fits_does_not_wait() -> None:
    assert paced(1024, b"ok")[0].waits == []
    assert paced(1024)[1] == []


def test_no_more_than_a_second_is_saved_up() -> None:
    _, left, _ = paced(1000, b"x", b"y" * 1500, pause=60)
    assert [(at, len(piece)) for at, piece in left[:3]] == [(0, 1), (60, 1000), (60.05, 50)]


def test_less_than_a_byte_in_an_interval() -> None:
    _, left, _ = paced(5, b"abc")
    assert [piece for _, piece in left] == [b"a", b"b", b"c"]
    assert left[-1][0] >= 0.55


@given(st.integers(1, 10**7), st.lists(st.integers(0, 4000), max_size=5))
def test_nothing_is_lost_and_the_rate_is_kept(rate: int, sizes: list[int]) -> None:
    rate = max(rate, max(sizes, default=0))  # so that nothing takes more than a few seconds
    data = [bytes([65 + number]) * size for number, size in enumerate(sizes)]
    _, left, _ = paced(rate, *data)
    assert b"".join(piece for _, piece in left) == b"".join(data)
    sent = 0
    for at, piece in left:
        sent += len(piece)
        assert sent <= rate * (at + 0.05) + 1e-3
