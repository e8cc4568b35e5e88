"""A worker of tests/test_shared_stress.py, as a program: until it is told to stop, or is killed."""

from __future__ import annotations

import mmap
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from test_engine_shared import config

from meshcore import Engine, Outcome, RateLimiter, SharedState

THREADS = 3
KEYS = ("a", "b", "c")
MOST, RATE, INTERVAL = 20, 5, 0.01
LIMIT = 7
#: What one thread writes down: how much there is, then each admission as its time and its key, or each
#: request as its begin and its end.
ENTRY = struct.Struct("=QQ")
ENTRIES = 60_000
BYTES = (ENTRIES + 1) * ENTRY.size


def written(path: Path) -> Iterator[tuple[int, int]]:
    """What was written down in full."""
    content = path.read_bytes()
    for start in range(0, len(content), BYTES):
        count, _ = ENTRY.unpack_from(content, start)
        for number in range(1, count + 1):
            yield ENTRY.unpack_from(content, start + number * ENTRY.size)


def admit(state: SharedState, memory: mmap.mmap, thread: int, stop: Path) -> None:
    now = [0.0]
    limiter = RateLimiter(MOST, RATE, INTERVAL, capacity=64, shared_state=state, clock=lambda: now[0])
    start, count = thread * BYTES, 0
    while count < ENTRIES and not stop.exists():
        for number, key in enumerate(KEYS):
            for _ in range(20):
                now[0] = time.monotonic()
                if count < ENTRIES and limiter.allow(key):
                    count += 1
                    ENTRY.pack_into(memory, start + count * ENTRY.size, round(now[0] * 1e9), number)
                    ENTRY.pack_into(memory, start, count, 0)


def serve(state: SharedState, memory: mmap.mmap, thread: int, stop: Path) -> None:
    engine = Engine(config(most=LIMIT), shared_state=state)
    start, count = thread * BYTES, 0
    while count < ENTRIES and not stop.exists():
        for turn in range(50):
            decision = engine.decide("GET", "a.com", "/")
            if decision.outcome is Outcome.FORWARD and count < ENTRIES:
                begin = time.monotonic_ns()
                if not turn % 10:
                    time.sleep(0.001)  # so that others come meanwhile, also where there are few cores
                count += 1
                ENTRY.pack_into(memory, start + count * ENTRY.size, begin, time.monotonic_ns())
                ENTRY.pack_into(memory, start, count, 0)
            decision.close()


WORK: dict[str, Callable[[SharedState, mmap.mmap, int, Path], None]] = {"admit": admit, "serve": serve}


def main() -> None:
    what, state, record, stop = sys.argv[1], SharedState(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4])
    with record.open("r+b") as file:
        memory = mmap.mmap(file.fileno(), THREADS * BYTES)
    threads = [
        threading.Thread(target=WORK[what], args=(state, memory, thread, stop)) for thread in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
