"""``meshcore proxy``: serve HTTP by the documents."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from typing import TYPE_CHECKING

from meshcore.cli.addresses import (
    add_admin_arguments,
    add_times,
    admin_is_safe,
    cannot_listen,
    host_port,
    port_number,
)
from meshcore.cli.options import ConfigSource, add_config_arguments, config_source, print_notices
from meshcore.cli.spans import add_spans_argument, processor_of, service_of
from meshcore.listening import ListenError, shown
from meshcore.upstream.mark import PROXY, is_name

if TYPE_CHECKING:
    from meshcore.model import Config
    from meshcore.proxy import AccessRecord

__all__ = ["register"]

ADMIN = ("127.0.0.1", 15000)
LISTEN = ("127.0.0.1", 8080, None)


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "proxy",
        help="serve HTTP by the configuration",
        description="A streaming reverse proxy that routes by your documents. It stops gracefully on "
        "SIGTERM or Ctrl-C, and serves changed documents without a restart: by itself, or on SIGHUP.",
    )
    add_config_arguments(parser)
    serving = parser.add_argument_group("serving")
    serving.add_argument(
        "--listen",
        metavar="[ADDR:]PORT[=CONFIG_PORT]",
        type=_listen,
        action="append",
        help="listen here; may be repeated. With =CONFIG_PORT, requests go to the listener of that port in "
        "the documents; without, to the one that the request's Host names (reviews:9080 means port 9080; "
        "no port: the lowest at which the host is known). Default: 127.0.0.1:8080",
    )
    naming = serving.add_mutually_exclusive_group()
    naming.add_argument(
        "--name",
        metavar="NAME",
        type=_name,
        default=PROXY,
        help="by which it names itself (x-meshcore-caller) to services: their middleware does not apply the "
        "rules once more (default: %(default)s)",
    )
    naming.add_argument(
        "--no-name",
        dest="name",
        action="store_const",
        const=None,
        help="do not name itself: no header line is added, and middlewares take requests for a stranger's",
    )
    add_times(serving)
    serving.add_argument(
        "--runtime-dir",
        metavar="DIR",
        help="a folder for what the machine's proxies share, made where it is not there: one of them checks "
        "endpoints for all (without it, each checks for itself)",
    )
    serving.add_argument(
        "--log-format",
        choices=("text", "json", "none"),
        default="text",
        help="the access log on stdout, one line a request (default: text)",
    )
    serving.add_argument(
        "--resolver",
        choices=("system", "dnspython"),
        default="system",
        help="who looks up the names of endpoints: the system, or dnspython (the extra dns), which knows how "
        "long an answer holds (default: system)",
    )
    add_spans_argument(serving)
    add_admin_arguments(parser, "/healthz, /ready, /config, /clusters, /stats", ADMIN)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop; 0 after a stop that was asked for."""
    import meshcore.proxy  # noqa: F401  (tells which extra is missing before anything else happens)

    if not admin_is_safe(args):
        return 2
    source = config_source(args)
    config = source.load()
    print_notices(config)
    try:
        return asyncio.run(_serve(args, source, config))
    except ListenError as error:
        return cannot_listen(error)


async def _serve(args: argparse.Namespace, source: ConfigSource, config: Config) -> int:
    from meshcore.discovery import DnspythonResolver
    from meshcore.proxy import Proxy
    from meshcore.proxy.lines import LineWriter
    from meshcore.reloading import Reloader
    from meshcore.watching import named_files

    log = LineWriter(sys.stdout)

    def write(record: AccessRecord) -> None:
        log.write(record.json() if args.log_format == "json" else record.text())

    proxy = Proxy(
        config,
        listen=args.listen or [LISTEN],
        admin=args.admin,
        access_log=None if args.log_format == "none" else write,
        name=args.name,
        runtime_dir=args.runtime_dir,
        spans=None if args.spans is None else processor_of(args.spans),
        service=service_of(source.node),
        resolver=DnspythonResolver() if args.resolver == "dnspython" else None,
    )
    reloader = Reloader(proxy, source.load, source.files, _say, args.reload_interval, named_files)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    await proxy.start()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    loop.add_signal_handler(signal.SIGHUP, reloader.trigger)
    _say("listening on " + ", ".join(shown(host, port) for host, port in proxy.addresses))
    if args.admin is not None and proxy.admin_port is not None:
        _say(f"admin pages on http://{shown(args.admin[0], proxy.admin_port)}/")
    watching = asyncio.ensure_future(reloader.run())
    await stopping.wait()
    stopping.clear()
    _say(
        f"stopping: {proxy.active} requests under way may take {args.drain_timeout:g} s (again: cut them off)"
    )
    watching.cancel()
    draining = asyncio.ensure_future(proxy.stop(args.drain_timeout))
    impatient = asyncio.ensure_future(stopping.wait())
    await asyncio.wait({draining, impatient}, return_when=asyncio.FIRST_COMPLETED)
    impatient.cancel()
    if not draining.done():
        proxy.stop_now()
    await draining
    await log.close()
    return 0


def _say(message: str) -> None:
    print(f"meshcore proxy: {message}", file=sys.stderr, flush=True)


def _name(text: str) -> str:
    if not is_name(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no name: expected visible ASCII without a comma")
    return text


def _listen(text: str) -> tuple[str, int, int | None]:
    address, equals, config_port = text.partition("=")
    host, port = host_port(address)
    return host, port, port_number(config_port) if equals else None
