"""``meshcore diff``: what a change of configuration changes."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from meshcore.cli.describe import place
from meshcore.cli.options import add_config_arguments, config_source
from meshcore.cli.progress import Progress
from meshcore.model.printable import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from meshcore.check import Request
    from meshcore.diff import Change, Comparison
    from meshcore.model import Config
    from meshcore.sampling import Log

__all__ = ["register"]

_SIGNS = {"added": "+", "removed": "-", "changed": "~", "moved": ">"}
_EXAMPLE_FIELDS = 6


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "diff",
        help="compare two configurations, and what they do to requests",
        description="Compare two configurations: which virtual hosts, routes and clusters change, and for a "
        "sample of requests which decisions change and how.",
        epilog="Exit code: 0, or 1 with --exit-code if anything changes.",
    )
    parser.add_argument("old", metavar="OLD", help="a file or a folder of documents")
    parser.add_argument("new", metavar="NEW", help="the same, after the change")
    parser.add_argument(
        "--requests",
        metavar="FILE",
        help="an access log or JSON lines to take the requests from (default: made from the routes)",
    )
    parser.add_argument(
        "--authority", metavar="HOST", help="the authority of requests whose lines in the log name none"
    )
    parser.add_argument(
        "--scheme",
        choices=("http", "https"),
        default="http",
        help="the scheme of requests whose lines name none, as those of Envoy and Istio (default: http)",
    )
    parser.add_argument("--exit-code", action="store_true", help="exit with 1 if anything changes")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_config_arguments(parser, required=False)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Load both, compare, print."""
    from meshcore.diff import compare_decisions, compare_tables

    common = config_source(args)
    old = replace(common, paths=(*common.paths, args.old)).load()
    new = replace(common, paths=(*common.paths, args.new)).load()
    changes = compare_tables(old, new)
    requests, source = _requests(args, old, new)
    with Progress("requests decided", len(requests)) as progress:
        comparison = compare_decisions(old, new, requests, progress)
    if args.json:
        json.dump(_json(changes, comparison), sys.stdout, indent=2)
        print()
    else:
        _print_changes(changes)
        _print_decisions(comparison, source)
    return 1 if args.exit_code and (changes or comparison.changed) else 0


def _requests(args: argparse.Namespace, old: Config, new: Config) -> tuple[Mapping[Request, int], str]:
    """The sample, and where it comes from."""
    from meshcore.sampling import read_log, requests_for

    if args.requests is None:
        made = dict.fromkeys((*requests_for(old), *requests_for(new)), 1)
        return made, "made from the routes"
    log = read_log(args.requests, authority=args.authority, scheme=args.scheme)
    _print_unread(args.requests, log)
    if not log.requests:
        raise OSError(f"{args.requests}: no line of it holds a request")
    return log.requests, f"from {args.requests}"


def _print_unread(file: str, log: Log) -> None:
    for number, reason in log.unread:
        print(f"{file}:{number}: warning: not a request: {reason}", file=sys.stderr)
    if log.unread_count > len(log.unread):
        print(f"{file}: warning: {log.unread_count} lines are no requests", file=sys.stderr)


def _print_changes(changes: list[Change]) -> None:
    for change in changes:
        line = f"{_SIGNS[change.kind]} {change.what} {change.name}"
        places = [text for text in (place(change.old), place(change.new)) if text]
        where = " -> ".join(dict.fromkeys(places))
        if change.what == "route":
            line += f" of {change.tables[0]}"
            more = len(change.tables) - 1
            line += f" and {more} more table{'s' if more > 1 else ''}" if more else ""
        print(printable(f"{line}  {where}".rstrip()))
        for field in change.fields:
            print(printable(f"    {field}"))
    if not changes:
        print("The tables are the same.")


def _print_decisions(comparison: Comparison, source: str) -> None:
    share = 100 * comparison.changed / comparison.total if comparison.total else 0.0
    print()
    print(f"{comparison.changed:,} of {comparison.total:,} requests change ({share:.1f} %), {source}")
    for group in comparison.groups:
        route = group.old if group.old == group.new else f"{group.old} -> {group.new}"
        print()
        print(printable(f"  {group.count:,}  {route}: {', '.join(group.fields)}"))
        request, found = group.examples[0]
        print(printable(f"      e.g. {request}"))
        for field in found[:_EXAMPLE_FIELDS]:
            print(printable(f"        {field}"))
        if len(found) > _EXAMPLE_FIELDS:
            print(f"        and {len(found) - _EXAMPLE_FIELDS} more")


def _json(changes: list[Change], comparison: Comparison) -> dict[str, Any]:
    return {
        "changes": [
            {
                "kind": change.kind,
                "what": change.what,
                "name": change.name,
                "old": place(change.old),
                "new": place(change.new),
                "tables": list(change.tables),
                "fields": [_field_json(field) for field in change.fields],
            }
            for change in changes
        ],
        "requests": comparison.total,
        "changed": comparison.changed,
        "groups": [
            {
                "old": group.old,
                "new": group.new,
                "fields": list(group.fields),
                "count": group.count,
                "examples": [
                    {"request": str(request), "changes": [_field_json(field) for field in found]}
                    for request, found in group.examples
                ],
            }
            for group in comparison.groups
        ],
    }


def _field_json(field: Any) -> dict[str, str]:
    return {"field": field.path, "old": field.old, "new": field.new}
