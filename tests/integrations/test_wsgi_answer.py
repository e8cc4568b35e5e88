"""meshcore.integrations._wsgi_answer: to server and app it is as if it were not there, and it ends once."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from wsgiref.handlers import SimpleHandler
from wsgiref.util import FileWrapper, setup_testing_defaults

import pytest
from mesh_support import REVIEWS, active, mesh_of, rules, service

from meshcore.context import current
from meshcore.integrations._wsgi_answer import Answer
from meshcore.integrations.wsgi import MeshMiddleware
from meshcore.mesh import Mesh

EDITED = (
    "match: [{uri: {prefix: /edited}}], "
    "headers: {response: {add: {x-by-mesh: 'b\u00e4'}, remove: [x-app]}}, HERE"
)
HEAD = [("X-App", "1"), ("Content-Type", "text/plain")]
App = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Server(SimpleHandler):
    """wsgiref's, with a request and an answer in memory."""

    http_version = "1.1"
    server_software = ""

    def __init__(self, path: str, method: str) -> None:
        self.sent = io.BytesIO()
        self.errors = io.StringIO()
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "HTTP_HOST": "reviews:9080",
            "SERVER_PROTOCOL": "HTTP/1.1",
        }
        super().__init__(io.BytesIO(), self.sent, self.errors, environ)

    def finish_content(self) -> None:  # as servers do: no body follows this head
        if self.environ["REQUEST_METHOD"] == "HEAD":
            if not self.headers_sent:
                self.send_headers()
        else:
            super().finish_content()

    def finish_response(self) -> None:
        if self.environ["REQUEST_METHOD"] == "HEAD":
            self.send_headers()
            self.close()
        else:
            super().finish_response()


def serve(mesh: Mesh, app: App, path: str = "/", method: str = "GET") -> Server:
    """One request, by a server that is told nothing of the mesh."""
    server = Server(path, method)
    server.run(MeshMiddleware(app, mesh=mesh))
    return server


def head_of(server: Server) -> bytes:
    return server.sent.getvalue().partition(b"\r\n\r\n")[0]


def body_of(server: Server) -> bytes:
    return server.sent.getvalue().partition(b"\r\n\r\n")[2]


def called(app: App, mesh: Mesh, start_response: Any = lambda *_: print) -> Any:
    """What a middleware returns."""
    environ: dict[str, Any] = {"HTTP_HOST": "reviews:9080"}
    setup_testing_defaults(environ)
    return MeshMiddleware(app, mesh=mesh)(environ, start_response)


@pytest.fixture
def mesh() -> Iterator[Mesh]:
    with mesh_of(service("reviews", 1), rules("reviews", EDITED)) as made:
        yield made
        assert active(made) == 0
    assert current() is None


def counts(mesh: Mesh) -> dict[Any, int]:
    return dict(mesh.requests.total())


class Closing:
    """A body that tells how often it was closed, and for whom."""

    def __init__(self, *chunks: bytes) -> None:
        self.chunks = chunks
        self.closed: list[str] = []

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.chunks)

    def close(self) -> None:
        context = current()
        self.closed.append(context.cluster or "" if context else "nobody")


def around(body: Iterable[bytes]) -> App:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [*HEAD])
        return body

    return app


def test_only_a_middleware_makes_answers() -> None:
    with pytest.raises(TypeError, match="answers are what a middleware returns"):
        Answer()


# ------------------------------------------------------------------ bodies


def test_a_body_is_closed_once_for_its_request(mesh: Mesh) -> None:
    body = Closing(b"a", b"b")
    answer = called(around(body), mesh)
    assert list(answer) == [b"a", b"b"]
    assert (active(mesh), counts(mesh), body.closed) == (0, {(REVIEWS, 200, ""): 1}, [])
    answer.close()
    answer.close()
    assert body.closed == [REVIEWS]
    assert list(answer) == []
    assert counts(mesh) == {(REVIEWS, 200, ""): 1}


def test_a_server_may_close_a_body_early(mesh: Mesh) -> None:
    found: list[Any] = []

    def app(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [*HEAD])
        try:
            yield b"a"
            yield b"b"
        except GeneratorExit:
            found.append(current())
            raise

    answer = called(app, mesh)
    assert next(answer) == b"a"
    assert active(mesh) == 1
    answer.close()
    assert found[0].cluster == REVIEWS
    assert counts(mesh) == {(REVIEWS, 200, ""): 1}


