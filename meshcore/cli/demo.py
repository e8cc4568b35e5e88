"""``meshcore demo``: a bookshop of real servers on this machine, routed by Istio YAML."""

from __future__ import annotations

import argparse
import asyncio

__all__ = ["register"]

_TERMINATED = 143
_REQUESTS = 300


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "demo",
        help="watch a small bookshop being routed by Istio YAML, on this machine alone",
        description="Start the services of a small bookshop and two proxies on free loopback ports, load "
        "Istio YAML, send real requests, and show that they go where the rules say: a canary, a user "
        "routed by header, a rewrite, a redirect, a direct response, and a change of the rules under load. "
        "Ends by itself within seconds.",
    )
    parser.add_argument("--serve", action="store_true", help="keep the bookshop up until Ctrl-C")
    parser.add_argument(
        "--requests",
        metavar="N",
        type=_count,
        default=_REQUESTS,
        help="requests for each stage of the canary (default: %(default)s)",
    )
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """0 if all was seen as expected, 1 otherwise."""
    from meshcore.demo.run import run_demo

    try:
        return 0 if asyncio.run(run_demo(requests=args.requests, serve=args.serve)) else 1
    except asyncio.CancelledError:
        return _TERMINATED


def _count(text: str) -> int:
    if not text.isdecimal() or not 50 <= int(text) <= 100_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 50 to 100000")
    return int(text)
