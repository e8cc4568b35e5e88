"""Counts the instructions of one decide() and close(), by valgrind's callgrind.

    python benches/callgrind_decide.py [--routes 1000] [--functions 25] [--setup full]

Two runs that differ in the number of decisions alone are subtracted: what starting Python and
compiling the table cost falls out, and the count hardly depends on the machine. It includes the
interpreter's share of the loop and of the two calls. The functions listed are those where the
instructions go.

The set-ups: "ring" splits by weight and picks from a ring by a header; "full" has a bucket for each client, a
request id of its own and a B3 context as well; "rotation" picks by round robin, without a key.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from timing import verdict

FEW, MANY = 1_000, 5_000
#: By set-up: what tables.config() is told, the request's headers, and the instructions that it may take.
SETUPS = {
    "rotation": ({}, "HEADERS", 1_100),
    "ring": ({"ring": True}, "HEADERS", 1_100),
    "full": ({"ring": True, "limited": True, "ids": True, "tracer": "zipkin"}, "TRACED_HEADERS", 2_000),
}

LOOP = """
import gc, sys
from itertools import repeat
sys.path.insert(0, {benches!r})
import tables
from meshcore import Engine
def main():
    engine = Engine(tables.config({routes}, **{options!r}))
    decide = engine.decide
    authority, path, headers = tables.AUTHORITY, tables.path({routes} - 1), tables.{headers}
    gc.collect()
    gc.disable()
    for _ in repeat(None, {count}):
        decide("GET", authority, path, headers).close()
main()
"""


def run(folder: Path, loop: str, count: int, **values: object) -> Path:
    """One run under callgrind of a loop that goes round so often; its output file."""
    out = folder / f"callgrind.{count}"
    code = loop.format(benches=str(Path(__file__).parent), count=count, **values)
    subprocess.run(
        ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", sys.executable, "-c", code],
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "0"},
        stderr=subprocess.DEVNULL,
    )
    return out


def costs(out: Path) -> dict[str, int]:
    """Instructions of each function itself, without those that it calls."""
    listing = subprocess.run(
        ["callgrind_annotate", "--threshold=100", "--auto=no", str(out)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found: dict[str, int] = {}
    for count, name in re.findall(r"^\s*([\d,]+) \([ \d.]+%\)\s+(.+?)\s*$", listing, flags=re.M):
        # file:function'2 [object]: what the compiler inlined or cloned counts as its function.
        label = re.sub(
            r"^.*:([^:\[]+?)(?:'\d+)?(?:\.(?:lto_priv|isra|constprop|part|cold)[.\d]*)*(?: \[.*\])?$",
            r"\1",
            name,
        )
        found[label] = found.get(label, 0) + int(count.replace(",", ""))
    return found


def spent(loop: str, **values: object) -> dict[str, float]:
    """Instructions that each function spends itself in one round of the loop; of all as "PROGRAM TOTALS"."""
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder), loop, 1, **values)  # compiles what Python keeps compiled, for the others
        few, many = (costs(run(Path(folder), loop, count, **values)) for count in (FEW, MANY))
    return {name: (cost - few.get(name, 0)) / (MANY - FEW) for name, cost in many.items()}


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--routes", type=int, default=1000)
    options.add_argument("--functions", type=int, default=25, help="how many to list")
    options.add_argument("--setup", choices=SETUPS, help="one of them alone")
    options.add_argument("--ids", action="store_true", help="the listener makes request ids")
    options.add_argument("--tracer", default="", help="and traces: zipkin or opentelemetry")
    arguments = options.parse_args()
    if not shutil.which("valgrind"):
        print("valgrind is not here: nothing counted")
        return 0
    for setup in [arguments.setup] if arguments.setup else ["ring", "full"]:
        given, headers, target = SETUPS[setup]
        if arguments.ids or arguments.tracer:
            given = {**given, "ids": arguments.ids, "tracer": arguments.tracer}
        found = spent(LOOP, routes=arguments.routes, options=given, headers=headers)
        total = found.pop("PROGRAM TOTALS")
        name = f"decide() and close(), {setup}, {arguments.routes:,} routes"
        print(f"{name}: {total:,.0f} instructions\n")
        for function, cost in sorted(found.items(), key=lambda item: -item[1])[: arguments.functions]:
            print(f"{cost:8.1f}  {cost / total:5.1%}  {function}")
        print("\n" + verdict(name, total, target, at_most=True, unit="instructions") + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