def test_a_server_may_forget_to_close(mesh: Mesh) -> None:
    answer = called(around(Closing(b"a", b"b")), mesh)
    assert next(answer) == b"a"
    del answer
    assert (active(mesh), counts(mesh)) == (0, {(REVIEWS, 200, ""): 1})


def test_a_body_that_cannot_be_closed_gives_back_what_it_had(mesh: Mesh) -> None:
    body = Closing(b"a")
    body.close = lambda: 1 // 0  # type: ignore[method-assign,assign,return-value]
    answer = called(around(body), mesh)
    with pytest.raises(ZeroDivisionError):
        answer.close()
    assert (active(mesh), counts(mesh)) == (0, {(REVIEWS, 200, ""): 1})


def test_what_is_all_there_is_the_servers_own(mesh: Mesh) -> None:
    """So that it can tell a length, as wsgiref does."""
    for body in ([b"whole"], (b"whole",)):
        assert called(around(body), mesh) is body
        server = serve(mesh, around(body))
        assert b"Content-Length: 5" in head_of(server)
    assert counts(mesh) == {(REVIEWS, 200, ""): 4}


def test_other_lists_have_to_be_closed(mesh: Mesh) -> None:
    class Chunks(list[bytes]):
        closed = 0

        def close(self) -> None:
            self.closed += 1

    body = Chunks([b"a"])
    assert body_of(serve(mesh, around(body))) == b"a"
    assert body.closed == 1


def test_a_file_is_sent_and_closed(mesh: Mesh) -> None:
    file = io.BytesIO(b"x" * 20_000)

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [*HEAD])
        wrapper = environ["wsgi.file_wrapper"]
        assert wrapper is FileWrapper
        made: Iterable[bytes] = wrapper(file)
        return made

    server = serve(mesh, app)
    assert body_of(server) == b"x" * 20_000
    assert file.closed
    assert counts(mesh) == {(REVIEWS, 200, ""): 1}


def test_a_server_does_not_ask_for_the_body_of_a_head(mesh: Mesh) -> None:
    body = Closing(b"never")
    server = serve(mesh, around(body), "/edited", "HEAD")
    assert b"x-by-mesh" in head_of(server)
    assert (body_of(server), body.closed) == (b"", [REVIEWS])
    assert counts(mesh) == {(REVIEWS, 200, ""): 1}


def test_a_body_may_be_sent_by_another_thread(mesh: Mesh) -> None:
    found: list[str] = []

    def chunks() -> Iterator[bytes]:
        context = current()
        found.append(context.request_id if context else "nobody")
        yield b"a"

    answer = called(around(chunks()), mesh)
    got: list[bytes] = []
    for _ in range(2):
        thread = threading.Thread(target=lambda: got.extend(answer))
        thread.start()
        thread.join()
    answer.close()
    assert got == [b"a"]
    assert found[0] not in ("", "nobody")
    assert current() is None


# ------------------------------------------------------------------ start_response


def test_an_app_may_start_late(mesh: Mesh) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("201 Created", [*HEAD])
        yield b"late"

    server = serve(mesh, app, "/edited")
    assert head_of(server).startswith(b"HTTP/1.1 201 Created")
    assert b"x-by-mesh: b\xc3\xa4" in head_of(server)
    assert b"X-App" not in head_of(server)
    assert body_of(server) == b"late"
    assert counts(mesh) == {(REVIEWS, 201, ""): 1}


