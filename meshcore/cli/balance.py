"""``meshcore balance``: how a cluster's policy distributes requests over its endpoints."""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
from collections import Counter, deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

from meshcore.cli.options import add_cluster_argument, add_config_arguments, add_quiet_argument, load_config

if TYPE_CHECKING:
    from meshcore.cli.chart import Bar
    from meshcore.cli.one_cluster import OneCluster

__all__ = ["register"]


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "balance",
        help="draw how requests spread over endpoints",
        description="Let a cluster choose an endpoint many times, and draw how often each was chosen. "
        "Policies that hash get another key each time.",
        epilog="Exit code: 0, or 1 if there is no such cluster or a request found no endpoint.",
    )
    add_cluster_argument(parser, "has endpoints")
    parser.add_argument(
        "--picks", metavar="N", type=_count, default=10_000, help="how often to choose (default: %(default)s)"
    )
    parser.add_argument(
        "--under-way",
        metavar="N",
        type=_count,
        default=1,
        help="how many requests are under way at a time, which least request looks at (default: %(default)s)",
    )
    parser.add_argument(
        "--seed", metavar="N", type=int, help="decides the keys and all that is left to chance"
    )
    parser.add_argument("--plot", metavar="FILE.svg", type=Path, help="draw it into this file, too")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_quiet_argument(parser)
    add_config_arguments(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Load, choose, draw; 1 where there is nothing to choose from."""
    from meshcore.cli.chart import Bar, svg, text
    from meshcore.cli.one_cluster import find_cluster

    config = load_config(args)
    cluster = find_cluster(config, args.cluster, hashing=False, quiet=args.quiet)
    if cluster is None:
        return 1
    picked = _pick(cluster, args.picks, args.under_way, random.Random(args.seed))
    endpoints = dict.fromkeys(it.authority for it in cluster.cluster.endpoints)
    bars = [Bar(address, picked[address]) for address in endpoints]
    title = f"{cluster.cluster.name}, {cluster.policy}: {args.picks:,} picks"
    if args.plot is not None:
        args.plot.write_text(svg(title, bars), encoding="utf-8")
    if args.json:
        print(json.dumps(_as_dict(cluster, args.picks, bars, picked[None]), indent=2))
    else:
        print("\n".join([title, *text(bars, shutil.get_terminal_size().columns, _blocks())]))
        print(_summary(bars, picked[None]))
    return 1 if picked[None] else 0


def _pick(cluster: OneCluster, picks: int, under_way: int, draws: random.Random) -> Counter[str | None]:
    picked: Counter[str | None] = Counter()
    open_ones: deque[Any] = deque()
    for _ in range(picks):
        if len(open_ones) == under_way:
            open_ones.popleft().close()
        decision = cluster.decide(f"{draws.getrandbits(64):016x}", seed=draws.getrandbits(64))
        open_ones.append(decision)
        picked[decision.endpoint] += 1
    for decision in open_ones:
        decision.close()
    return picked


def _summary(bars: list[Bar], nowhere: int) -> str:
    used = [bar.count for bar in bars if bar.count]
    lines = []
    if used:
        mean = sum(used) / len(used)
        lines.append(
            f"{len(used):,} of {len(bars):,} endpoints chosen; the fullest has {max(used) / mean:.2f} times "
            f"their average, the emptiest {min(used) / mean:.2f} times"
        )
    if nowhere:
        lines.append(f"{nowhere:,} requests found no endpoint (UH)")
    return "\n".join(lines)


def _as_dict(cluster: OneCluster, picks: int, bars: list[Bar], nowhere: int) -> dict[str, Any]:
    return {
        "cluster": cluster.cluster.name,
        "policy": cluster.policy,
        "picks": picks,
        "endpoints": [{"address": bar.label, "picks": bar.count} for bar in bars],
        "no_endpoint": nowhere,
    }


def _blocks() -> bool:
    """Whether the terminal can show bars finer than a character."""
    return (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "") == "utf8"


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 1")
    return int(text)
