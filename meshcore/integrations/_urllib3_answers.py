"""urllib3's answers: what they hold while they are read, and interim ones that it takes for final."""

from __future__ import annotations

import functools
import http.client
import sys
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from meshcore.engine import Decision
from meshcore.integrations._outbound import is_late
from meshcore.integrations._spans import Closes
from meshcore.integrations._urllib3_reading import keep_time

__all__ = ["Head", "hold_until_read", "read_all", "skipping"]


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


def read_all(head: Head, decision: Decision, deadline: float | None) -> None:
    """Read the answer, which keeps its body, and close the decision.

    Raises:
        HTTPError: it breaks off, or takes too long.
    """
    try:
        _ = head.response.data
    except (ProtocolError, ReadTimeoutError) as error:
        _tell(decision, error, deadline)
        raise
    finally:
        decision.close()
        head.place.close()


def _tell(decision: Decision, error: BaseException | None, deadline: float | None) -> None:
    """Of an answer that ends before its end: whether it broke off, or the route's time is over."""
    if isinstance(error, ProtocolError):
        decision.report(error="protocol-error")
    elif isinstance(error, ReadTimeoutError) and is_late(deadline):
        decision.report(error="timeout")


def hold_until_read(head: Head, decision: Decision, deadline: float | None) -> None:
    """Close the decision when the answer has been read, or closed, which it is as it breaks off, too."""
    response = head.response
    in_chunk_size = False  # it is read just now: where that fails, urllib3 closes before it raises

    def over() -> None:
        _tell(decision, ProtocolError() if in_chunk_size else sys.exc_info()[1], deadline)
        decision.close()
        head.place.close()

    if response.closed or getattr(response, "_connection", None) is None:
        over()
        return
    release, close = response.release_conn, response.close
    chunk_size: Callable[[], object] | None = getattr(response, "_update_chunk_length", None)

    def released() -> None:
        over()
        release()

    def closed() -> None:
        over()
        close()

    def sized() -> None:
        nonlocal in_chunk_size
        in_chunk_size = True
        assert chunk_size is not None
        try:
            chunk_size()
        except TimeoutError:
            in_chunk_size = False  # nobody's fault
            raise
        in_chunk_size = False

    response.release_conn = released  # type: ignore[method-assign]
    response.close = closed  # type: ignore[method-assign]
    if chunk_size is not None:
        response._update_chunk_length = sized  # type: ignore[attr-defined]


class _FinalResponse(http.client.HTTPResponse):
    """Keeps to a point in time, and skips interim answers (103 Early Hints). http.client takes the first of
    them for the final one, which the next request over the connection would get."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        keep_time(self)

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
