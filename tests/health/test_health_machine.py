"""Several checkers with one folder, by a clock that stands still. Each stands for a process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from health_support import (
    BAD,
    OK,
    Host,
    StillClock,
    checking,
    checks,
    cluster,
    config,
    endpoint,
    health,
    hosts,
    in_loop,
    with_check,
)

from meshcore import Engine
from meshcore.health import HealthChecker
from meshcore.health.board import Board, Entry
from meshcore.health.machine import GRACE, STALE, TICK
from meshcore.model import HttpHealthCheck, RangeMatch

UP, DOWN = "HEALTHY", "UNHEALTHY"
#: Time passes while answers are on their way, so that no check may end by its timeout here.
PATIENT: dict[str, Any] = {"timeout": 1e6, "interval": 10, "no_traffic_interval": 10}


class Process:
    """What stands for one: an engine and its checker."""

    def __init__(self, fleet: Fleet, *served: Host, **fields: Any) -> None:
        check = with_check(**{**PATIENT, **fields})
        self.engine = Engine(config(cluster(*map(endpoint, served), check=check)))
        self.checker = HealthChecker(self.engine, shared=fleet.folder, clock=fleet.clock)
        self._stack = contextlib.AsyncExitStack()

    async def start(self) -> None:
        await self._stack.enter_async_context(checking(self.checker))

    async def end(self) -> None:
        await self._stack.aclose()

    @property
    def health(self) -> list[str]:
        return health(self.engine)

    @property
    def checked_by(self) -> list[str]:
        """ "this" process, another "process", or "nobody"."""
        return [found.get("by", "nobody").split()[0] for found in checks(self.engine)]

    @property
    def counts(self) -> list[int]:
        return [found.get("checks", 0) for found in checks(self.engine)]


class Fleet:
    """Processes with one folder and one clock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = StillClock()
        self.processes: list[Process] = []

    async def join(self, *served: Host, **fields: Any) -> Process:
        """One more, which is there when each of its hosts has been checked by somebody."""
        process = Process(self, *served, **fields)
        self.processes.append(process)
        await process.start()
        await self.until(lambda: process.checker.wait(0))
        return process

    async def until(self, condition: Callable[[], object]) -> float:
        """Let time pass until it holds; how much, in seconds."""
        begun = self.clock.now
        while not condition():
            self.clock.advance(TICK)
            for _ in range(5):
                await asyncio.sleep(0)
        return self.clock.now - begun

    async def wait(self, seconds: float) -> None:
        until = self.clock.now + seconds
        await self.until(lambda: self.clock.now >= until)


@contextlib.asynccontextmanager
async def fleet(folder: Path) -> AsyncIterator[Fleet]:
    made = Fleet(folder)
    try:
        yield made
    finally:
        for process in made.processes:
            await process.end()


@in_loop
async def test_one_checks_for_all(tmp_path: Path) -> None:
    async with hosts(Host(OK), Host(OK, BAD)) as (a, b), fleet(tmp_path) as it:
        one, other = await it.join(a, b), await it.join(a, b)
        assert (one.checked_by, other.checked_by) == (["this"] * 2, ["process"] * 2)
        assert one.health == other.health == [UP, UP]
        assert (a.asked, b.asked) == (1, 1)
        await it.until(lambda: other.health == [UP, DOWN])
        assert one.health == [UP, DOWN]
        await it.until(lambda: other.counts == [2, 2])
        assert checks(other.engine)[1]["reason"] == "status 503"
        assert (a.asked, b.asked) == (2, 2)


@in_loop
async def test_another_one_takes_over(tmp_path: Path) -> None:
    """With what is known, and when the next check is due."""
    flaky = HttpHealthCheck("/", retriable_statuses=(RangeMatch(503, 504),))
    async with hosts(Host(OK), Host(BAD)) as (a, b), fleet(tmp_path) as it:
        one = await it.join(a, b, checker=flaky)
        other = await it.join(a, b, checker=flaky)
        assert other.health == [UP, DOWN]
        a.answers[:] = [BAD]
        await one.end()
        await it.until(lambda: other.checked_by == ["this"] * 2)
        assert other.health == [UP, DOWN]
        assert (a.asked, b.asked) == (1, 1)
        took = await it.until(lambda: a.asked == 2)
        assert 8 < took < 10.5
        await it.until(lambda: other.counts == [2, 2])
        assert other.health == [UP, DOWN], "one failure is not enough for a host that was healthy"


@in_loop
async def test_a_leader_that_is_stuck(tmp_path: Path) -> None:
    """It has the lock and does nothing."""
    async with hosts(Host(OK)) as (a,), fleet(tmp_path) as it:
        stuck = Board(tmp_path)
        assert stuck.lead()
        begun = it.clock.now
        process = await it.join(a)
        assert process.checked_by == ["this"]
        assert it.clock.now - begun >= GRACE
        # Now it goes on, and is heeded again.
        job = process.checker._checks._jobs["c", a.address]
        found = Entry("UNHEALTHY", False, "told", "ACTIVE", it.clock.now, it.clock.now + 10, 1, 1)
        stuck.publish({job.digest(): found}, it.clock.now)
        await it.until(lambda: process.checked_by == ["process"])
        assert process.health == [DOWN]
        took = await it.until(lambda: process.checked_by == ["this"])
        assert took >= STALE