def test_an_app_that_fails_before_it_starts_is_a_500(mesh: Mesh) -> None:
    def late(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        raise ZeroDivisionError
        yield b""

    server = serve(mesh, late)
    assert head_of(server).startswith(b"HTTP/1.1 500 ")
    assert "ZeroDivisionError" in server.errors.getvalue()

    def at_once(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        raise ZeroDivisionError

    serve(mesh, at_once)
    assert counts(mesh) == {(REVIEWS, 500, ""): 2}


def test_whoever_ends_the_server_gets_through(mesh: Mesh) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        raise SystemExit

    with pytest.raises(SystemExit):
        called(app, mesh)
    assert counts(mesh) == {(REVIEWS, 0, ""): 1}


def test_an_app_that_never_starts_is_the_servers_concern(mesh: Mesh) -> None:
    server = serve(mesh, lambda environ, start_response: iter([b"a"]))
    assert "write() before start_response()" in server.errors.getvalue()
    assert counts(mesh) == {(REVIEWS, 0, ""): 1}


def test_a_head_that_was_not_sent_may_be_replaced(mesh: Mesh) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [*HEAD])
        try:
            raise ZeroDivisionError
        except ZeroDivisionError:
            start_response("502 Bad Gateway", [*HEAD], sys.exc_info())
        return [b"sorry"]

    server = serve(mesh, app, "/edited")
    assert head_of(server).startswith(b"HTTP/1.1 502 Bad Gateway")
    assert head_of(server).count(b"x-by-mesh") == 1
    assert counts(mesh) == {(REVIEWS, 502, ""): 1}


@pytest.mark.parametrize("path", ["/", "/edited"])
def test_a_head_that_was_sent_stands(mesh: Mesh, path: str) -> None:
    seen: list[BaseException] = []

    def app(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [*HEAD])
        yield b"begun"
        try:
            raise ZeroDivisionError
        except ZeroDivisionError:
            try:
                start_response("500 Oh", [*HEAD], exc_info=sys.exc_info())
            except ZeroDivisionError as error:
                seen.append(error)
                raise

    server = serve(mesh, app, path)
    assert head_of(server).startswith(b"HTTP/1.1 200 OK")
    assert body_of(server) == b"begun"
    assert len(seen) == 1
    assert counts(mesh) == {(REVIEWS, 200, ""): 1}


def test_a_second_head_without_a_reason_is_the_apps_error(mesh: Mesh) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [*HEAD])
        start_response("201 Created", [*HEAD])
        return []

    assert "Headers already set" in serve(mesh, app).errors.getvalue()
    assert counts(mesh) == {(REVIEWS, 200, ""): 1}


def test_the_writer_is_the_servers(mesh: Mesh) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        write = start_response("200 OK", [*HEAD])
        write(b"one ")
        write(b"two ")
        return [b"three"]

    server = serve(mesh, app, "/edited")
    assert b"x-by-mesh" in head_of(server)
    assert body_of(server) == b"one two three"


@pytest.mark.parametrize(
    ("status", "error"),
    [("OK", ValueError), ("", ValueError), ("99 Low", ValueError), ("1000", None), (200, TypeError)],
)
def test_a_status_that_is_none_is_the_apps_error(mesh: Mesh, status: Any, error: Any) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response(status, [])
        return []

    if error is None:  # its first three digits count, and the server has its own opinion
        called(app, mesh)
    else:
        with pytest.raises(error):
            called(app, mesh)
    assert sum(counts(mesh).values()) == 1


def test_lines_keep_their_bytes(mesh: Mesh) -> None:
    told: list[Any] = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", iter([("X-Name", "\xe4\xff"), ("x-app", "1")]))
        return []

    with mesh_of(service("reviews", 1), rules("reviews", EDITED.replace("/edited", "/"))) as edited:
        called(app, edited, lambda *given: told.append(given))
    assert told == [("200 OK", [("X-Name", "\xe4\xff"), ("x-by-mesh", "b\xc3\xa4")])]
    called(app, mesh, lambda *given: told.append(given))
    assert told[1] == ("200 OK", [("X-Name", "\xe4\xff"), ("x-app", "1")])


def test_an_app_may_start_when_all_is_over(mesh: Mesh) -> None:
    later: list[Any] = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        later.append(start_response)
        return []

    told: list[Any] = []
    called(app, mesh, lambda *given: told.append(given))
    later[0]("200 OK", [])
    assert told == [("200 OK", [])]
    assert counts(mesh) == {(REVIEWS, 0, ""): 1}


@pytest.mark.parametrize("path", ["/", "/edited"])
def test_an_app_that_forgets_its_body_is_told(mesh: Mesh, path: str) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", HEAD)

    environ: dict[str, Any] = {"PATH_INFO": path, "HTTP_HOST": "reviews:9080"}
    setup_testing_defaults(environ)
    with pytest.raises(TypeError, match="the app returned None"):
        MeshMiddleware(app, mesh=mesh)(environ, lambda *head: print)
    assert active(mesh) == 0
