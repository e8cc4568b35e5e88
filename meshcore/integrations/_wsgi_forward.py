"""Forwards requests that came to a WSGI app and are for another service."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from meshcore.engine import Decision
from meshcore.integrations._httpx import SyncCalls
from meshcore.mesh import Mesh

try:
    import httpx
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "forwarding to other services from WSGI needs httpx, which is missing; install it by: "
        "pip install 'meshcore-engine[httpx]'",
        name="httpx",
    ) from error

__all__ = ["Forwarder"]

_PIECE = 64 * 1024


class Forwarder:
    """The way to other services. Used by any number of threads."""

    def __init__(self, mesh: Mesh) -> None:
        self._calls = SyncCalls(httpx, mesh, httpx.HTTPTransport, {})

    def forward(
        self,
        decision: Decision,
        environ: dict[str, Any],
        headers: list[tuple[str, str]],
        start_response: Callable[..., object],
    ) -> Iterable[bytes]:
        """Send the request to its endpoint, and the answer back."""
        from meshcore.integrations.wsgi import status_line

        body = _body(environ)
        request = httpx.Request(
            decision.method,
            "http://forwarded",
            headers=headers if body is None or environ.get("CONTENT_LENGTH") else [*headers, _CHUNKED],
            content=body,
        )
        try:
            response: httpx.Response = self._calls.answer(request, decision)
        except httpx.TransportError:
            lines = [("content-type", "text/plain")]
            start_response(status_line(decision.status or 503), lines)
            decision.close()
            return [decision.body]
        start_response(status_line(response.status_code), _end_to_end(response.headers))
        return _Answer(response)


_CHUNKED = ("transfer-encoding", "chunked")
_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)


def _body(environ: dict[str, Any]) -> bytes | Iterator[bytes] | None:
    """The request's body: small ones as a whole, since those can be sent again."""
    length = environ.get("CONTENT_LENGTH")
    source = environ["wsgi.input"]
    if length:
        return source.read(int(length)) if int(length) <= _PIECE else _pieces(source, int(length))
    if environ.get("wsgi.input_terminated"):
        return _pieces(source, None)
    return None


def _pieces(source: Any, left: int | None) -> Iterator[bytes]:
    while left is None or left > 0:
        piece = source.read(_PIECE if left is None else min(_PIECE, left))
        if not piece:
            return
        if left is not None:
            left -= len(piece)
        yield piece


def _end_to_end(headers: httpx.Headers) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers.multi_items() if name.lower() not in _HOP_BY_HOP]


class _Answer:
    def __init__(self, response: httpx.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._response.iter_raw())

    def close(self) -> None:
        self._response.close()
