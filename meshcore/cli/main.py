"""Entry point: parses the command line, runs a subcommand, turns errors into exit codes.

Exit codes: 0 all well; 1 it failed, or the configuration has errors; 2 the command line or the
installation is not right for it. An interrupt is 130 and a closed pipe 141, as shells have them.
"""

from __future__ import annotations

import argparse
import importlib
import io
import os
import sys
from collections.abc import Callable, Sequence

from meshcore._version import __version__

__all__ = ["main"]

#: Modules of meshcore.cli that register a subcommand, in the order of the help.
COMMANDS = (
    "analyze",
    "balance",
    "check",
    "demo",
    "diff",
    "explain",
    "hash",
    "proxy",
    "ratelimit-server",
    "replay",
    "routes",
)

#: Optional packages by import name, and the extra that installs each.
EXTRAS = {"aiohttp": "proxy", "httptools": "proxy", "dns": "dns", "grpc": "rls"}

#: Paths and names of whatever command. An empty one is most likely a variable of the shell that is not set.
_NEVER_EMPTY = (
    "paths",
    "tests",
    "files",
    "old",
    "new",
    "against",
    "requests",
    "endpoints",
    "mesh_config",
    "cluster_domain",
    "cluster",
    "runtime_dir",
    "junit",
    "host",
)

OK = 0
FAILED = 1
USAGE = 2
INTERRUPTED = 130
CLOSED_PIPE = 141


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="meshcore",
        description="Route HTTP by the Istio and Envoy configuration that you already have.",
        epilog="New here? Run 'meshcore demo'. 'meshcore COMMAND --help' tells more of a command.",
    )
    parser.add_argument("--version", action="version", version=f"meshcore {__version__}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=False)
    for name in COMMANDS:
        importlib.import_module(f"meshcore.cli.{name.replace('-', '_')}").register(subparsers)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line ``argv`` (default: the process's) and return the exit code."""
    _ready_streams()
    parser = build_parser()
    args = parser.parse_args(argv)
    if not hasattr(args, "func"):
        parser.print_help(sys.stderr)
        return USAGE
    _refuse_empty(parser, args)
    try:
        code = _run(args.func, args)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader has gone ("meshcore routes ... | head"): no more can be said, not even at exit,
        # where the interpreter flushes stdout once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLOSED_PIPE
    return code


def _refuse_empty(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    for name in _NEVER_EMPTY:
        value = getattr(args, name, None)
        if value == "" or (isinstance(value, list) and "" in value):
            parser.error(f"{name.replace('_', '-')}: '' is given; is a variable of the shell empty?")


def _ready_streams() -> None:
    """Let anything be printed: documents and requests hold any text, and a stream may be closed."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 (open as long as the process)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _run(func: Callable[[argparse.Namespace], int], args: argparse.Namespace) -> int:
    try:
        return func(args)
    except BrokenPipeError:
        raise
    except ModuleNotFoundError as error:
        module = (error.name or "").partition(".")[0]
        if module not in EXTRAS:
            raise
        return _fail(
            f"this command needs {module}, which is not installed; "
            f"install it by: pip install 'meshcore-engine[{EXTRAS[module]}]'",
            USAGE,
        )
    except OSError as error:
        reason = error.strerror or str(error)
        return _fail(f"{error.filename}: {reason}" if error.filename is not None else reason, FAILED)
    except ValueError as error:
        # ConfigError is a ValueError; it is imported only now since the loaders are slow to import.
        from meshcore.config import ConfigError

        if not isinstance(error, ConfigError):
            raise
        print(error, file=sys.stderr)
        return FAILED


def _fail(message: str, code: int) -> int:
    print(f"meshcore: error: {message}", file=sys.stderr)
    return code
