"""Route tables from 100 to 100,000 routes: what it costs to load, hold, decide by and swap them.

    python benches/bench_scale.py [--sizes 100,1000,10000,100000] [--dialects envoy-json,istio-yaml] [--quick]

Every size has ten routes for each host. Each configuration is loaded in a process of its own, so that its
peak of memory is known; the floor of reading is what libyaml's bare events, or Python's json module, need for
the same text. Decisions of all sizes are measured in turns in one process.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import gc
import json
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from enum import Enum
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import scale_documents as documents
import tables
import yaml
from comparison import Comparison
from timing import Contender, measure, nanoseconds, table, verdict

from meshcore import Engine, Outcome, load
from meshcore._turns import switching_often
from meshcore.config.documents import Sources
from meshcore.model import Config

SIZES = (100, 1_000, 10_000, 100_000)
QUICK_SIZES = (100, 10_000)
#: Decisions whose hosts come in an order that no cache can guess.
SPREAD = 4_096
FLATNESS = 1.2
SECONDS = 5.0
STALL = 20.0

#: Who the floor of loading is, by dialect.
LIBYAML = "libyaml's bare events"
FLOORS = {"envoy-json": "Python's json alone", "envoy-yaml": LIBYAML, "istio-yaml": LIBYAML}

#: Stages of a load: what is timed, by dialect. What is left over is translation.
_ISTIO, _ENVOY = "meshcore.config.istio.", "meshcore.config.envoy."
STAGES = {
    "read": [("meshcore.config.documents", "Sources.add_path")],
    "decode": [
        (_ISTIO + "reading", "decode"),
        (_ENVOY + "resources", "decode"),
        (_ENVOY + "translate.context", "decode"),
    ],
    "validate": [
        (_ISTIO + "translate", "validate"),
        (_ISTIO + "translate", "check_serving"),
        (_ISTIO + "translate", "give_hints"),
    ],
    "free": [("meshcore.config.documents", "Sources.__exit__")],
    "untrack": [("meshcore.config.load", "untrack")],
}


# -- one load, in a process of its own ---------------------------------------------------------


@contextmanager
def staged(spent: dict[str, float]) -> Iterator[None]:
    """Add up the processor time of each stage."""

    def timed(stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            begun = time.process_time()
            try:
                return function(*args, **kwargs)
            finally:
                spent[stage] += time.process_time() - begun

        return run

    with ExitStack() as stack:
        for stage, places in STAGES.items():
            spent[stage] = 0.0
            for module, name in places:
                import_module(module)
                owner: Any = sys.modules[module]
                if name.startswith("Sources."):
                    owner, name = Sources, name.partition(".")[2]
                stack.enter_context(mock.patch.object(owner, name, timed(stage, getattr(owner, name))))
        yield


def one(path: Path, dialect: str, routes: int) -> dict[str, float]:
    """Load and compile a file once; seconds by stage, bytes."""
    spent: dict[str, float] = {}
    with staged(stages := {}):
        begun = time.process_time()
        config = load(path)
        spent["load"] = time.process_time() - begun
    spent |= stages
    spent["translate"] = spent["load"] - sum(stages.values())
    before = allocated()
    begun = time.process_time()
    engine = Engine(config)
    spent["compile"] = time.process_time() - begun
    spent["compiled"] = allocated() - before
    begun = time.process_time()
    engine.swap(config)
    spent["swap"] = time.process_time() - begun
    spent["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    begun = time.process_time()
    gc.collect()
    spent["collection"] = time.process_time() - begun
    spent["model"] = size_of(config)
    spent["floor"] = floor(path)
    return spent


def floor(path: Path) -> float:
    """Seconds that the parser below needs by itself."""
    text = path.read_text(encoding="utf-8")
    begun = time.process_time()
    if path.suffix == ".json":
        json.loads(text)
    else:
        parser = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
        while not isinstance(parser.get_event(), yaml.StreamEndEvent):
            pass
    return time.process_time() - begun


def allocated() -> int:
    """Bytes in use of the C library's heap; 0 where it does not tell (outside of glibc)."""
    names = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
    kind = type(
        "mallinfo2", (ctypes.Structure,), {"_fields_": [(name, ctypes.c_size_t) for name in names.split()]}
    )
    function = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if function is None:
        return 0
    function.restype = kind
    found = function()
    return int(found.uordblks + found.hblkhd)


