"""meshcore.integrations.wsgi: what reaches the app, what is answered, and that nothing is left over."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest
from mesh_support import REVIEWS, active, mesh_of, rules, service
from origins import origins, refused_port

from meshcore.context import current
from meshcore.integrations.wsgi import MeshMiddleware
from meshcore.mesh import Mesh

EDITED = (
    "match: [{uri: {prefix: /v1/}}], rewrite: {uri: /}, "
    "headers: {request: {add: {x-for-app: a}}, response: {add: {x-by-mesh: b}, remove: [x-app]}}, HERE"
)
MOVED = "match: [{uri: {exact: /moved}}], redirect: {uri: /new}"
ABORT = "match: [{uri: {exact: /abort}}], fault: {abort: {httpStatus: 418, percentage: {value: 100}}}, HERE"
AWAY = "match: [{uri: {prefix: /ratings}}], route: [{destination: {host: ratings}}]"


@dataclass
class Answer:
    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""


@dataclass
class App:
    """Answers 200, and keeps what it saw."""

    seen: list[dict[str, Any]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    before: Callable[[], object] = lambda: None
    while_sending: Callable[[], object] = lambda: None
    closed: int = 0

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        self.seen.append(environ)
        self.bodies.append(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        self.before()
        start_response("200 OK", [("x-app", "1"), ("Content-Type", "text/plain")])
        app = self

        class Body:
            def __iter__(self) -> Iterator[bytes]:
                yield b"app "
                app.while_sending()
                yield b"body"

            def close(self) -> None:
                app.closed += 1

        return Body()


def call(
    app: Any,
    path: str,
    *,
    host: str = "reviews:9080",
    body: bytes = b"",
    typed: bool = True,
    **environ: Any,
) -> Answer:
    """Call an app as a server would, which the validator of the standard library watches. It wants each
    answer to have a type; ``typed`` False: there is none to be had."""
    answer = Answer()

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        answer.status, answer.headers = int(status[:3]), headers
        return lambda data: None

    raw, _, query = path.partition("?")
    given = {
        "REQUEST_METHOD": "POST" if body else "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": raw,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "10.0.0.9",
        "REMOTE_PORT": "4711",
        "HTTP_HOST": host,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        **({"CONTENT_LENGTH": str(len(body))} if body else {}),
        **environ,
    }
    result = (validator(app) if typed else app)(given, start_response)
    try:
        answer.body = b"".join(result)
    finally:
        if typed:
            result.close()
    return answer


def mesh_for(*more: str) -> Mesh:
    return mesh_of(service("reviews", 1), rules("reviews", EDITED, MOVED, ABORT, *more))


def test_the_app_gets_what_is_routed_to_it() -> None:
    app = App()
    with mesh_for() as mesh:
        app.while_sending = lambda: held.append(active(mesh))
        held: list[int] = []
        answer = call(MeshMiddleware(app, mesh=mesh), "/reviews/7?a=b", body=b"given")
        assert (answer.status, answer.body) == (200, b"app body")
        assert ("x-app", "1") in answer.headers
        assert (app.seen[0]["PATH_INFO"], app.seen[0]["QUERY_STRING"]) == ("/reviews/7", "a=b")
        assert app.bodies == [b"given"]
        assert held == [1]
        assert active(mesh) == 0
        assert app.closed == 1
        assert dict(mesh.requests.total()) == {(REVIEWS, 200, ""): 1}


def test_a_closed_mesh_is_told() -> None:
    mesh = mesh_for()
    mesh.close()
    with pytest.raises(RuntimeError, match="this mesh is closed"):
        call(MeshMiddleware(App(), mesh=mesh), "/reviews/7")


@pytest.mark.parametrize("port", ["4711", 4711, "", None])
def test_a_server_tells_the_clients_port_in_its_own_way(port: object) -> None:
    environ: dict[str, Any] = {"HTTP_HOST": "reviews:9080", "REMOTE_PORT": port}  # Werkzeug's is a number
    setup_testing_defaults(environ)
    with mesh_for() as mesh:
        assert b"".join(MeshMiddleware(App(), mesh=mesh)(environ, lambda *_: print)) == b"app body"


def test_the_route_edits_what_the_app_and_the_client_see() -> None:
    app = App()
    with mesh_for() as mesh:
        answer = call(MeshMiddleware(app, mesh=mesh), "/v1/\xc3\xa4?c=d")
    seen = app.seen[0]
    assert (seen["PATH_INFO"], seen["QUERY_STRING"]) == ("/\xc3\xa4", "c=d")
    assert seen["HTTP_X_FOR_APP"] == "a"
    assert seen["HTTP_HOST"] == "reviews:9080"
    assert ("x-by-mesh", "b") in answer.headers
    assert "x-app" not in dict(answer.headers)


def test_an_app_that_is_mounted_keeps_its_place() -> None:
    app = App()
    with mesh_for() as mesh:
        call(MeshMiddleware(app, mesh=mesh), "/a", SCRIPT_NAME="/mounted", RAW_URI="/mounted/a")
    assert (app.seen[0]["SCRIPT_NAME"], app.seen[0]["PATH_INFO"]) == ("/mounted", "/a")


@pytest.mark.parametrize(("path", "status"), [("/moved", 301), ("/abort", 418)])
def test_what_the_mesh_answers_does_not_reach_the_app(path: str, status: int) -> None:
    app = App()
    with mesh_for() as mesh:
        answer = call(MeshMiddleware(app, mesh=mesh), path, typed=status != 301)
        assert answer.status == status
        assert app.seen == []
        assert active(mesh) == 0


def test_a_caller_in_the_mesh_has_applied_the_routes() -> None:
    app = App()
    with mesh_for() as mesh:
        answer = call(MeshMiddleware(app, mesh=mesh), "/abort", HTTP_X_MESHCORE_CALLER="productpage")
    assert answer.status == 200


@pytest.mark.parametrize(("address", "status"), [("10.0.0.9", 200), ("8.8.8.8", 418)])
def test_whoever_says_from_elsewhere_that_it_is_in_the_mesh_is_not_believed(
    address: str, status: int
) -> None:
    with mesh_for() as mesh:
        middleware = MeshMiddleware(App(), mesh=mesh)
        said = {"HTTP_X_MESHCORE_CALLER": "productpage", "REMOTE_ADDR": address}
        assert call(middleware, "/abort", typed=False, **said).status == status


def test_nobody_forwards_in_circles_for_ever_who_does_not_believe_the_others() -> None:
    documents = service("reviews", 1), service("ratings", refused_port()), rules("reviews", AWAY)
    with mesh_of(*documents) as mesh:
        middleware = MeshMiddleware(App(), mesh=mesh)
        for marks, status in ((8, 503), (9, 508)):
            said = {"HTTP_X_MESHCORE_CALLER": ",".join(["reviews"] * marks), "REMOTE_ADDR": "8.8.8.8"}
            assert call(middleware, "/ratings/7", **said).status == status
        assert active(mesh) == 0


def test_hosts_that_the_configuration_does_not_know_reach_the_app() -> None:
    with mesh_for() as mesh:
        assert call(MeshMiddleware(App(), mesh=mesh), "/healthz", host="10.0.0.5:8000").status == 200


def test_the_context_holds_while_the_app_works_and_sends() -> None:
    found: list[str] = []

    def look() -> None:
        context = current()
        assert context is not None
        found.append(context.request_id)

    with mesh_for() as mesh:
        app = App(before=look, while_sending=look)
        call(MeshMiddleware(app, mesh=mesh), "/", HTTP_X_REQUEST_ID="id-1")
    assert found == ["id-1"] * 2
    assert current() is None


@pytest.mark.parametrize("when", ["before", "while_sending"])
def test_an_app_that_raises_gives_back_what_it_had(when: str) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    app = App()
    setattr(app, when, fail)
    with mesh_for() as mesh:
        with pytest.raises(ZeroDivisionError):
            call(MeshMiddleware(app, mesh=mesh), "/")
        assert active(mesh) == 0
        status = 500 if when == "before" else 200
        assert dict(mesh.requests.total()) == {(REVIEWS, status, ""): 1}
    assert current() is None


def test_what_is_for_another_service_is_forwarded() -> None:
    pytest.importorskip("httpx")
    app = App()
    with (
        origins(1) as (ratings,),
        mesh_of(service("reviews", 1), service("ratings", ratings.port), rules("reviews", AWAY)) as mesh,
    ):
        middleware = MeshMiddleware(app, mesh=mesh)
        for body in (b"given", b"x" * 200_000):
            answer = call(middleware, "/ratings/7?a=b", body=body)
            assert answer.status == 200
            assert (ratings.seen[-1]["path"], ratings.seen[-1]["body"]) == ("/ratings/7?a=b", body.decode())
            assert ratings.seen[-1]["headers"]["x-meshcore-caller"] == "reviews"  # who gets it answers it
        assert active(mesh) == 0
    assert app.seen == []


def test_another_service_that_is_not_there_answers_503() -> None:
    pytest.importorskip("httpx")
    with mesh_of(service("reviews", 1), service("ratings", refused_port()), rules("reviews", AWAY)) as mesh:
        answer = call(MeshMiddleware(App(), mesh=mesh), "/ratings/7")
        assert answer.status == 503
        assert b"upstream connect error" in answer.body
        assert active(mesh) == 0


def test_another_service_that_is_too_slow_answers_504() -> None:
    pytest.importorskip("httpx")
    slow = f"timeout: 0.05s, retries: {{attempts: 0}}, {AWAY}"
    with (
        origins(1) as (ratings,),
        mesh_of(service("reviews", 1), service("ratings", ratings.port), rules("reviews", slow)) as mesh,
    ):
        ratings.hold = threading.Event()
        answer = call(MeshMiddleware(App(), mesh=mesh), "/ratings/7")
        ratings.hold.set()
        assert (answer.status, answer.body) == (504, b"upstream request timeout")
        assert active(mesh) == 0


def test_a_body_that_is_shorter_than_said_is_refused() -> None:
    pytest.importorskip("httpx")
    with (
        origins(1) as (ratings,),
        mesh_of(service("reviews", 1), service("ratings", ratings.port), rules("reviews", AWAY)) as mesh,
    ):
        middleware = MeshMiddleware(App(), mesh=mesh)
        assert call(middleware, "/ratings/7", body=b"abc", CONTENT_LENGTH="30").status == 400
        assert call(middleware, "/ratings/7", HTTP_CONTENT_LENGTH="30", typed=False).status == 200
        assert [seen["headers"].get("content-length") for seen in ratings.seen] == [None]
        assert active(mesh) == 0


def test_what_is_forwarded_goes_out_as_it_was_decided() -> None:
    pytest.importorskip("httpx")
    with (
        origins(1) as (ratings,),
        mesh_of(service("reviews", 1), service("ratings", ratings.port), rules("reviews", AWAY)) as mesh,
    ):
        answer = call(
            MeshMiddleware(App(), mesh=mesh),
            "/ratings/x",
            RAW_URI="/ratings/a%7Cb",
            HTTP_X_A="\xff",
            **{"wsgi.input_terminated": True},
        )
        assert answer.status == 200
        assert ratings.seen[0]["path"] == "/ratings/a%7Cb"
        assert ratings.seen[0]["headers"]["x-a"] == "\xff"
        assert "transfer-encoding" not in ratings.seen[0]["headers"]


def test_a_caller_in_the_mesh_has_waited_for_a_delay() -> None:
    delay = (
        "match: [{uri: {exact: /late}}], fault: {delay: {fixedDelay: 60s, percentage: {value: 100}}}, HERE"
    )
    with mesh_for(delay) as mesh:
        answer = call(MeshMiddleware(App(), mesh=mesh), "/late", HTTP_X_MESHCORE_CALLER="productpage")
    assert answer.status == 200


LIMITS = """
apiVersion: meshcore/v1
kind: RateLimits
rules:
- {name: all, rate: 1/hour}
"""


def test_limits_alone_let_the_app_answer_what_they_allow() -> None:
    app = App()
    with mesh_of(LIMITS) as mesh:
        middleware = MeshMiddleware(app, mesh=mesh)
        assert [call(middleware, "/a", host="any.example").status for _ in range(2)] == [200, 429]
    assert len(app.seen) == 1


def test_limits_alone_tell_of_themselves() -> None:
    lines = {"x-ratelimit-limit": "1", "x-ratelimit-remaining": "0", "ratelimit-policy": '"all";q=1;w=3600'}
    with mesh_of(LIMITS + "headers: [ratelimit, x-ratelimit]\n") as mesh:
        middleware = MeshMiddleware(App(), mesh=mesh)
        for status in (200, 429):
            answer = call(middleware, "/a", host="any.example")
            told = dict(answer.headers)
            assert answer.status == status
            assert lines.items() <= told.items()
            assert told["ratelimit"].startswith('"all";r=0;t=')


def test_what_no_limit_has_seen_is_not_for_the_app() -> None:
    app = App()
    with mesh_of(LIMITS) as mesh:
        answer = call(MeshMiddleware(app, mesh=mesh), "/a", host="any.example", HTTP_X_LARGE="v" * 100_000)
    assert answer.status == 431
    assert not app.seen
