"""Addresses and times on the command lines of servers."""

from __future__ import annotations

import argparse
import errno
import ipaddress
import sys

from meshcore.listening import ListenError, shown

__all__ = [
    "add_admin_arguments",
    "add_times",
    "admin_is_safe",
    "cannot_listen",
    "host_port",
    "port_number",
    "seconds",
]


def add_admin_arguments(parser: argparse.ArgumentParser, pages: str, default: tuple[str, int]) -> None:
    """Add ``--admin`` and ``--admin-allow-remote``."""
    admin = parser.add_argument_group(f"admin pages ({pages})")
    admin.add_argument(
        "--admin",
        metavar="[ADDR:]PORT",
        type=_admin,
        default=default,
        help=f"where they are served; 'off' for none (default: {shown(*default)})",
    )
    admin.add_argument(
        "--admin-allow-remote",
        action="store_true",
        help="let --admin be an address that other machines reach; the pages ask for no password",
    )


def add_times(group: argparse._ArgumentGroup) -> None:
    """Add ``--drain-timeout`` and ``--reload-interval``."""
    group.add_argument(
        "--drain-timeout",
        metavar="SECONDS",
        type=seconds,
        default=10.0,
        help="on stopping, how long requests under way may take to end (default: 10)",
    )
    group.add_argument(
        "--reload-interval",
        metavar="SECONDS",
        type=seconds,
        default=1.0,
        help="how often to look for changed documents; 0: only on SIGHUP (default: 1)",
    )


def admin_is_safe(args: argparse.Namespace) -> bool:
    """Whether the admin pages are open to nobody who was not meant; says so on stderr where they are."""
    if args.admin is None or args.admin_allow_remote or _is_loopback(args.admin[0]):
        return True
    print(
        f"meshcore: error: --admin {shown(*args.admin)} is open to other machines, and the pages "
        "ask for no password; choose 127.0.0.1, or say --admin-allow-remote",
        file=sys.stderr,
    )
    return False


def cannot_listen(error: ListenError) -> int:
    """Say on stderr which address cannot be listened on, and what to do; the exit code."""
    option = "--admin" if error.admin else "--listen"
    off = ", or off for no admin pages" if error.admin else ""
    if error.errno == errno.EACCES:
        hint = f"ports below 1024 need privileges; choose another by {option}"
    elif error.errno in (errno.EADDRINUSE, None):
        hint = f"choose another port by {option}, 0 for a free one, which is printed{off}"
    else:
        hint = f"choose an address of this machine by {option}"
    print(f"meshcore: error: {error}; {hint}", file=sys.stderr)
    return 1


def host_port(text: str) -> tuple[str, int]:
    """``[ADDR:]PORT``; 127.0.0.1 where there is no address."""
    host, _, number = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    return host or "127.0.0.1", port_number(number)


def port_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a port; write ADDRESS:PORT, such as 127.0.0.1:8080"
        )
    return int(text)


def seconds(text: str) -> float:
    """A number of seconds."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return value


def _admin(text: str) -> tuple[str, int] | None:
    return None if text == "off" else host_port(text)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
