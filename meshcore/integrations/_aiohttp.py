"""aiohttp's client in the mesh's terms: where it is to connect, and what its errors mean."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import lru_cache

import aiohttp
from aiohttp import hdrs
from yarl import URL

from meshcore.upstream.framing import framing_of

__all__ = ["failure_of", "framing", "name_attempt", "text_of", "url_of"]


def url_of(endpoint: str, target: str, *, secure: bool) -> URL:
    """The address, and the target as the path: so aiohttp writes it unchanged, query and all."""
    origin = _origin(endpoint, secure)
    if target.startswith("/"):
        return origin.with_path(target, encoded=True)
    assert origin.host is not None
    return URL.build(
        scheme=origin.scheme, host=origin.host, port=origin.port, path=target, encoded=True
    )  # "*"


@lru_cache(1024)
def _origin(endpoint: str, secure: bool) -> URL:
    host, _, port = endpoint.rpartition(":")
    return URL.build(scheme="https" if secure else "http", host=host.strip("[]"), port=int(port))


def text_of(value: bytes) -> str:
    """A header's value as aiohttp is to be given it, which writes UTF-8: so it goes out as it came."""
    try:
        return value.decode()
    except UnicodeDecodeError:  # of another one's request: no text goes out as these bytes
        return value.decode("latin-1")


def framing(headers: Mapping[str, str]) -> tuple[bytes | None, bytes | None]:
    """As ``framing_of()`` tells it of a session's request, whose headers are found by their names."""
    length, coding = headers.get(hdrs.CONTENT_LENGTH), headers.get(hdrs.TRANSFER_ENCODING)
    lines = [(b"content-length", length), (b"transfer-encoding", coding)]
    return framing_of([(name, value.encode()) for name, value in lines if value is not None])


def name_attempt(error: Exception, where: str) -> None:
    """Let an error's text say where the attempt went."""
    if isinstance(error, OSError) and error.strerror:
        error.strerror = f"{error.strerror} ({where})"
    elif isinstance(error, aiohttp.ClientResponseError):
        error.message = f"{error.message} ({where})"
    else:
        error.args = (f"{error} ({where})" if str(error) else where,)


def failure_of(error: BaseException) -> str:
    """How an attempt failed that aiohttp raised an error for, as the engine is told."""
    if isinstance(error, aiohttp.SocketTimeoutError):
        return "per-try-timeout"
    if isinstance(error, aiohttp.ServerTimeoutError | asyncio.TimeoutError):
        return "connect-timeout"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "connect-failure"
    if isinstance(error, aiohttp.ClientConnectionError):
        return "reset"
    return "protocol-error"
