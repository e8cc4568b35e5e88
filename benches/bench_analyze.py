"""How long ``meshcore analyze`` takes, stage by stage, and what it holds in memory.

    python benches/bench_analyze.py [--documents 10000] [--per-file 1]
    python benches/bench_analyze.py --hostile 2000

The documents are made up (see mesh_documents.py) and written to a temporary folder. Each count runs
in a process of its own, so that the peak of memory is its own. The same documents read by PyYAML's C
loader alone, into plain values without positions, are the yardstick.

``--hostile N`` analyzes documents of one shape each (see hostile_documents.py), N and 2 N of them: time that
grows by much more than 2 gives away an analyzer that compares all with all.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

import yaml
from comparison import Comparison
from hostile_documents import SHAPES
from mesh_documents import mesh_documents
from timing import Contender

from meshcore.analysis import analyze


def write(folder: Path, count: int, per_file: int) -> None:
    documents = mesh_documents(count)
    number = 0
    while chunk := list(islice(documents, per_file)):
        (folder / f"{number:06}.yaml").write_text("---\n".join(chunk))
        number += 1


def run(folder: Path) -> dict[str, float]:
    """Analyze a folder: seconds by stage, findings, and the growth of memory in MiB."""
    stages: dict[str, float] = {}
    last: tuple[str, float] = ("start", time.perf_counter())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def progress(stage: str, done: int, total: int) -> None:
        nonlocal last
        now = time.perf_counter()
        stages[last[0]] = stages.get(last[0], 0.0) + now - last[1]
        last = (stage, now)

    report = analyze(folder, progress=progress)
    progress("end", 0, 0)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {**stages, "findings": len(report.findings), "MiB": (peak - before) / 1024}


def run_yaml(folder: Path) -> float:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    began = time.perf_counter()
    for file in sorted(folder.iterdir()):
        for _ in yaml.load_all(file.read_text(), loader):
            pass
    return time.perf_counter() - began


def compare(quick: bool) -> Comparison:
    """For `python -m benches`: PyYAML reads the same files into plain values, and does no more."""
    run, count = Comparison("analyze", quick), 1_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, count, per_file=10)
        contenders = {
            who: Contender("work(folder)", {"work": work, "folder": folder})
            for who, work in (("analyze", analyze), ("PyYAML reading alone", run_yaml))
        }
        costs = run.measure(contenders, rounds=3)
    run.add(f"{count:,} documents", costs, "analyze", ["PyYAML reading alone"])
    return run


def _once(text: str) -> float:
    began = time.process_time()
    analyze(texts={"hostile": text})
    return time.process_time() - began


def run_hostile(count: int) -> None:
    print(f"{'shape':<28} {count:>8} {2 * count:>8}   growth")
    for name, shape in SHAPES.items():
        seconds = []
        for size in (count, 2 * count):
            text = "---\n".join(shape(size))
            seconds.append(min(_once(text) for _ in range(3)))
        print(f"{name:<28} {seconds[0]:>7.2f}s {seconds[1]:>7.2f}s {seconds[1] / seconds[0]:>8.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--documents", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--per-file", type=int, default=1)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--hostile", type=int, metavar="N")
    args = parser.parse_args()
    if args.hostile:
        run_hostile(args.hostile)
        return
    if args.folder:
        print(json.dumps(run(args.folder)))
        return
    columns = (
        "documents",
        "read",
        "validate",
        "analyze",
        "total",
        "doc/s",
        "PyYAML",
        "ratio",
        "findings",
        "MiB",
    )
    print(" ".join(f"{column:>9}" for column in columns))
    for count in args.documents:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write(folder, count, args.per_file)
            command = [sys.executable, __file__, "--folder", name]
            stages = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            plain = run_yaml(folder)
        parts = [stages.get(stage, 0.0) for stage in ("reading", "validating", "analyzing")]
        total = sum(parts)
        seconds = " ".join(f"{value:>8.2f}s" for value in (*parts, total))
        print(
            f"{count:>9} {seconds} {count / total:>9.0f} {plain:>8.2f}s {total / plain:>9.2f}"
            f" {stages['findings']:>9} {stages['MiB']:>9.0f}"
        )


if __name__ == "__main__":
    main()
