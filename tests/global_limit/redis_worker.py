"""A process that asks a limiter as fast as it can, and says when it was let in: for test_redis_stress.py."""

from __future__ import annotations

import sys
import threading
import time

from meshcore.global_limit import RedisRateLimiter


def main(url: str, burst: int, rate: int, lease: int, threads: int) -> None:
    limiter = RedisRateLimiter(url, burst, rate, 1.0, lease=lease, timeout=20.0)
    lock = threading.Lock()

    def ask() -> None:
        while True:
            before = time.monotonic()  # of the machine, on Linux
            if limiter.allow("shared"):
                line = f"{before!r} {time.monotonic()!r}\n"
                with lock:
                    sys.stdout.write(line)
                    sys.stdout.flush()

    for _ in range(threads):
        threading.Thread(target=ask, daemon=True).start()
    threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
