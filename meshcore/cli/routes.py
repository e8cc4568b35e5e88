"""``meshcore routes``: print the compiled route table."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from meshcore.cli.options import add_config_arguments, add_quiet_argument, load_config
from meshcore.model.printable import printable

if TYPE_CHECKING:
    from meshcore.model import (
        Config,
        Listener,
        RetryPolicy,
        Route,
        RouteConfiguration,
        VirtualHost,
    )

__all__ = ["register", "select_virtual_host"]

#: Width to lay out for where the output is no terminal.
_PLAIN_COLUMNS = 100


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "routes",
        help="print the compiled route table",
        description="Print the route table that your documents compile to: for each listener its virtual "
        "hosts, and their routes in the order in which they are tried; the first that matches wins.",
    )
    add_quiet_argument(parser)
    add_config_arguments(parser)
    parser.add_argument(
        "--host", metavar="HOST", help="only the virtual host that serves this authority, HOST or HOST:PORT"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Load, print; 1 if ``--host`` is served by nobody."""
    config = load_config(args)
    tables = list(_tables(config, args.host))
    if args.json:
        json.dump({"listeners": [_listener_json(*table) for table in tables]}, sys.stdout, indent=2)
        print()
    elif tables:
        columns = shutil.get_terminal_size((_PLAIN_COLUMNS, 24)).columns
        rest = "any other port" if len(config.listeners) > 1 else "any port"
        print("\n\n".join(_text(_table_text(*group, columns, rest)) for group in _grouped(tables)))
    if not tables:
        what = f"no virtual host serves {args.host!r}" if args.host else "no listener came of these documents"
        print(f"meshcore: {what}", file=sys.stderr)
        return 1
    return 0


def select_virtual_host(table: RouteConfiguration, host: str) -> VirtualHost | None:
    """The virtual host that serves ``host``.

    An exact domain wins, then the longest ``*suffix``, then the longest ``prefix*``, then ``*``.
    """
    wanted = host.lower()
    if table.ignore_port_in_host_matching:
        name, _, port = wanted.rpartition(":")
        wanted = name if name and port.isdigit() else wanted
    best: tuple[int, int] = (-1, 0)
    chosen = None
    for virtual_host in table.virtual_hosts:
        for domain in virtual_host.domains:
            rank = _rank(domain.lower(), wanted)
            if rank > best:
                best, chosen = rank, virtual_host
    return chosen


def _rank(domain: str, host: str) -> tuple[int, int]:
    """How well ``domain`` fits: (-1, 0) not at all, else the kind and then the length."""
    if domain == host:
        return 3, 0
    if domain == "*":
        return 0, 0
    if domain.startswith("*") and len(host) >= len(domain) and host.endswith(domain[1:]):
        return 2, len(domain)
    if domain.endswith("*") and len(host) >= len(domain) and host.startswith(domain[:-1]):
        return 1, len(domain)
    return -1, 0


def _tables(config: Config, host: str | None) -> Iterator[tuple[Listener, tuple[VirtualHost, ...]]]:
    if host is None:
        for listener in config.listeners:
            yield listener, listener.route_configuration.virtual_hosts
        return
    for listener in _listeners_of(config, host):
        chosen = select_virtual_host(listener.route_configuration, host)
        if chosen is not None:
            yield listener, (chosen,)


def _listeners_of(config: Config, host: str) -> Sequence[Listener]:
    """Those that requests for an authority may come to: of its port, else for any; all where it has none."""
    _, colon, port = host.rpartition(":")
    if not (colon and port.isascii() and port.isdigit()):
        return config.listeners
    own = [listener for listener in config.listeners if listener.port == int(port)]
    rest = [listener for listener in config.listeners if listener.port is None]
    return own or rest or config.listeners


def _grouped(
    tables: list[tuple[Listener, tuple[VirtualHost, ...]]],
) -> Iterator[tuple[list[Listener], tuple[VirtualHost, ...]]]:
    """Listeners that have the same routes, together: one listing says it all."""
    rest = tables
    while rest:
        listener, virtual_hosts = rest[0]
        same = [other for other, hosts in rest if hosts == virtual_hosts and _alike(other, listener)]
        rest = [table for table in rest if not any(table[0] is it for it in same)]
        yield same, virtual_hosts


def _alike(one: Listener, other: Listener) -> bool:
    from meshcore.explain.faults import usual_fault

    return one.tls == other.tls and usual_fault(one) == usual_fault(other)


def _text(lines: Iterator[str]) -> str:
    return "\n".join(map(printable, lines))