@in_loop
async def test_hosts_that_the_leader_does_not_have(tmp_path: Path) -> None:
    async with hosts(Host(OK), Host(OK), Host(OK)) as (a, b, c), fleet(tmp_path) as it:
        one, other = await it.join(a, b), await it.join(b, c)
        assert one.checked_by == ["this", "this"]
        assert other.checked_by == ["process", "this"]
        assert (a.asked, b.asked, c.asked) == (1, 1, 1)
        one.engine.update_endpoints("c", [endpoint(a), endpoint(b), endpoint(c)])
        await it.until(lambda: other.checked_by == ["process", "process"])
        assert other.health == [UP, UP]


@in_loop
async def test_another_way_of_checking_is_another_check(tmp_path: Path) -> None:
    async with hosts(Host(OK)) as (a,), fleet(tmp_path) as it:
        await it.join(a)
        other = await it.join(a, checker=HttpHealthCheck("/other"))
        assert other.checked_by == ["this"]
        assert a.requests[-1].startswith(b"GET /other ")


@in_loop
async def test_a_new_host_of_all_is_left_to_the_leader(tmp_path: Path) -> None:
    async with hosts(Host(OK), Host(OK)) as (a, b), fleet(tmp_path) as it:
        one, other = await it.join(a), await it.join(a)
        other.engine.update_endpoints("c", [endpoint(a), endpoint(b)])
        await it.wait(GRACE / 2)
        assert other.health == [UP, DOWN]
        one.engine.update_endpoints("c", [endpoint(a), endpoint(b)])
        await it.until(lambda: other.health == [UP, UP])
        assert other.checked_by == ["process", "process"]
        assert b.asked == 1


@in_loop
async def test_a_new_host_may_have_been_checked_before_it_came(tmp_path: Path) -> None:
    async with hosts(Host(OK), Host(OK), Host(OK)) as (a, b, c), fleet(tmp_path) as it:
        await it.join(a, b)
        other = await it.join(a)
        made = config(cluster(*map(endpoint, (a, b, c)), check=with_check(**PATIENT)))

        def swap() -> None:
            with other.checker.warmed(made, wait=60):
                other.engine.swap(made)

        swapping = asyncio.ensure_future(asyncio.to_thread(swap))
        await it.until(swapping.done)
        assert other.health == [UP, UP, UP]
        assert (b.asked, c.asked) == (1, 1)  # of b the leader knows
        while other.checked_by != ["process", "process", "this"]:
            await it.wait(TICK)
            assert other.health == [UP, UP, UP]


@in_loop
async def test_what_answers_say_goes_to_the_leader(tmp_path: Path) -> None:
    async with hosts(Host(OK)) as (a,), fleet(tmp_path) as it:
        one, other = await it.join(a), await it.join(a)
        other.checker.fail("c", a.address)
        await it.until(lambda: other.health == ["DRAINING"])
        assert a.asked == 1
        await it.until(lambda: one.health == ["DRAINING"])
        assert one.checker.counters()["cluster.c.health_check.passive_failure"] == 1
        await it.until(lambda: one.health == other.health == [UP])
        assert a.asked == 2


@in_loop
async def test_traffic_of_all_processes_counts(tmp_path: Path) -> None:
    async with hosts(Host(OK)) as (a,), fleet(tmp_path) as it:
        one, other = await it.join(a, no_traffic_interval=100), await it.join(a, no_traffic_interval=100)
        assert checks(one.engine)[0]["next_check_in_seconds"] > 90
        other.engine.decide("GET", "a", "/").close()
        await it.until(lambda: a.asked == 2)
        await it.until(lambda: one.counts == [2])
        assert checks(one.engine)[0]["next_check_in_seconds"] <= 10


@in_loop
async def test_traffic_of_long_ago_does_not_count(tmp_path: Path) -> None:
    Board(tmp_path).mark_traffic("c")
    async with hosts(Host(OK)) as (a,), fleet(tmp_path) as it:
        one = await it.join(a, no_traffic_interval=100)
        assert checks(one.engine)[0]["next_check_in_seconds"] > 90


@in_loop
async def test_outcomes_that_cannot_be_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The leader goes on; the others see that it is silent."""
    caplog.set_level(logging.INFO, "meshcore.health")
    async with hosts(Host(OK)) as (a,), fleet(tmp_path) as it:
        one, other = await it.join(a), await it.join(a)
        (tmp_path / "results").unlink()
        (tmp_path / "results").mkdir()
        await it.until(lambda: other.checked_by == ["this"])
        assert one.checked_by == ["this"]
        assert any("cannot be told" in record.message for record in caplog.records)
        (tmp_path / "results").rmdir()
        await it.until(lambda: other.checked_by == ["process"])


@in_loop
async def test_who_checks_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "meshcore.health")
    async with hosts(Host(OK)) as (a,), fleet(tmp_path) as it:
        await it.join(a)
        await it.join(a)
        said = [
            record.message
            for record in caplog.records
            if "this one" in record.message or "for all" in record.message
        ]
        assert said[0].startswith("this process checks endpoints for all")
        assert said[-1].endswith("checks endpoints for this one")
