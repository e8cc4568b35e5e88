"""What a run of `python -m benches` leaves behind, as JSON: docs/benchmarks/README.md describes the fields.

Neither the machine's name nor a path of it is in there, so that it can be committed.
"""

from __future__ import annotations

import importlib.metadata
import json
import math
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from comparison import Comparison, Count, Row
from timing import Cost

SCHEMA = 1
DISTRIBUTION = "meshcore-engine"
#: Ratios of two runs differ by this much where samples of one run hardly do: memory lies elsewhere.
LEAST_NOISE = 0.05


def pgo() -> str:
    """How this Python was optimized by a profile, or "" where nothing says that it was."""
    if "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or ""):
        return "configured with --enable-optimizations"
    # Debian's package does so for some architectures, which the configuration that it installs does not tell.
    release = Path("/etc/os-release")
    if sys.base_prefix == "/usr" and platform.machine() in ("x86_64", "aarch64") and release.exists():
        families = set(re.findall(r"^ID(?:_LIKE)?=(.*)$", release.read_text(), re.M))
        if families & {"debian", "ubuntu"}:
            return "by the build rules of Debian's package"
    return ""


def build() -> str:
    """A name for this Python: "cpython-3.11-pgo"."""
    version = ".".join(platform.python_version_tuple()[:2])
    return f"{sys.implementation.name}-{version}" + ("-pgo" if pgo() else "")


def cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists() and (found := re.search(r"^model name\s*:\s*(.+)$", info.read_text(), re.M)):
        return found[1]
    return platform.processor() or "unknown"


def load_average() -> float:
    """Programs that wanted a processor in the last minute."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else 0.0


def versions(extra: str = "bench") -> dict[str, str]:
    """Ours, and those of all distributions that it and the extra install; "" where one is not installed."""
    found = {DISTRIBUTION: importlib.metadata.version(DISTRIBUTION)}
    waiting, seen = ["", extra], set()
    while waiting:
        wanted = waiting.pop()
        seen.add(wanted)
        for requirement in importlib.metadata.requires(DISTRIBUTION) or []:
            marker = re.search(r"""extra == ['"]([\w-]+)['"]""", requirement)
            parts = re.match(r"([\w.-]+)(?:\[([\w,-]+)\])?", requirement)
            if parts is None or (marker[1] if marker else "") != wanted:
                continue
            if parts[1] == DISTRIBUTION:
                waiting += [one for one in parts[2].split(",") if one not in seen]
                continue
            try:
                found[parts[1]] = importlib.metadata.version(parts[1])
            except importlib.metadata.PackageNotFoundError:
                found[parts[1]] = ""
    return dict(sorted(found.items(), key=lambda item: item[0].lower())) | servers()


def servers() -> dict[str, str]:
    """The programs that some benches start, with their versions."""
    programs = {name: name for name in ("envoy", "haproxy", "redis-server", "valkey-server")}
    programs["envoy"] = os.environ.get("MESHCORE_ENVOY", "envoy")
    found = {}
    for name, program in programs.items():
        if shutil.which(program):
            flag = "-v" if name == "haproxy" else "--version"
            said = subprocess.run([program, flag], capture_output=True, text=True, check=False).stdout
            version = re.search(r"\d+(?:\.\d+)+", said)
            found[name] = version[0] if version else "?"
    return found


def surroundings() -> dict[str, Any]:
    """Where a run takes place."""
    return {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%MZ"),
        "python": {
            "build": build(),
            "version": platform.python_version(),
            "implementation": platform.python_implementation(),
            "compiler": platform.python_compiler(),
            "pgo": pgo(),
        },
        "machine": {
            "cpu": cpu(),
            "cores": os.cpu_count(),
            "system": platform.system(),
            "architecture": platform.machine(),
        },
        "versions": versions(),
    }


def document(
    where: Mapping[str, Any],
    found: Sequence[Comparison],
    failed: Sequence[str],
    *,
    quick: bool,
    loads: tuple[float, float],
) -> dict[str, Any]:
    """The whole record of a run."""
    return {
        "schema": SCHEMA,
        **where,
        "quick": quick,
        "load_average": {"before": loads[0], "after": loads[1]},
        "rows": [
            {
                "concern": row.concern,
                "operation": row.operation,
                "ours": row.ours,
                "peer": row.peer,
                "ours_ns": _cost(row.cost),
                "peer_ns": _cost(row.peer_cost),
                "ratio": _round(row.ratio),
                "spread": round(row.spread, 3),
                "target": row.target,
            }
            for one in found
            for row in one.rows
        ],
        "counts": [vars(count) for one in found for count in one.counts],
        "missing": [vars(missing) for one in found for missing in one.missing],
        "failed": list(failed),
    }


def _round(value: float) -> float:
    """Four figures: more say nothing."""
    return float(f"{value:.4g}")


def _cost(cost: Cost) -> dict[str, float]:
    return {"minimum": _round(cost.minimum), "median": _round(cost.median)}


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def rows_of(record: Mapping[str, Any]) -> list[Row]:
    """The rows of a record.

    Raises:
        ValueError: where it has another schema.
    """
    if record.get("schema") != SCHEMA:
        raise ValueError(f"schema {record.get('schema')}, where {SCHEMA} is known")
    return [
        Row(
            *(row[name] for name in ("concern", "operation", "ours", "peer")),
            Cost(**row["ours_ns"]),
            Cost(**row["peer_ns"]),
            row["target"],
        )
        for row in record["rows"]
    ]


def counts_of(record: Mapping[str, Any]) -> list[Count]:
    """The counts of instructions of a record of this schema; the first ones had none."""
    return [Count(**count) for count in record.get("counts", [])]


def committed(path: Path) -> dict[str, Any] | None:
    """A record as it was committed last (outside of a repository, as it is); None where there is none."""
    if not path.exists():
        return None
    command = ["git", "show", f"HEAD:./{path.name}"]
    try:
        shown = subprocess.run(command, cwd=path.parent, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return read(path)
    found: dict[str, Any] = json.loads(shown)
    return found


@dataclass(frozen=True)
class Move:
    """A row that another run has, too."""

    row: Row
    before: Row

    @property
    def change(self) -> float:
        """By which part the ratio has grown; negative where it shrank."""
        return self.row.ratio / self.before.ratio - 1

    @property
    def outside(self) -> bool:
        """Whether it moved further than either run's spread explains."""
        noise = max(LEAST_NOISE, self.row.spread, self.before.spread)
        return abs(math.log1p(self.change)) > math.log1p(noise)


def moves(rows: Sequence[Row], before: Sequence[Row]) -> dict[tuple[str, str, str, str], Move]:
    """How far each row moved that both have, by its name."""
    old = {row.name: row for row in before}
    return {row.name: Move(row, old[row.name]) for row in rows if row.name in old}
