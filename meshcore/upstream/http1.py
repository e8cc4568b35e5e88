"""One connection to an endpoint: HTTP/1.1, one exchange after the other.

httptools (llhttp) parses. Lengths that are repeated or malformed, a Transfer-Encoding other than chunked or
beside a Content-Length, blanks in names and bare carriage returns end the exchange; control characters in
header values are let through, since the engine drops their lines.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

import httptools

from meshcore.upstream.headers import Line, closes, malformed, read_head
from meshcore.upstream.idle import Key
from meshcore.upstream.incoming import Incoming
from meshcore.upstream.messages import BrokenAnswer, RequestBody, Response
from meshcore.upstream.replies import PROTOCOL_ERROR, RESET, RESET_BEFORE_REQUEST, Reply, UpstreamError

__all__ = ["Http1Connection"]

#: Header lines of an answer.
MAX_LINES = 128


class Http1Connection(asyncio.BufferedProtocol):
    """See above.

    Args:
        key: what it is a connection to.
        buffer: to receive into, one for all connections of an event loop.
        over: called when it may carry another exchange.
        lost: called when it has ended.
        max_head: bytes of an answer's head.
        buffer_size: bytes of an answer's body to read ahead.
    """

    def __init__(
        self,
        key: Key,
        buffer: memoryview,
        over: Callable[[Http1Connection], None],
        lost: Callable[[Http1Connection], None],
        *,
        max_head: int,
        buffer_size: int,
    ) -> None:
        self.key = key
        self._buffer = buffer
        self._loop = asyncio.get_running_loop()
        self._over = over
        self._lost = lost
        self._max_head = max_head
        self._buffer_size = buffer_size
        self._transport: asyncio.Transport | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._response: Response | None = None  # that is under way
        self._begun: asyncio.Future[None] | None = None  # its head is there
        self._sending: asyncio.Task[None] | None = None  # of the request's body
        self._room: asyncio.Future[None] | None = None  # to write on, where there is none now
        self._full = False
        self._sent = False  # something of the request may have gone out
        self._bodiless = False  # the answer to HEAD
        self._until_close = False
        self._reusable = False
        self._switched = False  # to another protocol
        self._lines: list[Line] = []
        self._quiet = 0  # bytes since something was whole

    # ------------------------------------------------------------------ one exchange

    async def exchange(
        self, head: bytes, body: RequestBody | None, *, chunked: bool, bodiless: bool
    ) -> Response:
        """Send a request and wait for the answer's head.

        Raises:
            UpstreamError: where no answer came.
        """
        transport = self._transport
        if transport is None or transport.is_closing():
            raise UpstreamError(RESET_BEFORE_REQUEST)
        if self._parser is None:
            self._parser = httptools.HttpResponseParser(self)
            self._parser.set_dangerous_leniencies(
                lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
            )
        response = self._response = Response(self, Incoming(transport, self._buffer_size))
        self._bodiless = bodiless
        self._sent = body is None
        self._quiet = 0
        self._begun = self._loop.create_future()
        if body is None:
            transport.write(head)
        else:
            self._sending = self._loop.create_task(self._send(head, body, chunked))
        try:
            await self._begun
        except BaseException:
            self.abort()
            raise
        return response

    async def _send(self, head: bytes, body: RequestBody, chunked: bool) -> None:
        try:
            if not body.at_hand:
                head = await self._put(head)  # the endpoint may answer before it has seen any of the body
            while chunk := await body.chunks():
                if chunked:
                    chunk = b"%x\r\n%b\r\n" % (len(chunk), chunk)
                head = await self._put(head + chunk if head else chunk)
            await self._put(head + b"0\r\n\r\n" if chunked else head)
        except Exception as error:
            self._fail(RESET if self._sent else RESET_BEFORE_REQUEST, error)
            return
        self._sending = None
        if self._response is not None and self._response.content.complete:
            self._release()

    async def _put(self, data: bytes) -> bytes:
        """Write; b"" is left of it."""
        transport = self._transport
        assert transport is not None
        if transport.is_closing():
            raise ConnectionResetError
        self._sent = True
        transport.write(data)
        if self._full:
            self._room = self._loop.create_future()
            await self._room
        return b""

    async def write(self, data: bytes) -> None:
        """Send bytes of another protocol."""
        await self._put(data)

    def give_up(self, response: Response) -> None:
        if response is self._response:
            self.abort()

    def abort(self) -> None:
        """End at once."""
        if self._transport is not None:
            self._transport.abort()
        self._stop_sending()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    @property
    def closing(self) -> bool:
        return self._transport is None or self._transport.is_closing()

    def _release(self) -> None:
        """All of the answer has come, and all of the request has gone."""
        self._response = None
        if self._bodiless:
            self._parser = None  # it waits for a body
        if self._reusable and not self.closing:
            self._over(self)
        else:
            self.close()

    def _stop_sending(self) -> None:
        if self._sending is not None:
            self._sending.cancel()
            self._sending = None

    def _fail(self, reply: Reply, error: Exception | None = None) -> None:
        """The exchange has failed, where it is not over."""
        if self._begun is not None and not self._begun.done():
            failure = UpstreamError(reply)
            failure.__cause__ = error
            self._begun.set_exception(failure)
        elif self._response is not None:
            self._response.content.fail(BrokenAnswer(reply.details))
        self.abort()

    # ------------------------------------------------------------------ of the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self.received(self._buffer[:nbytes])

    def received(self, data: memoryview) -> None:
        """Take bytes that have come; they are gone afterwards."""
        response, parser = self._response, self._parser
        if response is None or parser is None:  # nobody asked
            self.abort()
        elif self._switched:
            response.content.feed(bytes(data))
        else:
            self._parse(parser, response, data)

    def _parse(self, parser: httptools.HttpResponseParser, response: Response, data: memoryview) -> None:
        self._quiet += len(data)
        try:
            parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgraded:
            rest = bytes(data[upgraded.args[0] :])
            if rest:
                response.content.feed(rest)
        except httptools.HttpParserError as error:
            self._reusable = False
            if not response.content.complete:
                self._fail(PROTOCOL_ERROR, error)
        if response.content.complete:
            if self._sending is None:
                self._release()
        elif (
            self._quiet > 2 * self._max_head
        ):  # so much for a line that has not ended, or for interim answers
            self._fail(PROTOCOL_ERROR)

    def connection_lost(self, error: Exception | None) -> None:
        response, self._response = self._response, None
        self._lost(self)
        if self._room is not None and not self._room.done():
            self._room.set_exception(ConnectionResetError())
        if response is None:
            pass
        elif not response.status:
            if self._begun is not None and not self._begun.done():
                self._begun.set_exception(UpstreamError(RESET if self._sent else RESET_BEFORE_REQUEST))
        elif self._until_close and error is None:
            response.content.end()
        else:
            response.content.fail(BrokenAnswer("connection termination"))
        self._stop_sending()
        self._parser = None  # it refers to us

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        if self._room is not None and not self._room.done():
            self._room.set_result(None)

    # ------------------------------------------------------------------ of the parser

    def on_message_begin(self) -> None:
        response = self._response
        assert response is not None
        if response.status:
            raise ValueError("more than one answer")
        self._lines = []
        response.reason = b""

    def on_status(self, reason: bytes) -> None:
        assert self._response is not None
        self._response.reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        self._lines.append((name, value))

    def on_headers_complete(self) -> None:
        response, parser = self._response, self._parser
        assert response is not None
        assert parser is not None
        status = parser.get_status_code()
        lines, self._lines = self._lines, []  # what comes from here on are trailers
        if malformed(status, lines):
            raise ValueError("no answer")
        if 100 <= status < 200 and status != 101:  # the answer is still to come
            return
        head = read_head(lines)
        if head.size > self._max_head or len(lines) > MAX_LINES or head.unknown_coding:
            raise ValueError("no answer that can be passed on")
        if b" " in b"".join([name for name, _ in lines]) or b"\0" in b"".join([value for _, value in lines]):
            raise ValueError("no header lines")
        response.raw_headers = lines
        self._quiet = 0
        response.head = head
        response.status = status
        self._switched = status == 101
        framed = head.length is not None or head.codings[-1:] == [b"chunked"]
        if self._bodiless and not framed:  # llhttp, which does not know, would wait for the connection's end
            keeps = parser.get_http_version() == "1.1" and not closes(lines)
        else:
            keeps = parser.should_keep_alive()
        self._reusable = keeps and not self._switched
        self._until_close = self._switched or not (keeps or framed)
        if self._bodiless:
            response.content.end()
        assert self._begun is not None
        if not self._begun.done():
            self._begun.set_result(None)

    def on_body(self, data: bytes) -> None:
        assert self._response is not None
        self._quiet = 0
        content = self._response.content
        if content.complete:
            raise ValueError("a body where there is none")
        content.feed(data)

    def on_message_complete(self) -> None:
        response = self._response
        assert response is not None
        if response.status and not self._switched:
            response.content.end()
