"""meshcore._per_loop: what each event loop has one of."""

from __future__ import annotations

import asyncio

from meshcore._per_loop import PerLoop


class Kept:
    """Refers to its loop, as connections do."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()


def test_each_loop_has_its_own_until_it_is_closed() -> None:
    kept: PerLoop[Kept] = PerLoop()
    seen = []

    async def use() -> None:
        assert kept.find() is None
        one = kept.get(Kept)
        assert kept.get(Kept) is kept.find() is one
        seen.append(one)

    for _ in range(5):
        asyncio.run(use())
    assert len({id(one) for one in seen}) == 5
    assert len(kept) == 1


def test_a_loop_may_give_it_back() -> None:
    kept: PerLoop[Kept] = PerLoop()

    async def use() -> None:
        one = kept.get(Kept)
        assert kept.pop() is one
        assert kept.pop() is None
        assert kept.find() is None

    asyncio.run(use())
    assert len(kept) == 0
