"""Processes that share a folder, and a leader that is killed."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from health_support import BAD, OK, Host, hosts, in_loop, until

PROGRAM = Path(__file__).with_name("checker_process.py")


class Process:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.pid = process.pid

    async def says(self) -> str:
        assert self._process.stdout is not None
        return (await self._process.stdout.readline()).decode().strip()

    async def will_say(self, line: str) -> None:
        """What it says before does not matter."""
        while (said := await self.says()) != line:
            assert said, "it has ended"

    async def end(self, how: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(how)
        await self._process.wait()


@contextlib.asynccontextmanager
async def process(folder: Path, host: Host) -> AsyncIterator[Process]:
    made = Process(
        await asyncio.create_subprocess_exec(
            sys.executable, str(PROGRAM), str(folder), str(host.port), stdout=asyncio.subprocess.PIPE
        )
    )
    try:
        yield made
    finally:
        await made.end(signal.SIGKILL)


@in_loop
async def test_a_leader_is_killed_and_another_one_goes_on(tmp_path: Path) -> None:
    async with hosts(Host(OK)) as (host,), process(tmp_path, host) as one:
        assert await one.says() == "HEALTHY this process"
        async with process(tmp_path, host) as other:
            assert await other.says() == f"HEALTHY process {one.pid}"
            host.answers[:] = [BAD]
            assert await other.says() == f"UNHEALTHY process {one.pid}"
            host.answers[:] = [OK]
            assert await other.says() == f"HEALTHY process {one.pid}"
            assert host.connections == 1, "only one of them asks"
            await one.end(signal.SIGKILL)
            asked = host.asked
            await other.will_say("HEALTHY this process")
            await until(lambda: host.asked > asked)
            host.answers[:] = [BAD]
            assert await other.says() == "UNHEALTHY this process"
            async with process(tmp_path, host) as third:
                assert await third.says() == f"UNHEALTHY process {other.pid}"
                await other.end(signal.SIGTERM)
                await third.will_say("UNHEALTHY this process")
