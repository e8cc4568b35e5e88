"""WSGI middleware: the mesh's decisions in front of an app (Flask, Django, Bottle).

Source: PEP 3333.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from meshcore.context import RequestContext, enter, leave
from meshcore.engine import Decision, Outcome
from meshcore.integrations._around import require_app, require_mesh
from meshcore.integrations._inbound import Inbound, lines_told
from meshcore.integrations._traces import Naming, naming
from meshcore.integrations._wsgi_answer import serve
from meshcore.integrations._wsgi_entry import Entry
from meshcore.integrations._wsgi_spans import watched
from meshcore.mesh import Mesh
from meshcore.upstream.framing import framed_answer

if TYPE_CHECKING:
    from meshcore.integrations._wsgi_forward import Forwarder

__all__ = ["MeshMiddleware"]

Environ = dict[str, Any]
StartResponse = Callable[..., Callable[[bytes], object]]
App = Callable[[Environ, StartResponse], Iterable[bytes]]

#: Bytes of a body that are read for mirrors before the app does.
_HELD = 64 * 1024


class MeshMiddleware(Entry):
    """Puts an app into the mesh.

        app.wsgi_app = MeshMiddleware(app.wsgi_app, mesh=mesh)   # Flask
        application = MeshMiddleware(application, mesh=mesh)     # anything that speaks WSGI

    It does what ``meshcore.integrations.asgi.MeshMiddleware`` does. The differences are WSGI's: a thread
    cannot be ended from outside, so that a route's timeout does not end the app (``current().deadline`` tells
    what is left); and forwarding to other services needs httpx. The mesh is started by the first request.

    Args:
        app: the app.
        mesh: the mesh of the process.
        service: which service the app is, where that is not ``mesh.service``.

    Raises:
        TypeError: the app is not of this kind, or the mesh none.
        ValueError: the app is in this mesh already.
    """

    def __init__(self, app: App, *, mesh: Mesh, service: str | None = None) -> None:
        require_mesh(mesh)
        require_app(app, mesh, MeshMiddleware, 2, "meshcore.integrations.asgi.MeshMiddleware")
        self._inbound = Inbound(mesh, service)
        super().__init__(app, self._inbound)
        self._forwarder: Forwarder | None = None

    def _aside(
        self,
        decision: Decision,
        headers: list[tuple[bytes, bytes]],
        environ: Environ,
        start_response: StartResponse,
        called: bool,
    ) -> Iterable[bytes]:
        """What takes more than to let the app answer."""
        context = RequestContext(headers, decision=decision)
        span = None
        if self.mesh.spans is not None:
            span = watched(self.mesh, decision, context, environ, headers, start_response)
            if span is not None:
                start_response = span.start_response
        token = enter(context)
        try:
            named = naming(context, decision, called=called, reported=span is not None)
            body = self._decided(decision, context, environ, headers, start_response, named, called=called)
            return body if span is None else span.body(body)
        except BaseException as error:
            if span is not None:
                span.failed(error)
            decision.close()
            raise
        finally:
            leave(token)

    def _decided(
        self,
        decision: Decision,
        context: RequestContext,
        environ: Environ,
        headers: list[tuple[bytes, bytes]],
        start_response: StartResponse,
        named: Naming | None,
        *,
        called: bool,
    ) -> Iterable[bytes]:
        """Do what was decided."""
        if decision.rate_limits and not called:  # else the caller has asked
            self.mesh.limits.ask(decision)
        if decision.delay:
            time.sleep(decision.delay)
            decision.end_delay()
        if self._inbound.for_app(decision, called=called):
            self._inbound.name(decision, called=called)
            if self._inbound.copies(decision, headers, called=called):
                self._mirror(decision, environ)
            if decision.outcome is not Outcome.FORWARD:  # no route leads to the app
                lines = lines_told(decision, tells_id=self.mesh.tells_request_id)
                start_response = _telling(lines, start_response)
            return serve(self, decision, context, environ, start_response, called, named)
        if decision.outcome is Outcome.FORWARD:
            return self._forward(decision, environ, headers, start_response, named)
        return self._answer(decision, start_response)

    def _forward(
        self,
        decision: Decision,
        environ: Environ,
        headers: list[tuple[bytes, bytes]],
        start_response: StartResponse,
        named: Naming | None,
    ) -> Iterable[bytes]:
        if self._forwarder is None:
            from meshcore.integrations._wsgi_forward import Forwarder

            self._forwarder = Forwarder(self.mesh)
        return self._forwarder.forward(decision, environ, headers, start_response, named)

    def _mirror(self, decision: Decision, environ: Environ) -> None:
        """Send copies of a request that the app answers, where its body is short enough to be read now."""
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if length > _HELD or environ.get("HTTP_TRANSFER_ENCODING"):
            self.mesh.mirrors.skip(decision)
            return
        body = environ["wsgi.input"].read(length) if length else b""
        environ["wsgi.input"] = io.BytesIO(body)
        if len(body) == length:  # else the client has left
            self.mesh.mirrors.send(decision, body or None)

    def _answer(self, decision: Decision, start_response: StartResponse) -> Iterable[bytes]:
        """What the decision itself answers."""
        body = decision.body
        lines = [
            (_text(name), _text(value)) for name, value in framed_answer(decision.response_headers(), ())
        ]
        lines.append(("content-length", str(len(body))))
        start_response(status_line(decision.status or 500), lines)
        self._count(decision, decision.status or 500)
        decision.close()
        return [body]

    def _count(self, decision: Decision, status: int) -> None:
        self.mesh.requests.count((decision.cluster or "", status, decision.flags))


def _telling(lines: list[tuple[bytes, bytes]], start_response: StartResponse) -> StartResponse:
    """``start_response`` for the app, which adds header lines to the answer."""
    if not lines:
        return start_response
    added = [(_text(name), _text(value)) for name, value in lines]

    def told(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Callable[[bytes], object]:
        return start_response(status, [*headers, *added], *exc_info)

    return told


def status_line(status: int) -> str:
    """Status and reason, as WSGI wants them."""
    from http import HTTPStatus

    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} Unknown"


def _text(line: bytes | str) -> str:
    return line if isinstance(line, str) else line.decode("latin-1")
