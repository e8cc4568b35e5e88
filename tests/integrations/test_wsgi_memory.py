"""meshcore.integrations.wsgi: however a request ends, nothing of it stays in memory."""

from __future__ import annotations

import contextlib
import gc
import sys
from collections.abc import Callable, Iterator
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from mesh_support import active, mesh_of, rules, service

from meshcore.context import current
from meshcore.integrations.wsgi import MeshMiddleware

TIMES = 400
EDITED = (
    "match: [{uri: {prefix: /edited}}], rewrite: {uri: /}, "
    "headers: {request: {add: {x-for-app: a}}, response: {add: {x-by-mesh: b}}}, HERE"
)
ABORT = "match: [{uri: {exact: /abort}}], fault: {abort: {httpStatus: 418, percentage: {value: 100}}}, HERE"


def whole(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    context = current()
    assert context is not None
    assert context.inject({})
    start_response("200 OK", [("x-app", "1")])
    return [b"a"]


def streams(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    start_response("200 OK", [("x-app", "1")])
    yield b"a"
    yield b"b"


def fails(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    start_response("200 OK", [("x-app", "1")])
    yield b"a"
    raise ZeroDivisionError


def fails_at_once(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    raise ZeroDivisionError


def read(body: Any) -> None:
    with contextlib.suppress(ZeroDivisionError):
        for _ in body:
            pass
    if hasattr(body, "close"):
        body.close()


def closed(body: Any) -> None:
    next(body)
    body.close()


def dropped(body: Any) -> None:
    next(body)


@pytest.mark.parametrize(
    ("app", "path", "ends"),
    [
        (whole, "/", read),
        (whole, "/edited", read),
        (whole, "/abort", read),
        (streams, "/edited", read),
        (streams, "/edited", closed),
        (streams, "/edited", dropped),
        (fails, "/edited", read),
        (fails, "/", dropped),
        (fails_at_once, "/edited", read),
    ],
)
def test_nothing_of_a_request_stays(app: Any, path: str, ends: Callable[[Any], None]) -> None:
    mesh = mesh_of(service("reviews", 1), rules("reviews", EDITED, ABORT))
    middleware = MeshMiddleware(app, mesh=mesh)

    def start_response(status: str, headers: Any, exc_info: Any = None) -> Any:
        return None

    def some(times: int) -> int:
        for number in range(times):
            environ: dict[str, Any] = {
                "PATH_INFO": path,
                "HTTP_HOST": "reviews:9080",
                f"HTTP_X_MADE_UP_{number}": str(number),
            }
            setup_testing_defaults(environ)
            with contextlib.suppress(ZeroDivisionError):
                ends(middleware(environ, start_response))
        gc.collect()
        return sys.getallocatedblocks()

    gc.freeze()  # what the other tests have left does not have to be looked through
    try:
        some(TIMES)  # pools fill
        before = some(TIMES)
        # What a request leaves is at least one block; the interpreter's own pools come and go by less.
        assert some(TIMES) - before < TIMES // 2
    finally:
        gc.unfreeze()
    assert active(mesh) == 0
    assert current() is None
    mesh.close()
