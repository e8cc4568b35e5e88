"""What an httpx transport gets for an attempt: the client's request, as it goes to the attempt's endpoint.

A transport reads a request's parts and hands them to httpcore. The library's own ``Request``, ``URL`` and
``Headers`` would parse and decode each of them, for httpcore to get the bytes that we have already; they take
several times as long as deciding does.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from meshcore.integrations._bodies import position_of
from meshcore.integrations._outbound import Line

__all__ = ["Sent", "error_of", "is_sent_again", "rewind"]


class _Lines:
    """In place of ``Headers``."""

    __slots__ = ("raw",)

    def __init__(self, raw: list[Line]) -> None:
        self.raw = raw


class _Target:
    """In place of ``URL``."""

    __slots__ = ("port", "raw_host", "raw_path", "raw_scheme")

    def __init__(self, raw_scheme: bytes, raw_host: bytes, port: int | None, raw_path: bytes) -> None:
        self.raw_scheme = raw_scheme
        self.raw_host = raw_host
        self.port = port
        self.raw_path = raw_path


class Sent:
    """In place of ``Request``: what a transport reads of one.

    Args:
        address: where to connect, ``10.0.0.7:9080``; None: the transport has a unix socket.
        target: of the request line.
    """

    __slots__ = ("extensions", "headers", "method", "stream", "url")

    def __init__(
        self,
        method: str,
        address: str | None,
        target: bytes,
        lines: list[Line],
        stream: Any,
        extensions: Mapping[str, Any],
        *,
        secure: bool,
    ) -> None:
        host, port = (b"localhost", None) if address is None else _place_of(address)
        self.method = method
        self.url = _Target(b"https" if secure else b"http", host, port, target)
        self.headers = _Lines(lines)
        self.stream = stream
        self.extensions = extensions


@lru_cache(1024)
def _place_of(address: str) -> tuple[bytes, int | None]:
    """The host and the port of ``10.0.0.7:9080``, ``[::1]:80``."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    return host.encode("ascii" if host.isascii() else "idna"), int(port) if port else None


#: Of a request: where the file was at first that its body is read from.
_POSITION = "meshcore.position"


def is_sent_again(stream: Any, *, at_once: bool) -> bool:
    """Whether a body that is no ``ByteStream`` can be sent by further attempts.

    Args:
        at_once: they may do so side by side, and cannot read one file then.
    """
    fields = getattr(stream, "fields", None)  # of a form, which reads its files from their beginnings
    if fields is None:
        return not at_once and position_of(getattr(stream, "_stream", None)) is not None
    files = [field.file for field in fields if hasattr(field, "file")]
    return all(isinstance(it, bytes | str) or (not at_once and position_of(it) is not None) for it in files)


def rewind(request: Any) -> None:
    """Have a body that is read from a file begin where it did at the first attempt, which this is or not."""
    file: Any = getattr(request.stream, "_stream", None)
    begin = request.extensions.get(_POSITION)
    if begin is not None:
        file.seek(begin)
    elif (position := position_of(file)) is not None:
        request.extensions = {**request.extensions, _POSITION: position}


def error_of(lib: Any, error: Exception) -> str | None:
    """The word of ``Decision.report()`` for a library's error; None: it is not about the endpoint."""
    if isinstance(error, lib.ConnectTimeout):
        return "connect-timeout"
    if isinstance(error, lib.ConnectError):
        return "connect-failure"
    if isinstance(error, lib.ReadError | lib.WriteError):
        return "reset"
    if isinstance(error, lib.RemoteProtocolError):
        ended = "disconnected" in str(error) or "peer closed" in str(error)
        return "reset" if ended else "protocol-error"
    if isinstance(error, lib.ReadTimeout | lib.WriteTimeout):
        return "per-try-timeout"
    return None
