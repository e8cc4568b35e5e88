"""Points in time for httpcore, which gives each read of an answer the whole timeout anew.

An endpoint that sends a byte now and then would keep a thread for as long as it likes. A timeout comes
through to the network backend as it was given, so that it can bring its end along.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

__all__ = ["Until", "body_within", "keep_time", "within"]

_NAMES = ("connect", "read", "write", "pool")


class Until(float):
    """Seconds for each of several steps, all of which end at one time.

    Args:
        seconds: at most, of a step.
        end: of all, by ``time.monotonic()``.
    """

    __slots__ = ("end",)

    def __new__(cls, seconds: float, end: float) -> Until:
        made = super().__new__(cls, seconds)
        made.end = end
        return made

    end: float


def within(timeout: Mapping[str, float | None] | None, limit: float) -> dict[str, float | None]:
    """The client's own timeouts, none of them longer than the limit, which is for all together."""
    given, end = timeout or {}, time.monotonic() + limit
    return {
        name: Until(limit if (value := given.get(name)) is None else min(value, limit), end)
        for name in _NAMES
    }


def body_within(
    timeouts: dict[str, float | None], given: Mapping[str, float | None] | None, end: float | None
) -> None:
    """Have the answer's body read by the client's own timeout, until ``end``; None: any time."""
    own = (given or {}).get("read")
    if end is not None:
        own = Until(max(end - time.monotonic(), 0.0) if own is None else own, end)
    timeouts["read"] = own


def keep_time(transport: Any, core: Any) -> Any:
    """A transport, whose further connections keep to an ``Until``.

    Args:
        transport: the library's own.
        core: httpcore, or what has its names.
    """
    pool: Any = getattr(transport, "_pool", None)
    backend = getattr(pool, "_network_backend", None)
    if backend is not None:
        pool._network_backend = _Backend(backend, core)
    return transport


def _left(timeout: float | None, late: type[Exception]) -> float | None:
    if type(timeout) is not Until:
        return timeout
    left = timeout.end - time.monotonic()
    if left <= 0.0:
        raise late("timed out")
    return min(timeout, left)


class _Backend:
    """A network backend of httpcore."""

    def __init__(self, backend: Any, core: Any) -> None:
        self._backend = backend
        self._core = core

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, **options: Any) -> _Stream:
        left = _left(timeout, self._core.ConnectTimeout)
        return _Stream(self._backend.connect_tcp(host, port, timeout=left, **options), self._core)

    def connect_unix_socket(self, path: str, timeout: float | None = None, **options: Any) -> _Stream:
        left = _left(timeout, self._core.ConnectTimeout)
        return _Stream(self._backend.connect_unix_socket(path, timeout=left, **options), self._core)

    def sleep(self, seconds: float) -> None:
        self._backend.sleep(seconds)


class _Stream:
    """A connection of httpcore."""

    __slots__ = ("_core", "_stream", "close", "get_extra_info")

    def __init__(self, stream: Any, core: Any) -> None:
        self._stream = stream
        self._core = core
        self.close = stream.close
        self.get_extra_info = stream.get_extra_info

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        found: bytes = self._stream.read(max_bytes, _left(timeout, self._core.ReadTimeout))
        return found

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(timeout, self._core.WriteTimeout))

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> _Stream:
        left = _left(timeout, self._core.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._core)
