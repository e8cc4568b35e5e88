"""``meshcore explain``: why a request is decided as it is."""

from __future__ import annotations

import argparse
import json
import re
import sys

from meshcore.cli.options import add_config_arguments, add_quiet_argument, load_config

__all__ = ["register"]

_METHODS = ("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE")
_URL = re.compile(r"(?:(https?)://)?([^/?#]*)([^#]*)")


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "explain",
        help="tell why a request is decided as it is",
        description="Decide one request without sending it, and tell why: which line of which "
        "document decided, which condition of each rule above it failed, and what then happens.",
        epilog="Exit code: 0 if a route serves the request, 1 if it is rejected, or nobody knows its host.",
    )
    # Not required here, so that run() can say where they went.
    parser.add_argument("method", metavar="METHOD", nargs="?", type=_method, help="GET, POST, ...")
    parser.add_argument(
        "url", metavar="URL", nargs="?", type=_url, help="http://HOST[:PORT]/PATH, or HOST[:PORT]/PATH"
    )
    parser.add_argument(
        "-H",
        "--header",
        dest="headers",
        metavar="'NAME: VALUE'",
        type=_header,
        action="append",
        default=[],
        help="a header line of the request; may be repeated",
    )
    parser.add_argument("--source", metavar="IP", type=_address, help="the address that it comes from")
    parser.add_argument(
        "--port", metavar="N", type=_port, help="the port that it comes to; by the URL if not given"
    )
    parser.add_argument("--seed", metavar="N", type=int, help="decides all that is left to chance")
    parser.add_argument("--all", action="store_true", help="list every route of the virtual host")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_quiet_argument(parser)
    add_config_arguments(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Load, decide, tell; 1 if the request is rejected."""
    from meshcore.cli.source import source_lines
    from meshcore.engine import Engine
    from meshcore.explain import render
    from meshcore.ink import Ink

    if args.url is None:
        told = "which request? give METHOD URL, before -c, which takes all that follows"
        print(f"meshcore: error: {told}", file=sys.stderr)
        return 2
    scheme, authority, target = args.url
    if not authority and not any(name.lower() in ("host", ":authority") for name, _ in args.headers):
        told = f"{target!r} has no host: write HOST/PATH, or -H 'host: HOST'"
        print(f"meshcore: error: {told}", file=sys.stderr)
        return 2
    config = load_config(args)
    explanation = Engine(config).explain(
        args.method,
        authority or None,
        authority if args.method == "CONNECT" else target or "/",
        args.headers,
        scheme=scheme,
        source=args.source,
        port=args.port or config.port_of_scheme(scheme, authority),
        seed=args.seed,
    )
    if args.json:
        print(json.dumps(explanation.to_dict(), indent=2))
    else:
        ink = Ink.of(sys.stdout)
        print(
            render(explanation, ink=ink, everything=args.all, source=lambda origin: source_lines(origin, ink))
        )
    served = explanation.outcome != "reject" and not (
        explanation.unknown_host and explanation.outcome == "respond"
    )
    return 0 if served else 1


def _method(text: str) -> str:
    if text.upper() in _METHODS and text not in _METHODS:
        raise argparse.ArgumentTypeError(f"{text!r}: case counts in methods; did you mean {text.upper()!r}?")
    return text


def _url(text: str) -> tuple[str, str, str]:
    """Scheme, authority and target (path and query) of a URL; a fragment is never sent."""
    match = _URL.match(text)
    if match is None or ("://" in text.partition("?")[0] and not match[1]):
        raise argparse.ArgumentTypeError(f"{text!r} is not a URL of http or https")
    scheme, authority, target = match.groups()
    return scheme or "http", authority, f"/{target}" if target.startswith("?") else target


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is not a header; write 'NAME: VALUE'")
    return name.strip(), value.strip()


def _address(text: str) -> str:
    import ipaddress

    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not an IP address") from None


def _port(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port, which is a number from 1 to 65535")
    return int(text)
