"""``meshcore replay``: run recorded cases through the engine and compare."""

from __future__ import annotations

import argparse
import io
import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from meshcore.replay import FileResult

__all__ = ["register"]


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "replay",
        help="replay recorded cases through the engine",
        description="Replay recorded cases of Envoy and Istio through the engine. "
        "The schema of each file is told by its content and name.",
        epilog="Exit code: 0 if every case passed, 1 if any failed.",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="a recording, or a folder of recordings")
    parser.add_argument("--json", action="store_true", help="print one JSON object, with every failure")
    parser.add_argument(
        "--differences",
        type=int,
        default=5,
        metavar="N",
        help="how many failed cases to show of each file (default: %(default)s)",
    )
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Replay the files of the command line."""
    from meshcore.replay import Report, replay

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # recordings may name cases by any text
    report = Report()
    for result in replay(args.files):
        report.files.append(result)
        if not args.json:
            _show(result, args.differences)
    if args.json:
        print(json.dumps(report.to_json(), indent=2))
    else:
        print(f"{report.passed} passed, {report.failed} failed")
    return 1 if report.failed else 0


def _show(result: FileResult, limit: int) -> None:
    print(f"{result.file}: {result.passed} passed, {result.failed} failed", flush=True)
    for failure in result.failures[:limit]:
        print(f"  {failure.case}")
        for difference in failure.differences:
            print(f"    {difference}")
    hidden = len(result.failures) - limit
    if hidden > 0:
        print(f"  ... and {hidden} more")
