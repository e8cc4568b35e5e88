"""urllib3's answers: what they hold while they are read, and interim ones that it takes for final."""

from __future__ import annotations

import functools
import http.client
from http import HTTPStatus

import urllib3
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

from meshcore.engine import Decision
from meshcore.integrations._spans import Closes

__all__ = ["Head", "hold_until_read", "skipping"]


class Head:
    """The head of an answer."""

    def __init__(self, response: urllib3.BaseHTTPResponse, place: Closes) -> None:
        self.response = response
        self.place = place  #: at the endpoint, until the answer has been read
        self.status = response.status
        self.headers = list(response.headers.iteritems())

    def discard(self) -> None:
        self.response.close()
        self.place.close()


def hold_until_read(head: Head, decision: Decision) -> None:
    """Close the decision when the answer has been read, or closed."""
    response = head.response

    def over() -> None:
        decision.close()
        head.place.close()

    if response.closed or getattr(response, "_connection", None) is None:
        over()
        return
    release, close = response.release_conn, response.close

    def released() -> None:
        over()
        release()

    def closed() -> None:
        over()
        close()

    response.release_conn = released  # type: ignore[method-assign]
    response.close = closed  # type: ignore[method-assign]


class _FinalResponse(http.client.HTTPResponse):
    """Skips interim answers (103 Early Hints). http.client takes the first of them for the final one, which
    the next request over the connection would get."""

    def begin(self) -> None:
        super().begin()
        while 100 < self.status < 200 and self.status != HTTPStatus.SWITCHING_PROTOCOLS:
            self.headers = self.msg = None  # type: ignore[assignment]  # else it has begun
            super().begin()


@functools.cache
def _skipping_class(connection: type[HTTPConnection]) -> type[HTTPConnection]:
    return type(connection.__name__, (connection,), {"response_class": _FinalResponse})


def skipping(pool: HTTPConnectionPool) -> HTTPConnectionPool:
    """The pool, whose further connections skip interim answers."""
    if pool.ConnectionCls.response_class is not _FinalResponse:  # type: ignore[attr-defined]
        pool.ConnectionCls = _skipping_class(pool.ConnectionCls)
    return pool
