"""WSGI middleware: the mesh's decisions in front of an app (Flask, Django, Bottle).

Source: PEP 3333.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_to_bytes

from meshcore.context import RequestContext, activate, enter, leave
from meshcore.engine import Decision, Outcome
from meshcore.integrations._around import require_app, require_mesh
from meshcore.integrations._inbound import MARK, Inbound, limit_lines, port_of
from meshcore.mesh import Mesh

if TYPE_CHECKING:
    from meshcore.integrations._wsgi_forward import Forwarder

__all__ = ["MeshMiddleware"]

Environ = dict[str, Any]
StartResponse = Callable[..., Callable[[bytes], object]]
App = Callable[[Environ, StartResponse], Iterable[bytes]]

#: What CGI has variables of its own for: under these names come headers spelt with underscores.
_OWN_KEYS = ("CONTENT_TYPE", "CONTENT_LENGTH")
_NOT_HEADERS = frozenset({"HTTP_CONTENT_LENGTH", "HTTP_CONTENT_TYPE"})
#: Bytes of a body that are read for mirrors before the app does.
_HELD = 64 * 1024
_MARK = "HTTP_" + MARK.upper().replace("-", "_")


class MeshMiddleware:
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
        self.app = app
        self.mesh = mesh
        self._inbound = Inbound(mesh, service)
        self._forwarder: Forwarder | None = None

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        self.mesh.use()
        headers = _headers(environ)
        source = environ.get("REMOTE_ADDR")
        called = _MARK in environ and source in self.mesh.callers
        decision = self.mesh.engine.decide(
            environ["REQUEST_METHOD"],
            None,
            _target(environ),
            headers,
            scheme=environ["wsgi.url_scheme"],
            source=source,
            source_port=port_of(environ.get("REMOTE_PORT")),
            protocol=environ.get("SERVER_PROTOCOL", "HTTP/1.1"),
            inbound=called,
            served=self._inbound.own().served,
        )
        context = RequestContext(headers, decision=decision)
        token = enter(context)
        try:
            if decision.rate_limits and not called:  # else the caller has asked
                self.mesh.limits.ask(decision)
            if decision.delay:
                time.sleep(decision.delay)
                decision.end_delay()
            if self._inbound.for_app(decision, called=called):
                self._inbound.name(decision, called=called)
                if not called and self.mesh.view().mirrors and decision.mirrors:
                    self._mirror(decision, environ)
                if decision.outcome is not Outcome.FORWARD:  # no route leads to the app
                    return self._unrouted(decision, context, environ, start_response, called=called)
                return self._serve(decision, context, environ, start_response, edited=not called)
            if decision.outcome is Outcome.FORWARD:
                return self._forward(decision, environ, headers, start_response)
            return self._answer(decision, start_response)
        except BaseException:
            decision.close()
            raise
        finally:
            leave(token)

    def _serve(
        self,
        decision: Decision,
        context: RequestContext,
        environ: Environ,
        start_response: StartResponse,
        *,
        edited: bool,
    ) -> Iterable[bytes]:
        """Let the app answer."""
        head = _Head(decision, start_response, edited=edited)

        def over() -> None:
            self._count(decision, head.status)
            decision.close()

        try:
            return _Body(self.app(_edited(environ, decision) if edited else environ, head), context, over)
        except Exception:
            head.failed()
            self._count(decision, head.status)
            raise

    def _unrouted(
        self,
        decision: Decision,
        context: RequestContext,
        environ: Environ,
        start_response: StartResponse,
        *,
        called: bool,
    ) -> Iterable[bytes]:
        """Let the app answer as if there were no mesh. What the mesh sends is counted, as at a sidecar, whose
        inbound listener takes whatever comes."""
        head = _UnroutedHead(limit_lines(decision), start_response)

        def over() -> None:
            if called:
                self.mesh.requests.count((decision.cluster or "", head.status, ""))
            decision.close()

        try:
            return _Body(self.app(environ, head), context, over)
        except Exception:
            head.status = head.status or 500
            over()
            raise

    def _forward(
        self,
        decision: Decision,
        environ: Environ,
        headers: list[tuple[bytes, bytes]],
        start_response: StartResponse,
    ) -> Iterable[bytes]:
        if self._forwarder is None:
            from meshcore.integrations._wsgi_forward import Forwarder

            self._forwarder = Forwarder(self.mesh)
        return self._forwarder.forward(decision, environ, headers, start_response)

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
        lines = [(_text(name), _text(value)) for name, value in decision.response_headers()]
        lines.append(("content-length", str(len(body))))
        start_response(status_line(decision.status or 500), lines)
        self._count(decision, decision.status or 500)
        decision.close()
        return [body]

    def _count(self, decision: Decision, status: int) -> None:
        self.mesh.requests.count((decision.cluster or "", status, decision.flags))


class _UnroutedHead:
    """``start_response`` for the app, which adds header lines to the answer."""

    def __init__(self, lines: list[tuple[bytes, bytes]], start_response: StartResponse) -> None:
        self._added = [(_text(name), _text(value)) for name, value in lines]
        self._start_response = start_response
        self.status = 0  #: 0: the answer has not begun

    def __call__(
        self, status: str, headers: list[tuple[str, str]], *exc_info: Any
    ) -> Callable[[bytes], object]:
        self.status = int(status[:3])
        return self._start_response(status, [*headers, *self._added], *exc_info)


class _Head:
    """``start_response`` for the app: tells the decision of the answer's head, and edits that."""

    def __init__(self, decision: Decision, start_response: StartResponse, *, edited: bool) -> None:
        self._decision = decision
        self._start_response = start_response
        self._edited = edited
        self.status = 0  #: 0: the answer has not begun

    def __call__(
        self, status: str, headers: list[tuple[str, str]], *exc_info: Any
    ) -> Callable[[bytes], object]:
        self.status = number = int(status[:3])
        self._decision.report(status=number, headers=headers, replayable=False)
        if self._edited:
            lines = self._decision.response_headers(headers, status=number)
            if not headers:  # which do not tell that lines are texts here
                lines = [(_text(name), _text(value)) for name, value in lines]
            headers = lines
        return self._start_response(status, headers, *exc_info)

    def failed(self) -> None:
        """The app raised an exception: where nothing has been sent, the server answers 500."""
        if not self.status:
            self.status = 500
            self._decision.report(status=500, replayable=False)


