"""The client's side: aiohttp's server, made to pass every byte of a header on and to add none.

aiohttp parses (llhttp, strict) and keeps the connection; what is ours is the status line, the
framing of the answer and the answers to what cannot be parsed.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterable
from email.utils import formatdate
from http import HTTPStatus
from typing import Any

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import HttpVersion11, StreamWriter
from aiohttp.http_exceptions import LineTooLong
from multidict import CIMultiDict

from meshcore.proxy.options import ProxyOptions
from meshcore.proxy.pacing import Pace
from meshcore.upstream.replies import CODEC_ERROR, HEAD_TOO_LARGE, Reply

__all__ = ["Answer", "DownstreamServer", "http_date", "send_continue", "text"]

#: Refused requests are counted and logged as requests; aiohttp's own tracebacks of them go nowhere.
_silent = logging.getLogger("meshcore.proxy.downstream")
_silent.addHandler(logging.NullHandler())
_silent.propagate = False

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def text(value: bytes) -> str:
    """Header bytes as str, such that ``HeaderWriter`` writes the same bytes again."""
    return value.decode("utf-8", "surrogateescape")


class HeaderWriter(StreamWriter):
    """Writes header values that are no UTF-8 as they came; aiohttp's serialiser drops such bytes."""

    async def write_headers(self, status_line: str, headers: CIMultiDict[str]) -> None:
        if not ("".join(headers.values()).isascii() and status_line.isascii()):
            lines = [status_line, *(f"{name}: {value}" for name, value in headers.items())]
            if any(_CONTROL.search(line) for line in lines):
                raise ValueError("a header line holds a control character")
            self._write("\r\n".join([*lines, "\r\n"]).encode("utf-8", "surrogateescape"))
            return
        await super().write_headers(status_line, headers)


class Answer(web.StreamResponse):
    """A streamed answer whose head is exactly the lines given.

    Hop-by-hop lines and the framing are added here: Content-Length where the lines have one, else
    chunked, else (HTTP/1.0) the end of the connection.
    """

    def __init__(
        self, status: int, headers: Iterable[tuple[str, str]], *, reason: str = "", body: bytes = b""
    ) -> None:
        super().__init__(status=status, reason=reason or _reason(status), headers=CIMultiDict(headers))
        self.close = False  #: the client's connection ends with this answer
        self.sent = 0  #: bytes of the body
        self.pace: Pace | None = None  #: of the body; None: as fast as it goes
        self._last = body
        self._writer: AbstractStreamWriter | None = None
        self._bodiless = False
        self._finished = False

    @property
    def prepared(self) -> bool:
        return self._writer is not None

    @property
    def keep_alive(self) -> bool | None:
        return not self.close

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        if self._writer is not None:
            return None
        writer = self._writer = request.writer
        headers = self.headers
        self.close = self.close or not request.keep_alive
        bodiless = self._bodiless = request.method == "HEAD" or self.status in (204, 304) or self.status < 200
        if self.status < 200 or self.status == 204:
            headers.popall("Content-Length", None)
        if self.status == 101:
            self.close = True  # the connection ends with the tunnel; the head says Upgrade, not close
        elif "Content-Length" in headers or bodiless:
            writer.length = None if bodiless else int(headers["Content-Length"])
        elif request.version >= HttpVersion11:
            headers["Transfer-Encoding"] = "chunked"
            writer.enable_chunking()
        else:
            self.close = True
        if self.status != 101:
            if self.close:
                headers["Connection"] = "close"
            elif request.version < HttpVersion11:
                headers["Connection"] = "keep-alive"
        await writer.write_headers(f"HTTP/1.1 {self.status} {self.reason}", headers)
        return writer

    def flush_head(self) -> None:
        """Send the head now; otherwise it leaves with the first bytes of the body."""
        assert self._writer is not None
        self._writer.send_headers()

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        assert self._writer is not None
        if data and not self._bodiless:
            await self._write(data)

    async def _write(self, data: bytes | bytearray | memoryview) -> None:
        assert self._writer is not None
        if self.pace is None:
            self.sent += len(data)
            await self._writer.write(data)
            return
        async for piece in self.pace.pieces(data):
            self.flush_head()
            self.sent += len(piece)
            await self._writer.write(piece)

    async def write_eof(self, data: bytes = b"") -> None:
        if self._finished or self._writer is None:
            return
        self._finished = True
        data = b"" if self._bodiless else data or self._last
        if self.pace is not None:
            await self._write(data)
            data = b""
        self.sent += len(data)
        await self._writer.write_eof(data)

    async def write_through(self, data: bytes) -> None:
        """Write bytes of the protocol that the client's connection has changed to."""
        await self._write(data)

    def abandon(self, request: web.BaseRequest) -> None:
        """Cut the connection so that the client sees that the answer is not whole."""
        self._finished = True
        self.close = True
        if request.transport is not None:
            request.transport.abort()


class Connection(web.RequestHandler):
    """One client connection. Answers what cannot be parsed in the proxy's own way."""

    __slots__ = ()

    def close(self) -> None:
        """Close after the request under way, or now where there is none (aiohttp leaves that open)."""
        idle = self._waiter is not None and not self._waiter.done()
        super().close()
        if idle and self.transport is not None:
            self.transport.close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun; it cannot become another")
        too_large = isinstance(exc, LineTooLong) or "Too many headers" in (message or "")
        reply = HEAD_TOO_LARGE if too_large else CODEC_ERROR
        server = self._manager
        if isinstance(server, DownstreamServer):
            server.on_refused(request, reply)
        headers = [
            ("content-length", str(len(reply.body))),
            ("content-type", "text/plain"),
            ("date", http_date()),
        ]
        answer = Answer(reply.status, headers, body=reply.body)
        answer.close = True
        return answer


def send_continue(request: web.BaseRequest) -> None:
    """Tell the client to send its body."""
    if request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


def http_date() -> str:
    """The time now as Date has it."""
    return formatdate(usegmt=True)


class DownstreamServer(web.Server):
    """Makes a ``Connection`` for each client and hands its requests to ``handler``."""

    def __init__(
        self,
        handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        options: ProxyOptions,
        on_refused: Callable[[web.BaseRequest, Reply], None],
    ) -> None:
        super().__init__(handler, request_factory=self._request, handler_cancellation=True)
        self.on_refused = on_refused
        self._options: dict[str, Any] = {
            "keepalive_timeout": options.client_idle_timeout,
            "max_line_size": options.max_request_head,
            "max_field_size": options.max_request_head,
            "max_headers": options.max_headers,
            "read_bufsize": options.buffer_size,
            "auto_decompress": False,
            "access_log": None,
            "logger": _silent,
        }

    def __call__(self) -> web.RequestHandler:
        return Connection(self, loop=asyncio.get_running_loop(), **self._options)

    async def close_all(self) -> None:
        """End all connections, cancelling what they still serve."""
        # aiohttp waits twice as long as told before it cancels; draining is over by now.
        await self.shutdown(0.001)

    def _request(
        self, message: Any, payload: Any, protocol: web.RequestHandler, writer: object, task: Any
    ) -> web.BaseRequest:
        loop = asyncio.get_running_loop()
        return web.BaseRequest(message, payload, protocol, HeaderWriter(protocol, loop), task, loop)


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
