"""meshcore.proxy.alarm: it goes off at the moment that was set last, or not at all."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from proxy_support import in_loop

from meshcore.proxy.alarm import Alarm


class Clock:
    """The running loop's, to be moved by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.loop = asyncio.get_running_loop()
        self.now = self.loop.time()
        self.timers = 0
        call_at = self.loop.call_at

        def counted(when: float, *rest: Any, **named: Any) -> asyncio.TimerHandle:
            self.timers += 1
            return call_at(when, *rest, **named)

        monkeypatch.setattr(self.loop, "time", lambda: self.now)
        monkeypatch.setattr(self.loop, "call_at", counted)

    async def pass_by(self, seconds: float) -> None:
        self.now += seconds
        for _ in range(3):
            await asyncio.sleep(0)


@in_loop
async def test_it_goes_off_once_and_in_time() -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        clock, alarm, heard = Clock(monkeypatch), Alarm(), list[str]()
        alarm.set(10, lambda: heard.append("first"))
        await clock.pass_by(9.5)
        assert heard == []
        await clock.pass_by(1)
        assert heard == ["first"]
        await clock.pass_by(20)
        assert heard == ["first"]


@in_loop
async def test_what_is_put_off_costs_no_timer() -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        clock, alarm, heard = Clock(monkeypatch), Alarm(), list[int]()
        for number in range(100):
            alarm.set(10, lambda number=number: heard.append(number))  # type: ignore[misc]
            await clock.pass_by(0.05)
        assert clock.timers == 1
        await clock.pass_by(6)  # the loop's timer fires, and too early
        assert (heard, clock.timers) == ([], 2)
        await clock.pass_by(5)
        assert heard == [99]


@in_loop
async def test_an_earlier_moment_is_kept_and_none_that_was_cleared() -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        clock, alarm, heard = Clock(monkeypatch), Alarm(), list[str]()
        alarm.set(100, lambda: heard.append("late"))
        alarm.set(1, lambda: heard.append("early"))
        await clock.pass_by(1.5)
        assert heard == ["early"]
        for end in (alarm.clear, alarm.close):
            alarm.set(1, lambda: heard.append("never"))
            end()
            await clock.pass_by(2)
        assert heard == ["early"]
        alarm.set(1, lambda: heard.append("again"))
        await clock.pass_by(2)
        assert heard == ["early", "again"]