class _Body:
    """The app's answer, made on behalf of its request; the server closes it when it has been sent, or cannot
    be."""

    def __init__(self, body: Iterable[bytes], context: RequestContext, over: Callable[[], object]) -> None:
        self._body = body
        self._context = context
        self._over: Callable[[], object] | None = over

    def __iter__(self) -> Iterator[bytes]:
        chunks = iter(self._body)
        while True:
            token = enter(self._context)
            try:
                chunk = next(chunks, None)
            finally:
                leave(token)
            if chunk is None:
                return
            yield chunk

    def close(self) -> None:
        over, self._over = self._over, None
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                with activate(self._context):  # where a generator that is closed early ends
                    close()
        finally:
            if over is not None:
                over()

    def __del__(self) -> None:  # a server that does not close what it was given holds no endpoint for ever
        if self._over is not None:
            self._over()


def status_line(status: int) -> str:
    """Status and reason, as WSGI wants them."""
    from http import HTTPStatus

    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} Unknown"


def _text(line: bytes | str) -> str:
    return line if isinstance(line, str) else line.decode("latin-1")


# Names of headers are few; what clients make up pushes out no more than what was made up before.
@lru_cache(maxsize=1024)
def _name_of(key: str) -> bytes:
    """The header that a key of the environ stands for."""
    return key.removeprefix("HTTP_").replace("_", "-").lower().encode("latin-1")


@lru_cache(maxsize=1024)
def _key_of(name: bytes) -> str:
    key = name.decode("latin-1").upper().replace("-", "_")
    return key if key in _OWN_KEYS else "HTTP_" + key


def _headers(environ: Environ) -> list[tuple[bytes, bytes]]:
    """Header lines, in the bytes that came; repeated ones have been joined by the server."""
    keys = [key for key in environ if key.startswith("HTTP_") and key not in _NOT_HEADERS]
    keys += [key for key in _OWN_KEYS if environ.get(key)]
    return [(_name_of(key), environ[key].encode("latin-1")) for key in keys]


def _target(environ: Environ) -> str:
    """The request target as it was received, where the server keeps it."""
    raw = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    if raw:
        return str(raw)
    path = quote((environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")).encode("latin-1"))
    query = environ.get("QUERY_STRING")
    return f"{path}?{query}" if query else path


def _edited(environ: Environ, decision: Decision) -> Environ:
    """The request as the route makes it."""
    edited = {key: value for key, value in environ.items() if not key.startswith("HTTP_")}
    edited["HTTP_HOST"] = decision.authority
    for name, line in decision.request_headers():
        key, value = _key_of(name), line.decode("latin-1")
        edited[key] = f"{edited[key]},{value}" if key in edited and key not in _OWN_KEYS else value
    path, _, query = decision.path.partition("?")
    script = environ.get("SCRIPT_NAME", "")
    plain = path.isascii() and "%" not in path
    whole = path if plain else unquote_to_bytes(path).decode("latin-1")
    edited["PATH_INFO"] = whole[len(script) :] if whole.startswith(script) else whole
    edited["QUERY_STRING"] = query
    for key in ("RAW_URI", "REQUEST_URI"):
        if key in edited:
            edited[key] = decision.path
    return edited
