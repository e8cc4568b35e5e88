"""Forwards requests that came to a WSGI app and are for another service."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import Any, ClassVar

from meshcore._tracers import Line
from meshcore.engine import Attempt, Decision
from meshcore.integrations._httpx import SyncTransport
from meshcore.integrations._httpx_answers import Held
from meshcore.integrations._inbound import goes_in_circles, may_be_copied
from meshcore.integrations._spans import Calling
from meshcore.integrations._traces import Naming
from meshcore.mesh import Mesh
from meshcore.upstream.framing import framed_answer
from meshcore.upstream.headers import end_to_end

try:
    import httpcore
    import httpx
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "forwarding to other services from WSGI needs httpx, which is missing; install it by: "
        "pip install httpx",
        name="httpx",
    ) from error

__all__ = ["Forwarder"]

_PIECE = 64 * 1024
#: Of a request: what becomes of its header lines.
_NAMED = "meshcore.named"
#: Of an answer: the header lines that the endpoint gave it.
_CAME = "meshcore.came"


class _Forwarding(SyncTransport):
    """Requests are somebody else's: header lines that are between them and us are left out."""

    _lib: ClassVar[Any] = httpx
    _core: ClassVar[Any] = httpcore

    def _lines(self, request: Any, decision: Decision, attempt: Attempt) -> list[Line]:
        lines: list[Line] = attempt.request_headers()
        named: Naming | None = request.extensions[_NAMED]
        if named is not None:
            lines = named(lines)
        return [*end_to_end(lines), self._out.mark]  # what clients send is marked since it was decided

    def _theirs(self, decision: Decision, head: Held, spans: Calling | None) -> Any:
        response = super()._theirs(decision, head, spans)
        response.extensions[_CAME] = head.headers
        return response

    def _mirror(self, request: Any, decision: Decision) -> None:
        if may_be_copied(request.headers.raw):
            super()._mirror(request, decision)


class Forwarder:
    """The way to other services. Used by any number of threads."""

    def __init__(self, mesh: Mesh) -> None:
        self._transport = _Forwarding(mesh)

    def forward(
        self,
        decision: Decision,
        environ: dict[str, Any],
        headers: list[tuple[bytes, bytes]],
        start_response: Callable[..., object],
        named: Naming | None,
    ) -> Iterable[bytes]:
        """Send the request to its endpoint, and the answer back.

        Args:
            named: makes the endpoint's header lines of those that it would get; None: they stay.
        """
        from meshcore.integrations.wsgi import status_line

        def refuse(status: HTTPStatus) -> Iterable[bytes]:
            start_response(status_line(status), [("content-type", "text/plain")])
            decision.close()
            return [status.phrase.encode()]

        if goes_in_circles(headers):
            return refuse(HTTPStatus.LOOP_DETECTED)
        try:
            body = _body(environ)
            request = httpx.Request(
                decision.method,
                "http://forwarded",
                headers=headers,
                content=body,
                extensions={_NAMED: named},
            )
            response: httpx.Response = self._transport.answer(request, decision)
        except _ShortBodyError:
            return refuse(HTTPStatus.BAD_REQUEST)
        except httpx.TransportError:
            lines = [("content-type", "text/plain")]
            start_response(status_line(decision.status or 503), lines)
            decision.close()
            return [decision.body]
        passing = framed_answer(end_to_end(response.headers.raw), response.extensions.get(_CAME, ()))
        told = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in passing]
        start_response(status_line(response.status_code), told)
        return _Answer(response)


class _ShortBodyError(Exception):
    """The client has sent less than it said."""


def _body(environ: dict[str, Any]) -> bytes | Iterator[bytes] | None:
    """The request's body: small ones as a whole, since those can be sent again.

    Raises:
        _ShortBodyError: where it ends too early, for a large one while it is read.
    """
    source = environ["wsgi.input"]
    if environ.get("CONTENT_LENGTH"):
        length = int(environ["CONTENT_LENGTH"])
        pieces = _pieces(source, length)
        return b"".join(pieces) if length <= _PIECE else pieces
    if environ.get("wsgi.input_terminated") and environ.get("HTTP_TRANSFER_ENCODING"):
        return _pieces(source, None)
    return None


def _pieces(source: Any, left: int | None) -> Iterator[bytes]:
    while left is None or left > 0:
        piece = source.read(_PIECE if left is None else min(_PIECE, left))
        if not piece:
            if left is not None:
                raise _ShortBodyError
            return
        if left is not None:
            left -= len(piece)
        yield piece


class _Answer:
    def __init__(self, response: httpx.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        if self._response.is_stream_consumed:  # an answer that the mesh gives by itself
            return iter([self._response.content])
        return iter(self._response.iter_raw())

    def close(self) -> None:
        self._response.close()