def size_of(root: object) -> int:
    """Bytes of all objects of a model, each counted once."""
    total = 0
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        value = waiting.pop()
        if id(value) in seen or isinstance(value, type | ModuleType | Enum):
            continue
        seen.add(id(value))
        total += sys.getsizeof(value)
        waiting += gc.get_referents(value)
    return total


# -- stalls -------------------------------------------------------------------------------------


async def longest_stall(work: Callable[[], object]) -> float:
    """Milliseconds by which a tick of one millisecond comes late at most, while a thread works."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    worst = 0.0
    while not task.done():
        begun = time.perf_counter()
        await asyncio.sleep(0.001)
        worst = max(worst, time.perf_counter() - begun - 0.001)
    await task
    return worst * 1e3


def count_for(seconds: float) -> None:
    """A thread that computes in plain Python."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        sum(range(1000))


def stalls(path: Path, small: Path, seconds: float) -> dict[str, float]:
    """The longest stalls: of computing alone, of a load and swap, and of the swap back."""
    engine = Engine(load(small))

    def change() -> None:
        engine.swap(load(path))

    def change_often() -> None:
        with switching_often():
            change()

    def back() -> None:
        engine.swap(load(small))
        settle()

    found = {}
    for name, work in (
        ("any thread that computes", lambda: count_for(seconds)),
        ("load and swap", change),
        ("free the old", back),
        ("load and swap, as the proxy does", change_often),
        ("free the old again", back),
    ):
        found[name] = asyncio.run(longest_stall(work))
    return found


def settle() -> None:
    """Wait until the disposal thread has freed what it was given."""
    from meshcore._disposal import dispose

    done = threading.Event()

    class Last:
        def __del__(self) -> None:
            done.set()

    dispose(Last())
    done.wait()


# -- decisions ----------------------------------------------------------------------------------


def decisions(files: dict[int, Path], *, quick: bool) -> list[str]:
    """The cost of a decision for each size: of one host all the time, and of hosts all over."""
    pool: dict[tuple[int, str], Contender] = {}
    for size, path in files.items():
        engine = Engine(load(path))
        chance = random.Random(size)
        count = documents.hosts(size)
        spread = [request(chance.randrange(count), chance.choice((0, 5, 6, 7, 8, 9))) for _ in range(SPREAD)]
        for name, requests in (("one host", [request(count - 1, 9)]), ("hosts all over", spread)):
            for authority, path_ in requests[:100]:
                with engine.decide("GET", authority, path_, tables.HEADERS) as decision:
                    assert decision.outcome is Outcome.FORWARD, (authority, path_)
            names = {"decide": engine.decide, "requests": requests, "headers": tables.HEADERS}
            statement = "for authority, path in requests: decide('GET', authority, path, headers).close()"
            pool[size, name] = Contender(statement, names, operations=len(requests))
    costs = measure(pool, rounds=3 if quick else 15, sample=0.005 if quick else 0.05)  # type: ignore[arg-type,type-var]
    least = min(files)
    rows, verdicts = [], []
    for size in files:
        row = [f"{size:,}"]
        for name in ("one host", "hosts all over"):
            cost = costs[size, name].minimum  # type: ignore[index]
            ratio = cost / costs[least, name].minimum  # type: ignore[index]
            row += [nanoseconds(cost), f"{ratio:.2f}x"]
            if size == max(files) and name == "one host":
                title = f"decide and close, one host, {size:,} routes against {least:,}"
                verdicts.append(verdict(title, ratio, FLATNESS, at_most=True))
        rows.append(row)
    print("\none decision: minima, and the ratio to the smallest table\n")
    print(table(["routes", "one host", "ratio", "hosts all over", "ratio"], rows))
    return verdicts


def request(host: int, route: int) -> tuple[str, str]:
    return documents.authority("envoy-json", host), documents.path(host, route)


# -- the whole ----------------------------------------------------------------------------------


