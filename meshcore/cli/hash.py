"""``meshcore hash``: where keys land, and which of them a change of the configuration moves."""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from meshcore.cli.options import (
    add_cluster_argument,
    add_config_arguments,
    add_quiet_argument,
    config_source,
    print_notices,
)

if TYPE_CHECKING:
    from meshcore.cli.one_cluster import OneCluster

__all__ = ["register"]

_NOWHERE = "(no endpoint)"


@dataclass(frozen=True, slots=True)
class Landing:
    """Where a key lands; ``before``: by the old configuration, where one is given."""

    key: str
    endpoint: str | None
    before: str | None


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "hash",
        help="print where keys land",
        description="Print the endpoint that a cluster with RING_HASH or MAGLEV has for each key: the value "
        "of the header, the cookie or whatever else the route hashes.",
        epilog="Exit code: 0, or 1 if there is no such cluster or no endpoint for a key.",
    )
    parser.add_argument("keys", metavar="KEY", nargs="*", help="a key")
    parser.add_argument(
        "--keys",
        dest="files",
        metavar="FILE",
        action="append",
        default=[],
        help="a file of keys, one a line; - for standard input; may be repeated",
    )
    add_cluster_argument(parser, "hashes")
    parser.add_argument(
        "--against",
        metavar="OLD",
        nargs="+",
        action="extend",
        default=[],
        help="the documents of before: print which keys move, and how many; write it behind the keys",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_quiet_argument(parser)
    add_config_arguments(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Load, hash, print; 1 where there is nothing to hash by."""
    from meshcore.cli.one_cluster import find_cluster

    keys = [*args.keys, *(key for name in args.files for key in _keys_of(name))]
    if not keys:
        message = "which keys? give them before -c and --against, which take all that follows, or --keys FILE"
        print(f"meshcore: error: {message}", file=sys.stderr)
        return 2
    source = config_source(args)
    config = source.load()
    if not args.quiet:
        print_notices(config)
    new = find_cluster(config, args.cluster, hashing=True, quiet=args.quiet)
    old = None
    if new is not None and args.against:
        before = replace(source, paths=tuple(args.against)).load()
        old = find_cluster(before, new.cluster.name, hashing=True, quiet=True)
    if new is None or (args.against and old is None):
        return 1
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")  # keys may hold any bytes
    landings = [Landing(key, new.endpoint(key), old.endpoint(key) if old else None) for key in keys]
    if args.json:
        print(json.dumps(_as_dict(new, landings, old is not None), indent=2))
    else:
        for line in _moves(landings) if old else _lines(landings):
            print(line)
    return 0 if all(it.endpoint is not None for it in landings) else 1


def _keys_of(name: str) -> Iterator[str]:
    if name == "-":
        yield from _stripped(sys.stdin)
    else:
        with open(name, encoding="utf-8", errors="surrogateescape") as file:
            yield from _stripped(file)


def _stripped(lines: Any) -> Iterator[str]:
    for line in lines:
        key = line.rstrip("\r\n")
        if key:
            yield key


def _lines(landings: list[Landing]) -> Iterator[str]:
    width = max(len(it.key) for it in landings)
    for it in landings:
        yield f"{it.key:<{width}}  {it.endpoint or _NOWHERE}"


def _moves(landings: list[Landing]) -> Iterator[str]:
    moved = [it for it in landings if it.endpoint != it.before]
    width = max((len(it.key) for it in moved), default=0)
    for it in moved:
        yield f"{it.key:<{width}}  {it.before or _NOWHERE} -> {it.endpoint or _NOWHERE}"
    if moved:
        yield ""
    share = 100 * len(moved) / len(landings)
    yield f"{len(moved):,} of {len(landings):,} keys move ({share:.1f} %)"
    ways = Counter((it.before or _NOWHERE, it.endpoint or _NOWHERE) for it in moved)
    for (before, after), count in sorted(ways.items(), key=lambda way: (-way[1], way[0])):
        yield f"{count:>8,}  {before} -> {after}"


def _as_dict(cluster: OneCluster, landings: list[Landing], compared: bool) -> dict[str, Any]:
    out: dict[str, Any] = {"cluster": cluster.cluster.name, "policy": cluster.policy}
    out["keys"] = [
        {"key": it.key, "endpoint": it.endpoint, **({"before": it.before} if compared else {})}
        for it in landings
    ]
    if compared:
        out["moved"] = sum(it.endpoint != it.before for it in landings)
    return out
