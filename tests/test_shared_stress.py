"""Processes that share limits and are killed at random: never more than there may be, and nothing is left."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import pytest
from admissions import excess, most_at_once
from shared_workers import BYTES, INTERVAL, KEYS, LIMIT, MOST, RATE, THREADS, written
from test_engine_shared import admitted, config, used

from meshcore import Engine, SharedState

pytestmark = pytest.mark.stress

SECONDS = 12.0
PROGRAM = Path(__file__).with_name("shared_workers.py")


class Workers:
    """So many at a time, each with a record of its own."""

    def __init__(self, what: str, count: int, folder: Path) -> None:
        self.what, self.folder, self.stop = what, folder, folder / "stop"
        self.state = SharedState(folder / "state", size=16 << 20, workers=count + 1)
        self.records: list[Path] = []
        self.running = [self.start() for _ in range(count)]

    def start(self) -> subprocess.Popen[bytes]:
        record = self.folder / f"record {len(self.records)}"
        record.touch()
        os.truncate(record, THREADS * BYTES)
        self.records.append(record)
        command = [sys.executable, str(PROGRAM), self.what, str(self.state.path), str(record), str(self.stop)]
        return subprocess.Popen(command, cwd=PROGRAM.parent)

    def replace(self, number: int) -> None:
        """Kills one, and starts another one in its place."""
        self.running[number].kill()
        self.running[number].wait()
        self.running[number] = self.start()

    def run(self, chance: random.Random) -> None:
        """Kills them at random for a while."""
        began = time.monotonic()
        while time.monotonic() < began + SECONDS:
            time.sleep(chance.random() * 4 / len(self.running))
            self.replace(chance.randrange(len(self.running)))
        self.end()

    def end(self) -> None:
        self.stop.touch()
        for process in self.running:
            assert process.wait(60) == 0


@pytest.mark.parametrize("count", [1, 4, 16])
def test_no_window_has_more_than_one_bucket_gives(count: int, tmp_path: Path) -> None:
    workers = Workers("admit", count, tmp_path)
    workers.run(random.Random(count))
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for record in workers.records:
        for at, key in written(record):
            found[key].append((at, 1))
    assert set(found) == set(range(len(KEYS)))
    for history in found.values():
        assert excess(history, MOST, RATE, round(INTERVAL * 1e9)) is None
        first, last = min(history)[0], max(history)[0]
        assert len(history) > (last - first) / 1e9 / INTERVAL * RATE / 20  # else it would show nothing
    assert workers.state.processes == (os.getpid(),)


@pytest.mark.parametrize("count", [1, 4, 16])
def test_no_more_requests_at_once_than_there_may_be(count: int, tmp_path: Path) -> None:
    workers = Workers("serve", count, tmp_path)
    engine = Engine(config(most=LIMIT), shared_state=workers.state)
    workers.run(random.Random(count))
    stays = [stay for record in workers.records for stay in written(record)]
    assert min(LIMIT, 2 * count) <= most_at_once(stays) <= LIMIT
    assert used(engine) == 0
    assert [one["active_requests"] for one in engine.clusters()[0]["endpoints"]] == [0, 0]
    assert len(admitted(engine, LIMIT + 3)) == LIMIT