def child(*arguments: object) -> dict[str, float]:
    """Run this script for one measurement in a process of its own."""
    command = [sys.executable, __file__, *map(str, arguments)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    answer: dict[str, float] = json.loads(output)
    return answer


def loads(folder: Path, dialect: str, sizes: list[int]) -> list[str]:
    """Print what loading costs, by size and stage."""
    head = ["routes", "load s", "read", "(floor)", "decode", "validate", "translate", "free", "untrack"]
    head += ["compile s", "swap s", "peak MiB", "model B/route", "compiled B/route", "full gc ms"]
    rows, floors, verdicts = [], [], []
    for size in sizes:
        path = documents.write(folder, dialect, size)
        found = child("--one", path, "--dialects", dialect, "--sizes", size)
        seconds = [found[name] for name in ("load", "read", "floor", "decode", "validate", "translate")]
        seconds += [found[name] for name in ("free", "untrack", "compile", "swap")]
        row = [f"{size:,}", *(f"{value:.2f}" for value in seconds), f"{found['peak'] / 2**20:,.0f}"]
        row += [f"{found[name] / size:,.0f}" for name in ("model", "compiled")]
        rows.append([*row, f"{found['collection'] * 1e3:.0f}"])
        if size == max(SIZES) and dialect == "envoy-json":
            title = f"{dialect}, {size:,} routes: load and compile"
            verdicts.append(verdict(title, found["load"] + found["compile"], SECONDS, at_most=True, unit="s"))
        floors.append(f"{found['load'] / found['floor']:.1f}x at {size:,}")
    print(f"\n{dialect}: seconds of processor time\n")
    print(table(head, rows))
    print(f"a load against {FLOORS[dialect]}: {', '.join(floors)}\n")
    return verdicts


def compare(quick: bool) -> Comparison:
    """For `python -m benches`: a load beside the parser below it."""
    run, size = Comparison("scale", quick), 1_000
    with tempfile.TemporaryDirectory() as name:
        for dialect in documents.DIALECTS:
            path = documents.write(Path(name), dialect, size)
            contenders = {
                who: Contender("work(path)", {"work": work, "path": path})
                for who, work in (("load", load), (FLOORS[dialect], floor))
            }
            costs = run.measure(contenders, rounds=3)
            run.add(f"loading {size:,} routes, {dialect}", costs, "load", [FLOORS[dialect]])
    return run


def main() -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--sizes")
    options.add_argument("--dialects", default=",".join(documents.DIALECTS))
    options.add_argument("--quick", action="store_true", help="two small sizes, shorter samples")
    options.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    options.add_argument("--stalls", type=Path, nargs=2, help=argparse.SUPPRESS)
    arguments = options.parse_args()
    sizes = list(QUICK_SIZES if arguments.quick else SIZES)
    if arguments.sizes:
        sizes = [int(size) for size in arguments.sizes.split(",")]
    if arguments.one:
        print(json.dumps(one(arguments.one, arguments.dialects, sizes[0])))
        return 0
    if arguments.stalls:
        print(json.dumps(stalls(*arguments.stalls, seconds=0.2 if arguments.quick else 2.0)))
        return 0
    verdicts = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for dialect in arguments.dialects.split(","):
            verdicts += loads(folder, dialect, sizes)
        files = {size: documents.write(folder, "envoy-json", size) for size in sizes}
        verdicts += decisions(files, quick=arguments.quick)
        quick = ["--quick"] if arguments.quick else []
        found = child("--stalls", files[max(sizes)], files[min(sizes)], *quick)
        rows = [[work, f"{late:.1f} ms"] for work, late in found.items()]
        print(f"\nlongest stall of a loop that ticks every millisecond, {max(sizes):,} routes\n")
        print(table(["while a thread does this", "late by"], rows) + "\n")
        for work in ("load and swap", "free the old"):
            verdicts.append(verdict(work, found[work], STALL, at_most=True, unit="ms"))
    print("\n".join(verdicts))
    return 0


def test_swap(benchmark: Any) -> None:
    """pytest benches/bench_scale.py: our own figure for pytest-benchmark's histories."""
    with tempfile.TemporaryDirectory() as folder:
        config: Config = load(documents.write(Path(folder), "envoy-json", 1_000))
    benchmark(Engine(config).swap, config)


if __name__ == "__main__":
    sys.exit(main())
