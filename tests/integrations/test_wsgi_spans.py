"""Spans of what comes in by WSGI."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from mesh_support import active, rules, service
from opentelemetry.trace import SpanKind
from span_support import SPAN, TRACE, Kept, id_of, parent_of, tags_of, trace_of

import meshcore
from meshcore import load_text
from meshcore.context import current
from meshcore.integrations.wsgi import MeshMiddleware as WsgiMiddleware
from meshcore.mesh import Mesh

DENIED = f"{TRACE}-{SPAN}-0"
MOVED = "match: [{uri: {exact: /moved}}], redirect: {uri: /new}"
B3 = {"HTTP_B3": f"{TRACE}-{SPAN}-1", "HTTP_USER_AGENT": "me"}


def mesh_for(kept: Kept) -> Mesh:
    config = load_text(service("reviews", 1) + "\n---\n" + rules("reviews", MOVED))
    return Mesh(config, service="reviews", spans=kept.processor)


@pytest.fixture
def kept() -> Kept:
    return Kept()


def environ(path: str, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "PATH_INFO": path,
        "HTTP_HOST": "reviews:9080",
        "REMOTE_ADDR": "10.0.0.9",
        **more,
    }
    setup_testing_defaults(found)
    return found


def ask(app: Any, path: str, **more: Any) -> tuple[str, bytes]:
    """Ask a WSGI app as a server does."""
    status = ""

    def start_response(given: str, headers: list[tuple[str, str]], *error: Any) -> Any:
        nonlocal status
        status = given

    body = app(environ(path, **more), start_response)
    try:
        content = b"".join(body)
        return status, content
    finally:
        if hasattr(body, "close"):
            body.close()


def nobody(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    raise AssertionError("the app is called")


def test_what_is_sampled_is_reported(kept: Kept) -> None:
    seen, ended = [], []

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        found = meshcore.current()
        assert found is not None
        seen.append(found.span_id)
        start_response("404 Not Found", [("content-type", "text/plain")])
        yield b"no"
        ended.append(len(kept.spans))
        yield b"body"

    with mesh_for(kept) as mesh:
        middleware = WsgiMiddleware(app, mesh=mesh)
        assert ask(middleware, "/r/7", QUERY_STRING="a=b", **B3) == ("404 Not Found", b"nobody")
        assert ask(middleware, "/", HTTP_B3=DENIED)[1] == b"nobody"
        assert ask(middleware, "/moved", **B3)[0].startswith("301")
    assert ended == [0, 1]
    span, moved = kept.spans
    assert (span.kind, trace_of(span), parent_of(span)) == (SpanKind.SERVER, TRACE, SPAN)
    assert id_of(span) == seen[0]
    tags = tags_of(span)
    assert tags["http.url"] == "http://reviews:9080/r/7?a=b"
    assert (tags["http.status_code"], tags["response_size"], tags["user_agent"]) == ("404", "6", "me")
    assert tags["peer.address"] == "10.0.0.9"
    assert tags_of(moved)["http.status_code"] == "301"


def test_apps_that_fail(kept: Kept) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        raise RuntimeError("in the app")

    with mesh_for(kept) as mesh, pytest.raises(RuntimeError):
        ask(WsgiMiddleware(app, mesh=mesh), "/", **B3)
    assert tags_of(kept.only())["http.status_code"] == "500"


def test_clients_that_leave_and_apps_that_fail_late(kept: Kept) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        yield b"a"
        raise RuntimeError("late")

    with mesh_for(kept) as mesh:
        middleware = WsgiMiddleware(app, mesh=mesh)
        with pytest.raises(RuntimeError):
            ask(middleware, "/", **B3)
        body: Any = middleware(environ("/", **B3), lambda *head: lambda data: None)
        assert next(iter(body)) == b"a"
        body.close()
    late, left = [tags_of(it) for it in kept.spans]
    assert (late["http.status_code"], late["response_flags"], late["response_size"]) == ("200", "-", "1")
    assert (left["http.status_code"], left["response_flags"], left["response_size"]) == ("200", "DC", "1")


@pytest.mark.parametrize("came", ["9" * 300, "a\tb"])
def test_request_ids_that_cannot_go_on(kept: Kept, came: str) -> None:
    ids = []

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        context = current()
        assert context is not None
        ids.append(context.request_id)
        start_response("200 OK", [])
        return [b"a"]

    with mesh_for(kept) as mesh:
        assert ask(WsgiMiddleware(app, mesh=mesh), "/", **B3, HTTP_X_REQUEST_ID=came) == ("200 OK", b"a")
    assert len(ids[0]) == 36  # one of our own
    assert tags_of(kept.only())["guid:x-request-id"] == came


@pytest.mark.parametrize("length", ["\u00b2", "9" * 5000])
def test_lengths_that_are_no_numbers(kept: Kept, length: str) -> None:
    with mesh_for(kept) as mesh:
        status, _ = ask(WsgiMiddleware(nobody, mesh=mesh), "/", **B3, CONTENT_LENGTH=length)
        assert active(mesh) == 0
    assert (status, tags_of(kept.only())["request_size"]) == ("400 Bad Request", "0")


def test_a_target_is_told_as_it_came(kept: Kept) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        return [b"a"]

    with mesh_for(kept) as mesh:  # the path of a server that has made a text of it
        ask(WsgiMiddleware(app, mesh=mesh), "/\u20ac", RAW_URI="/%E2%82%AC", **B3)
    assert tags_of(kept.only())["url.path"] == "/%E2%82%AC"
