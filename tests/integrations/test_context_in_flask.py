"""The request is known wherever Flask does its work, a streamed answer's end included."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask, Response, stream_with_context
from mesh_support import mesh_of, service

from meshcore.context import bind, current
from meshcore.integrations.wsgi import MeshMiddleware

TRACE = "0af7651916cd43dd8448eb211c80319c"
HEADERS = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}

#: What the ends of streams and the ends of requests found.
noted: list[str] = []
app = Flask("reviews")
app.wsgi_app = MeshMiddleware(app.wsgi_app, mesh=mesh_of(service("reviews", 1)))  # type: ignore[method-assign]


def trace() -> str:
    context = current()
    return context.trace_id if context is not None else "none"


class Refused(Exception):
    pass


@app.get("/view")
def view() -> str:
    return trace()


@app.get("/pool")
def in_a_pool() -> str:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(bind(trace)).result()


@app.get("/refused")
def refuse() -> str:
    raise Refused


@app.errorhandler(Refused)
def refused(error: Exception) -> tuple[str, int]:
    return trace(), 403


def parts() -> Iterator[str]:
    try:
        for _ in range(2):
            yield f"{trace()},"
    finally:
        noted.append(trace())


@app.get("/stream")
def streamed() -> Response:
    return Response(parts())


@app.get("/stream/with")
def streamed_with_context() -> Response:
    return Response(stream_with_context(parts()))


@app.teardown_request
def over(error: BaseException | None) -> None:
    noted.append(trace())


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/view", TRACE),
        ("/pool", TRACE),
        ("/refused", TRACE),
        ("/stream", f"{TRACE},{TRACE},"),
        ("/stream/with", f"{TRACE},{TRACE},"),
    ],
)
def test_the_request_is_known(path: str, body: str) -> None:
    noted.clear()
    answer = app.test_client().get(path, headers=HEADERS, base_url="http://reviews:9080")
    assert answer.text == body
    assert set(noted) == {TRACE}
    assert current() is None


@pytest.mark.parametrize("path", ["/stream", "/stream/with"])
def test_the_request_is_known_when_its_client_went_away(path: str) -> None:
    noted.clear()
    answer = app.test_client().get(path, headers=HEADERS, base_url="http://reviews:9080", buffered=False)
    assert next(answer.response) == f"{TRACE},".encode()
    answer.close()
    assert set(noted) == {TRACE}
    assert len(noted) > 1  # the end of the stream, and of the request
    assert current() is None
