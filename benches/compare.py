"""Every concern beside its named peers, in one run: ratios, a record of them, and pictures.

    python -m benches                       everything: five to ten minutes; writes docs/benchmarks/
    python -m benches --quick               about a minute; writes nothing
    python -m benches limit trace           some of it; writes nothing unless --json or --svg says where

We and the peers of a row take turns, round after round; a ratio is that of the minima. Each concern runs in a
process of its own. docs/benchmarks/README.md tells how to read what comes out.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import time
import traceback
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import concerns
import record
import report
from comparison import Comparison, Row

DOCS = Path(__file__).parents[1] / "docs" / "benchmarks"


def apart(name: str, quick: bool) -> Comparison:
    """A concern in a process of its own: what others leave in memory is nothing to it."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(concerns.compare, name, quick).result()


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benches", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("concern", nargs="*", help="those alone (--list tells which there are)")
    parser.add_argument("--quick", action="store_true", help="fewer, shorter samples")
    parser.add_argument("--all", action="store_true", help="also what runs only when it is named")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the record goes")
    parser.add_argument("--svg", type=Path, metavar="FOLDER", help="where the pictures go")
    parser.add_argument("--against", type=Path, metavar="FILE", help="the record to compare with")
    parser.add_argument(
        "--from", type=Path, dest="source", metavar="FILE", help="measure nothing, show a record"
    )
    parser.add_argument("--list", action="store_true", help="list the concerns and end")
    return parser


def chosen(arguments: argparse.Namespace) -> list[str]:
    """The concerns to run.

    Raises:
        SystemExit: where one is named that there is not.
    """
    known = concerns.names()
    for name in arguments.concern:
        if name not in known:
            raise SystemExit(f"no concern {name!r}; there are {', '.join(known)}")
    if arguments.concern:
        return list(dict.fromkeys(arguments.concern))
    return [name for name in known if arguments.all or name not in concerns.NAMED_ONLY]


def measured(
    names: Sequence[str], where: Mapping[str, Any], old: Sequence[Row], quick: bool
) -> dict[str, Any]:
    """Runs the concerns one after the other, prints what each finds, and returns the record."""
    before = record.load_average()
    comparisons: list[Comparison] = []
    failed: list[str] = []
    for name in names:
        began = time.perf_counter()
        print(f"\n{name}: {concerns.about(name)}", flush=True)
        try:
            found = apart(name, quick)
        except Exception:
            # Whatever it is: the others can still be measured.
            traceback.print_exc()
            failed.append(name)
            continue
        comparisons.append(found)
        print(report.rows(found.rows, record.moves(found.rows, old)))
        for count in found.counts:
            print(report.counted(count))
        print(f"{time.perf_counter() - began:.0f} s", flush=True)
    loads = (before, record.load_average())
    return record.document(where, comparisons, failed, quick=quick, loads=loads)


def main(words: Sequence[str] | None = None) -> int:
    arguments = options().parse_args(words)
    if arguments.list:
        for name in concerns.names():
            extra = f" (when named: {concerns.NAMED_ONLY[name]})" if name in concerns.NAMED_ONLY else ""
            print(f"{name:14}{concerns.about(name)}{extra}")
        return 0
    names = chosen(arguments)
    try:
        where = record.read(arguments.source) if arguments.source else record.surroundings()
        own = DOCS / f"{where['python']['build']}.json"
        old = record.read(arguments.against) if arguments.against else record.committed(own)
        old_rows = [] if old is None else record.rows_of(old)
    except (OSError, ValueError, KeyError) as error:
        raise SystemExit(f"no record to read: {error}") from None
    print(report.surroundings(where))
    document = where if arguments.source else measured(names, where, old_rows, arguments.quick)
    print(report.conclusion(document))
    print(report.compared(old, document))
    complete = not (arguments.concern or arguments.quick or arguments.source or lacking(document))
    if file := arguments.json or (own if complete else None):
        write(file, json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    # The pictures in the documentation are those of a build that flatters nobody.
    if folder := arguments.svg or (DOCS if complete and where["python"]["pgo"] else None):
        for name, picture in report.pictures(document, record.rows_of(document)).items():
            write(folder / name, picture)
    return 1 if document["failed"] else 0


def lacking(document: Mapping[str, Any]) -> bool:
    """Whether a run is none to keep, since it knows less than it should."""
    return bool(document["missing"] or document["failed"])


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    print(f"written: {path}")
