"""``meshcore ratelimit-server``: answer Envoys by limits of envoyproxy/ratelimit's YAML."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from meshcore.cli.addresses import add_admin_arguments, add_times, admin_is_safe, cannot_listen, host_port
from meshcore.listening import ListenError, shown

if TYPE_CHECKING:
    from meshcore.global_limit.rls import RateLimitConfig, RateLimitServer

__all__ = ["register"]

ADMIN = ("127.0.0.1", 6070)
LISTEN = "127.0.0.1:8081"


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "ratelimit-server",
        help="serve Envoy's rate limit service",
        description="A rate limit service (envoy.service.ratelimit.v3) for Envoys and others, by the YAML of "
        "envoyproxy/ratelimit. It needs no Redis. It stops gracefully on SIGTERM or Ctrl-C, and serves "
        "changed documents without a restart: by itself, or on SIGHUP.",
    )
    parser.add_argument(
        "-c",
        "--config",
        dest="paths",
        metavar="PATH",
        nargs="+",
        action="extend",
        required=True,
        help="limits: YAML or JSON files, or folders of them",
    )
    parser.add_argument(
        "--merge-domains", action="store_true", help="let a domain stand in several documents"
    )
    parser.add_argument("--check", action="store_true", help="read the limits, say what is wrong, and end")
    _add_serving(parser)
    _add_answers(parser)
    add_admin_arguments(parser, "/healthz, /ready, /config, /stats, /metrics", ADMIN)
    parser.set_defaults(func=run)


def _add_serving(parser: argparse.ArgumentParser) -> None:
    serving = parser.add_argument_group("serving")
    serving.add_argument(
        "--listen",
        metavar="[ADDR:]PORT",
        type=_listen,
        default=LISTEN,
        help="where to listen for gRPC, or unix:PATH (default: %(default)s)",
    )
    serving.add_argument(
        "--share",
        metavar="NAME",
        help="share the port and all limits with other servers on this machine that say the same name",
    )
    serving.add_argument("--tls-cert", metavar="FILE", help="serve TLS with this certificate chain (PEM)")
    serving.add_argument("--tls-key", metavar="FILE", help="and this private key (PEM)")
    serving.add_argument(
        "--tls-client-ca", metavar="FILE", help="and take only clients with a certificate of these (PEM)"
    )
    add_times(serving)


def _add_answers(parser: argparse.ArgumentParser) -> None:
    answers = parser.add_argument_group("answers")
    answers.add_argument(
        "--capacity",
        metavar="KEYS",
        type=_capacity,
        default=65536,
        help="how many keys of each limit may owe at once; 34 bytes each (default: %(default)s)",
    )
    answers.add_argument(
        "--shadow-mode", action="store_true", help="never refuse; count what would have been"
    )
    answers.add_argument(
        "--response-header",
        dest="response_headers",
        choices=("ratelimit", "retry-after"),
        action="append",
        default=[],
        help="have Envoy add these to answers: RateLimit and RateLimit-Policy of the IETF's draft, or "
        "Retry-After where a request is refused; may be repeated",
    )


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop; 0 after a stop that was asked for."""
    from meshcore.global_limit.rls import RateLimitServer, RateLimitService, load_limits

    if (args.tls_cert is None) != (args.tls_key is None) or (args.tls_client_ca and not args.tls_cert):
        print("meshcore: error: TLS needs both --tls-cert and --tls-key", file=sys.stderr)
        return 2
    if not admin_is_safe(args):
        return 2

    def load() -> RateLimitConfig:
        return load_limits(args.paths, merge_domains=args.merge_domains)

    config = load()
    for warning in config.warnings:
        print(warning, file=sys.stderr)
    if args.check:
        print(f"{len(config.rules)} limits in {len(config.domains)} domains")
        return 0
    service = RateLimitService(
        config,
        capacity=args.capacity,
        shadow_mode=args.shadow_mode,
        shared_state=args.share,
        response_headers=args.response_headers,
    )
    server = RateLimitServer(
        service,
        listen=args.listen,
        credentials=_credentials(args),
        reuse_port=args.share is not None,
    )
    try:
        return asyncio.run(_serve(args, server, load))
    except ListenError as error:
        return cannot_listen(error)


async def _serve(args: argparse.Namespace, server: RateLimitServer, load: Any) -> int:
    from meshcore.global_limit.rls.admin import Admin
    from meshcore.reloading import Reloader

    admin = Admin(server, *args.admin) if args.admin is not None else None
    try:
        await server.start()
    except ListenError:
        if admin is not None:
            admin.close()
        raise
    reloader = Reloader(server.service, load, args.paths, _say, args.reload_interval)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    loop.add_signal_handler(signal.SIGHUP, reloader.trigger)
    _say(f"listening on {_where(args.listen, server.port)}")
    if admin is not None:
        _say(f"admin pages on http://{shown(args.admin[0], admin.port)}/")
    watching = asyncio.ensure_future(reloader.run())
    await stopping.wait()
    _say(f"stopping: requests under way may take {args.drain_timeout:g} s")
    watching.cancel()
    await server.stop(args.drain_timeout)
    if admin is not None:
        admin.close()
    return 0


def _credentials(args: argparse.Namespace) -> Any:
    if args.tls_cert is None:
        return None
    import grpc

    authority = Path(args.tls_client_ca).read_bytes() if args.tls_client_ca else None
    pair = Path(args.tls_key).read_bytes(), Path(args.tls_cert).read_bytes()
    return grpc.ssl_server_credentials([pair], authority, authority is not None)


def _say(message: str) -> None:
    print(f"meshcore ratelimit-server: {message}", file=sys.stderr, flush=True)


def _where(listen: str, port: int) -> str:
    return listen if listen.startswith("unix:") else f"{listen.rpartition(':')[0]}:{port}"


def _listen(text: str) -> str:
    return text if text.startswith("unix:") else shown(*host_port(text))


def _capacity(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 2**32):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of keys")
    return int(text)
