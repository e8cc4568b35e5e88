"""Processes that share a limit in a real server, some of which are killed and replaced at any moment."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from redis_model import check_intervals
from redis_server import RedisServer

pytestmark = [pytest.mark.redis, pytest.mark.stress]

WORKER = Path(__file__).with_name("redis_worker.py")
BURST, RATE, SECONDS = 60, 100, 15


@pytest.mark.parametrize("lease", [1, 32])
@pytest.mark.parametrize("processes", [1, 4, 16])
def test_no_window_has_more_while_processes_are_killed(
    server: RedisServer, tmp_path: Path, processes: int, lease: int
) -> None:
    server.say(b"FLUSHALL")
    draw = random.Random(processes)
    files: list[Path] = []

    def start() -> subprocess.Popen[bytes]:
        files.append(tmp_path / str(len(files)))
        command = [sys.executable, str(WORKER), server.url, *map(str, (BURST, RATE, lease, 2))]
        with files[-1].open("wb") as out:
            return subprocess.Popen(command, stdout=out)

    workers = [start() for _ in range(processes)]
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        time.sleep(draw.random() * 0.6)
        place = draw.randrange(processes)
        workers[place].kill()
        workers[place].wait()
        workers[place] = start()
    for worker in workers:
        worker.kill()
        worker.wait()
    admitted = []
    for file in files:
        whole, _, _ = file.read_text().rpartition("\n")
        for line in whole.splitlines():
            before, after = line.split()
            admitted.append((float(before), float(after)))
    assert len(admitted) > BURST
    # What was admitted by a process before it could say so is missing, which only hides.
    check_intervals(admitted, BURST, RATE)