def _table_text(
    listeners: list[Listener], virtual_hosts: tuple[VirtualHost, ...], columns: int, rest: str
) -> Iterator[str]:
    from meshcore.cli.describe import https_line, switch_lines
    from meshcore.explain.faults import fault_of, fault_words, usual_fault
    from meshcore.explain.retries import retry_words
    from meshcore.model import RequireTls

    for listener in listeners:
        port = rest if listener.port is None else f"port {listener.port}"
        yield f"listener {listener.name or '(unnamed)'}  {port}{', TLS' if listener.tls else ''}"
        fault = usual_fault(listener)
        if fault is not None:
            yield f"  fault for routes without one: {fault_words(fault)}"
    for virtual_host in virtual_hosts:
        yield ""
        yield f"  virtual host {virtual_host.name}"
        yield from _wrapped("    domains ", virtual_host.domains, columns)
        fault = fault_of(virtual_host.typed_per_filter_config)
        if fault is not None:
            yield f"    fault for routes without one: {fault_words(fault)}"
        yield from (f"    {line}" for line in switch_lines(virtual_host.typed_per_filter_config))
        if virtual_host.retry_policy is not None:
            yield f"    retries for routes without: {retry_words(virtual_host.retry_policy)}"
        if virtual_host.require_tls is not RequireTls.NONE:
            yield f"    {https_line(virtual_host)}"
        yield from _routes_text(virtual_host.routes, columns)


def _wrapped(label: str, items: tuple[str, ...], columns: int) -> Iterator[str]:
    """``label`` and the items after it, comma-separated, in lines of at most ``columns``."""
    line = label
    for number, item in enumerate(items):
        piece = item if number == len(items) - 1 else f"{item}, "
        if line.strip() and line != label and len(line) + len(piece) > columns:
            yield line.rstrip()
            line = " " * len(label)
        line += piece
    yield line


def _routes_text(routes: tuple[Route, ...], columns: int) -> Iterator[str]:
    """Conditions left, effects right; effects below where the two don't fit side by side."""
    from meshcore.cli.describe import action_lines, match_lines, place

    blocks = []
    for route in routes:
        about = ", ".join(part for part in (route.name, place(route.origin)) if part)
        blocks.append((match_lines(route.match), action_lines(route), about))
    margin = 4 + len(str(len(routes))) + 2
    left = max((len(line) for match, _, _ in blocks for line in match), default=0)
    right = max((len(line) for _, action, _ in blocks for line in action), default=0)
    beside = margin + left + 4 + right <= columns
    if not routes:
        yield "    no routes"
    for number, (match, action, about) in enumerate(blocks, 1):
        yield ""
        yield f"    {number:>{margin - 6}}  {about}".rstrip()
        indent = " " * margin
        if beside:
            for row in range(max(len(match), len(action))):
                condition = match[row] if row < len(match) else ""
                effect = action[row] if row < len(action) else ""
                arrow = "->" if row == 0 else "  "
                yield f"{indent}{condition:<{left}} {arrow} {effect}".rstrip()
        else:
            yield from (f"{indent}{line}" for line in match)
            yield from (f"{indent}{'->' if row == 0 else '  '} {line}" for row, line in enumerate(action))


def _listener_json(listener: Listener, virtual_hosts: tuple[VirtualHost, ...]) -> dict[str, Any]:
    return {
        "name": listener.name,
        "port": listener.port,
        "tls": listener.tls,
        "virtual_hosts": [
            {
                "name": virtual_host.name,
                "domains": list(virtual_host.domains),
                "require_tls": virtual_host.require_tls.value,
                "routes": [_route_json(route, virtual_host) for route in virtual_host.routes],
            }
            for virtual_host in virtual_hosts
        ],
    }


def _retries_json(policy: RetryPolicy | None) -> dict[str, Any] | None:
    if policy is None:
        return None
    return {
        "number": policy.num_retries,
        "on": list(policy.retry_on),
        "statuses": list(policy.retriable_status_codes),
        "per_try_timeout": policy.per_try_timeout,
    }


def _route_json(route: Route, virtual_host: VirtualHost) -> dict[str, Any]:
    from meshcore.cli.describe import action_lines, match_lines
    from meshcore.model import ForwardAction, Redirect
    from meshcore.model.route import DEFAULT_ROUTE_TIMEOUT

    action = route.action
    entry: dict[str, Any] = {
        "name": route.name,
        "match": match_lines(route.match),
        "path": {"kind": route.match.path.kind.value, "value": route.match.path.value},
        "effects": action_lines(route),
    }
    if isinstance(action, ForwardAction):
        split = action.weighted_clusters
        entry["action"] = "forward"
        entry["clusters"] = (
            [{"cluster": part.cluster, "weight": part.weight} for part in split.clusters]
            if split
            else [{"cluster": action.cluster, "weight": 1}]
        )
        entry["timeout"] = (DEFAULT_ROUTE_TIMEOUT if action.timeout is None else action.timeout) or None
        entry["retries"] = _retries_json(action.retry_policy or virtual_host.retry_policy)
    elif isinstance(action, Redirect):
        entry["action"], entry["status"] = "redirect", action.status
    else:
        entry["action"], entry["status"] = "respond", action.status
    origin = route.origin
    entry["origin"] = {"file": origin.file, "line": origin.line, "path": origin.path} if origin else None
    return entry
