"""meshcore.exchange.time_limits: limits of one length share a timer, and each strikes its own task alone."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import sys
import weakref
from typing import Any

import pytest

from meshcore.exchange import time_limits
from meshcore.exchange.time_limits import MOST_KEPT, TimeLimit

pytestmark = pytest.mark.skipif(sys.version_info < (3, 11), reason="used from Python 3.11 on alone")


class Loop(asyncio.SelectorEventLoop):
    """Whose time stands still, unless it is told to go on."""

    now = 100.0

    def time(self) -> float:
        return self.now

    async def at(self, now: float) -> None:
        self.now = now
        for _ in range(3):
            await asyncio.sleep(0)

    @property
    def timers(self) -> int:
        return len([timer for timer in self._scheduled if not timer.cancelled()])  # type: ignore[attr-defined]


def run(main: Any) -> None:
    loop = Loop()
    try:
        loop.run_until_complete(main(loop))
    finally:
        loop.close()


def made() -> int:
    lines = time_limits._lines.find()
    assert lines is not None
    return len(lines)


async def limited(seconds: float) -> str:
    limit = TimeLimit(seconds, asyncio.sleep)
    try:
        await asyncio.get_running_loop().create_future()
    except asyncio.CancelledError:
        if not limit.end():
            raise
        return "late"
    raise AssertionError


def test_limits_of_one_length_have_one_timer() -> None:
    async def main(loop: Loop) -> None:
        first = asyncio.ensure_future(limited(15.0))
        await loop.at(100.0)
        others = [asyncio.ensure_future(limited(14.9999 - i / 1e6)) for i in range(50)]
        await loop.at(101.0)
        assert loop.timers == 1
        await loop.at(115.0)
        assert first.result() == "late"
        assert not any(other.done() for other in others)
        assert loop.timers == 1
        await loop.at(116.0)
        assert [other.result() for other in others] == ["late"] * 50
        assert loop.timers == 0
        assert made() == 0

    run(main)


def test_what_ends_in_time_is_not_struck() -> None:
    async def main(loop: Loop) -> None:
        for _ in range(3):
            assert not TimeLimit(15.0, asyncio.sleep).end()
        last = asyncio.ensure_future(limited(15.0))
        await loop.at(105.0)
        last.cancel()
        await loop.at(115.0)  # the timer of the first of them
        assert last.cancelled()
        assert loop.timers == 0
        await asyncio.sleep(0)

    run(main)


@pytest.mark.parametrize(("shortest", "kept"), [(20.0, MOST_KEPT), (1e6, 1)])
def test_lengths_that_nobody_waits_for_leave_nothing(shortest: float, kept: int) -> None:
    async def main(loop: Loop) -> None:
        stands = asyncio.ensure_future(limited(9.0))
        await loop.at(100.0)
        for i in range(1000):
            assert not TimeLimit(shortest + i / 100, asyncio.sleep).end()
        assert loop.timers == made() == kept
        await loop.at(109.0)
        assert stands.result() == "late"
        assert loop.timers == made() == kept - 1

    run(main)


def test_one_length_keeps_its_timer_from_one_limit_to_the_next() -> None:
    async def main(loop: Loop) -> None:
        for _ in range(1000):
            assert not TimeLimit(15.0, asyncio.sleep).end()
        assert len(loop._scheduled) == made() == 1  # type: ignore[attr-defined]
        await loop.at(115.0)
        assert loop.timers == made() == 0

    run(main)


def test_a_timer_holds_nothing_of_the_request_that_set_it() -> None:
    class Request:
        pass

    async def request() -> weakref.ref[Request]:
        made = Request()
        works_for.set(made)
        assert not TimeLimit(15.0, asyncio.sleep).end()
        return weakref.ref(made)

    async def main(loop: Loop) -> None:
        found = await asyncio.ensure_future(request())
        await loop.at(101.0)
        assert loop.timers == 1
        gc.collect()
        assert found() is None

    works_for: contextvars.ContextVar[Request] = contextvars.ContextVar("works_for")
    run(main)


def test_a_shorter_limit_is_due_before_a_longer_one() -> None:
    async def main(loop: Loop) -> None:
        long, short = (asyncio.ensure_future(limited(seconds)) for seconds in (15.0, 0.05))
        await loop.at(100.0)
        await loop.at(100.049)
        assert not short.done()
        await loop.at(100.051)
        assert short.result() == "late"
        assert not long.done()
        long.cancel()

    run(main)


def test_each_loop_has_its_own() -> None:
    for _ in range(2):
        run(lambda loop: limited_in(loop))


async def limited_in(loop: Loop) -> None:
    task = asyncio.ensure_future(limited(1.0))
    await loop.at(100.0)
    await loop.at(101.0)
    assert task.result() == "late"
