"""``meshcore ratelimit-server`` as a process beside the live tests."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from pathlib import Path
from types import TracebackType

from live_envoy import free_ports

__all__ = ["PATIENCE", "LiveService"]

#: Seconds within which a test may expect anything of another process.
PATIENCE = 30.0


class LiveService:
    """Serves a document on a port of 127.0.0.1, and may be stopped and started again."""

    def __init__(self, document: Path, port: int) -> None:
        self._document = document
        self._port = port
        (self._admin,) = free_ports(1)
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        where = ["--listen", f"127.0.0.1:{self._port}", "--admin", f"127.0.0.1:{self._admin}"]
        command = [sys.executable, "-m", "meshcore", "ratelimit-server", "-c", str(self._document), *where]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert self._process.stderr is not None
        seen = []
        for line in self._process.stderr:
            seen.append(line)
            if "admin pages on" in line:
                return
        raise RuntimeError("the server did not start:\n" + "".join(seen))

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate(timeout=PATIENCE)
            self._process = None

    def counter(self, descriptor: str, kind: str) -> int:
        """What it counted for a descriptor of the domain shop."""
        url = f"http://127.0.0.1:{self._admin}/stats?format=json"
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            counters = json.loads(answer.read())["counters"]
        return int(counters.get(f"ratelimit.service.rate_limit.shop.{descriptor}.{kind}", 0))

    def __enter__(self) -> LiveService:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
