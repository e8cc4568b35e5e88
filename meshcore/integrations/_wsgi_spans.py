"""The span of a request that comes to a WSGI app: told by what goes between the app and its server."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

from meshcore.context import RequestContext
from meshcore.engine import Decision
from meshcore.integrations._spans import server_span
from meshcore.mesh import Mesh
from meshcore.telemetry.request_spans import RequestSpan
from meshcore.telemetry.span_texts import Seen

__all__ = ["Watched", "watched"]

Environ = dict[str, Any]
StartResponse = Callable[..., Callable[[bytes], object]]


def watched(
    mesh: Mesh,
    decision: Decision,
    context: RequestContext,
    environ: Environ,
    headers: list[tuple[bytes, bytes]],
    start_response: StartResponse,
) -> Watched | None:
    """None: no span of the request is reported."""
    seen = Seen(
        environ["REQUEST_METHOD"],
        environ["wsgi.url_scheme"],
        environ.get("HTTP_HOST") or decision.authority,
        _target(environ),
        headers,
        environ.get("SERVER_PROTOCOL", "HTTP/1.1"),
        environ.get("REMOTE_ADDR") or "",
    )
    span = server_span(mesh, decision, context, seen)
    if span is None:
        return None
    length = str(environ.get("CONTENT_LENGTH") or "")
    # Not all that isdigit() is a number, and int() refuses very long ones: it is the client's word.
    span.received = int(length) if len(length) < 20 and length.isdecimal() else 0
    return Watched(span, start_response)


def _target(environ: Environ) -> str:
    """As it came, where the server tells."""
    if given := environ.get("RAW_URI") or environ.get("REQUEST_URI"):
        return str(given)
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    query = environ.get("QUERY_STRING")
    return quote(path.encode("latin-1")) + (f"?{query}" if query else "")


class Watched:
    """``start_response`` and the body of a request, whose span ends with the body.

    Args:
        start_response: the server's.
    """

    def __init__(self, span: RequestSpan, start_response: StartResponse) -> None:
        self._span = span
        self._start_response = start_response
        self._status = 0  #: 0: the answer has not begun
        self._sent = 0

    def start_response(
        self, status: str, headers: list[tuple[str, str]], *exc_info: Any
    ) -> Callable[[bytes], object]:
        write = self._start_response(status, headers, *exc_info)
        self._status = int(status[:3])
        return write

    def body(self, body: Iterable[bytes]) -> Iterable[bytes]:
        """What the server gets in place of the body."""
        if isinstance(body, list | tuple):  # all of it is there
            self._sent = sum(map(len, body))
            self.over(complete=True)
            return body
        return _Body(body, self)

    def sent(self, size: int) -> None:
        """So many bytes of a body that is made while it is sent."""
        self._sent += size

    def over(self, *, complete: bool) -> None:
        """Nothing more is going to be sent; not ``complete``: since the client has gone."""
        self._span.sent = self._sent
        self._span.end(self._status, None if complete else "DC")

    def failed(self, error: BaseException) -> None:
        """The app has raised an exception: where nothing has been sent, the server answers 500."""
        if isinstance(error, Exception):
            self._status = self._status or 500
        self.over(complete=isinstance(error, Exception))


class _Body:
    """A body whose span ends with it."""

    def __init__(self, body: Iterable[bytes], watched: Watched) -> None:
        self._body = body
        self._watched = watched
        self._pieces = iter(body)

    def __iter__(self) -> _Body:
        return self

    def __next__(self) -> bytes:
        try:
            piece = next(self._pieces)
        except StopIteration:
            self._watched.over(complete=True)
            raise
        except BaseException as error:
            self._watched.failed(error)
            raise
        self._watched.sent(len(piece))
        return piece

    def close(self) -> None:
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        finally:
            self._watched.over(complete=False)
