"""aiohttp's client in the mesh's terms: where it is to connect, and what its errors mean."""

from __future__ import annotations

import asyncio

import aiohttp
from yarl import URL

__all__ = ["failure_of", "url_of"]


def url_of(endpoint: str, target: str, *, secure: bool) -> URL:
    """The address, and the target as the path: so aiohttp writes it unchanged, query and all."""
    scheme = "https" if secure else "http"
    host, _, port = endpoint.rpartition(":")
    return URL.build(scheme=scheme, host=host.strip("[]"), port=int(port), path=target, encoded=True)


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
