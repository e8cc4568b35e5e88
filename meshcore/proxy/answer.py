"""The answer to a client: a head of exactly the lines given, and a body that is written as it comes."""

from __future__ import annotations

import contextlib
import time
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING

from meshcore.upstream.headers import Line, head_bytes

if TYPE_CHECKING:
    from meshcore.proxy.client import ClientConnection
    from meshcore.proxy.pacing import Pace
    from meshcore.proxy.request import Request

__all__ = ["Answer", "http_date", "status_line"]


class Answer:
    """A streamed answer.

    Hop-by-hop lines and the framing are added here: none where the lines have a Content-Length, else
    chunked, else (HTTP/1.0) the end of the connection.

    Args:
        status, lines: of its head.
        sized: among the lines is a Content-Length.
        reason: instead of the usual reason phrase.
    """

    __slots__ = (
        "_bodiless",
        "_chunked",
        "_connection",
        "_head",
        "close",
        "lines",
        "pace",
        "reason",
        "sent",
        "sized",
        "status",
    )

    def __init__(self, status: int, lines: list[Line], *, sized: bool, reason: bytes = b"") -> None:
        self.status = status
        self.lines = lines
        self.sized = sized
        self.reason = reason
        self.close = False  #: the client's connection ends with this answer
        self.sent = 0  #: bytes of the body
        self.pace: Pace | None = None  #: of the body; None: as fast as it goes
        self._connection: ClientConnection | None = None
        self._head = b""  # that has not been sent yet
        self._chunked = False
        self._bodiless = False

    def begin(self, request: Request) -> None:
        """Make the head. It leaves with the first bytes of the body, or by ``flush_head()``.

        Raises:
            ValueError: a control character is in it.
        """
        status, lines = self.status, self.lines
        old = request.version == "1.0"
        close = self.close or not request.keep_alive
        self._bodiless = request.method == "HEAD" or status in (204, 304) or status < 200
        if status == 101:
            close = True  # the connection ends with the tunnel; the head says Upgrade, not close
        else:
            if status < 200 or status == 204:
                lines = [line for line in lines if line[0].lower() != b"content-length"]
            elif not self._bodiless and not self.sized:
                self._chunked = not old
                close = close or old
                if not old:
                    lines = [*lines, (b"Transfer-Encoding", b"chunked")]
            if close:
                lines = [*lines, (b"Connection", b"close")]
            elif old:
                lines = [*lines, (b"Connection", b"keep-alive")]
        self._head = head_bytes(status_line(status, self.reason), lines)
        self.close = close
        self._connection = request.connection

    def flush_head(self) -> None:
        """Send the head now."""
        head, self._head = self._head, b""
        if head:
            assert self._connection is not None
            self._connection.write(head)

    async def write(self, data: bytes) -> None:
        """Send a part of the body; it waits while the client does not read.

        Raises:
            ConnectionError: the client has gone.
        """
        if data and not self._bodiless:
            await self.write_through(data)

    async def write_through(self, data: bytes) -> None:
        """The same, or bytes of the protocol that the client's connection has changed to."""
        if self.pace is None:
            await self._write(data)
            return
        async for piece in self.pace.pieces(data):
            await self._write(bytes(piece))

    async def _write(self, data: bytes) -> None:
        connection, head = self._connection, self._head
        assert connection is not None
        self._head = b""
        self.sent += len(data)
        if self._chunked:
            data = b"%b%x\r\n%b\r\n" % (head, len(data), data)
        elif head:
            data = head + data
        connection.write(data)
        if connection.full:
            await connection.drained()

    async def finish(self, data: bytes = b"") -> None:
        """Send the rest."""
        if self.pace is not None and data:
            await self.write(data)
            data = b""
        if self._bodiless:
            data = b""
        self.sent += len(data)
        head, self._head = self._head, b""
        if not self._chunked:
            data = head + data if head else data
        elif data:
            data = b"%b%x\r\n%b\r\n0\r\n\r\n" % (head, len(data), data)
        else:
            data = head + b"0\r\n\r\n"
        if data:
            connection = self._connection
            assert connection is not None
            connection.write(data)
            if connection.full:
                await connection.drained()

    def abandon(self, request: Request) -> None:
        """Cut the connection so that the client sees that the answer is not whole."""
        self.close = True
        request.connection.abort()


def http_date() -> bytes:
    """The time now as Date has it."""
    return _date(int(time.time()))


@lru_cache(maxsize=2)
def _date(seconds: int) -> bytes:
    return formatdate(seconds, usegmt=True).encode()


@lru_cache(maxsize=256)
def status_line(status: int, reason: bytes = b"") -> bytes:
    """``reason``: instead of the usual one."""
    with contextlib.suppress(ValueError):
        reason = reason or HTTPStatus(status).phrase.encode()
    return b"HTTP/1.1 %d %b" % (status, reason or b"Unknown")
