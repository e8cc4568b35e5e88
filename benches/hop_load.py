"""The client of bench_hop.py: wrk, how long its requests took, and the CPU of a process."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from hop_documents import HEADERS

#: What wrk runs: the request's headers, and its results in a line that no parser has to guess at.
_SCRIPT = """
{headers}
done = function(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  print(string.format('{{"requests": %d, "elapsed": %d, "p50": %d, "p99": %d, "failed": %d}}',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), failed))
end
"""
_RESULTS = re.compile(r"^\{.*\}$", re.MULTILINE)


@dataclass(frozen=True)
class Sample:
    """What a round of load showed; times in microseconds."""

    requests: int
    elapsed: int
    p50: int
    p99: int


def script(folder: Path) -> Path:
    """The file that wrk runs, in a folder."""
    file = folder / "hop.lua"
    # As titles: wrk sends a Host of its own beside a host.
    lines = (f'wrk.headers["{name.decode().title()}"] = "{value.decode()}"' for name, value in HEADERS)
    file.write_text(_SCRIPT.format(headers="\n".join(lines)))
    return file


def load(url: str, script: Path, seconds: int, connections: int) -> Sample:
    """GETs by one thread over several connections, each as soon as the one before is answered.

    Raises:
        SystemExit: a request failed, or was answered by an error.
    """
    wrk = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(script), url]
    output = subprocess.run(wrk, capture_output=True, text=True, check=True).stdout
    found = _RESULTS.search(output)
    results = json.loads(found[0]) if found else {"failed": 1}
    if results.pop("failed"):
        raise SystemExit(f"{url} fails under load:\n{output}")
    return Sample(**results)


def cpu_seconds(process: int) -> float:
    """What the threads of a process have used so far, by the scheduler's account in nanoseconds."""
    accounts = Path(f"/proc/{process}/task").glob("*/schedstat")
    return sum(int(account.read_text().split()[0]) for account in accounts) / 1e9
