"""urllib3 in the mesh's terms: its headers, its timeouts, its errors."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from typing import Any

import urllib3
from urllib3._collections import HTTPHeaderDict
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)

from meshcore.integrations._outbound import Line

__all__ = [
    "as_bytes",
    "authority_of",
    "error_of",
    "headers_of",
    "lines_of",
    "read_of",
    "seconds_of",
    "timeout_of",
    "within",
]


def authority_of(host: str, port: int | None, scheme: str) -> bytes:
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    usual = 443 if scheme == "https" else 80
    return (host if port in (None, usual) else f"{host}:{port}").encode()


def lines_of(headers: Mapping[str, str]) -> tuple[bytes | None, list[Line]]:
    """The value of Host, and the other lines."""
    host, lines = None, []
    for name, value in headers.iteritems() if isinstance(headers, HTTPHeaderDict) else headers.items():
        if len(name) == 4 and name.lower() in ("host", b"host"):
            host = as_bytes(value)
        else:
            lines.append((as_bytes(name), as_bytes(value)))
    return host, lines


def headers_of(authority: str, lines: list[Line]) -> Mapping[str, str]:
    """What urllib3 is to send. A dict will do for it, unless a name comes twice."""
    found = {"Host": authority}
    for name, value in lines:
        if name != b"host":
            found[name.decode("latin-1")] = value.decode("latin-1")
    if len(found) > len(lines):
        return found
    several = HTTPHeaderDict(Host=authority)
    for name, value in lines:
        if name != b"host":
            several.add(name.decode("latin-1"), value.decode("latin-1"))
    return several


def as_bytes(text: str | bytes) -> bytes:
    """As http.client writes it; what it refuses, as UTF-8."""
    if isinstance(text, bytes):
        return text
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()


def error_of(error: HTTPError) -> str | None:
    """The word of ``Decision.report()`` for an error; None: it is not about the endpoint."""
    if isinstance(error, NewConnectionError):
        return "connect-failure"
    if isinstance(error, ConnectTimeoutError):
        return "connect-timeout"
    if isinstance(error, NameResolutionError | SSLError):
        return "connect-failure"
    if isinstance(error, ReadTimeoutError):
        return "per-try-timeout"
    if isinstance(error, ProtocolError):
        cause = error.args[1] if len(error.args) > 1 else None
        return "reset" if isinstance(cause, OSError) else "protocol-error"
    return None


def timeout_of(given: Any) -> urllib3.Timeout:
    return given if isinstance(given, urllib3.Timeout) else urllib3.Timeout.from_float(given)


def seconds_of(given: object) -> float | None:
    """None also for urllib3's sign of "the system's own"."""
    return given if isinstance(given, int | float) else None


def within(timeout: urllib3.Timeout, limit: float | None) -> urllib3.Timeout:
    """The caller's timeout, no longer than the limit."""
    if limit is None:
        return timeout
    # To the millisecond, so that most requests share what takes urllib3 long to make.
    return _timeout(seconds_of(timeout.connect_timeout), read_of(timeout), math.ceil(limit * 1000) / 1000)


def read_of(timeout: urllib3.Timeout) -> float | None:
    """Seconds of a read; None: any time."""
    if seconds_of(timeout.total) is not None:  # less what connecting took, which has to begin for it
        timeout = timeout.clone()
        timeout.start_connect()
    return seconds_of(timeout.read_timeout)


@functools.lru_cache(256)
def _timeout(connect: float | None, read: float | None, limit: float) -> urllib3.Timeout:
    connect, read = (limit if value is None else min(value, limit) for value in (connect, read))
    return urllib3.Timeout(connect=connect, read=read)
