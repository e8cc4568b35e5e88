"""One client's connection: HTTP/1.1 and 1.0, one request after the other."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, cast

from meshcore.proxy.alarm import Alarm
from meshcore.proxy.answer import Answer, http_date, status_line
from meshcore.proxy.parser import RequestParser
from meshcore.proxy.request import BadBody, Request
from meshcore.upstream.headers import head_bytes
from meshcore.upstream.incoming import Incoming
from meshcore.upstream.replies import Reply

if TYPE_CHECKING:
    from meshcore.proxy.downstream import DownstreamServer

__all__ = ["ClientConnection"]

_log = logging.getLogger("meshcore.proxy")

#: Seconds that a client has to read its last answer. What it still sends meanwhile is read away: closing at
#: once would reset the connection, and it might never see the answer.
LINGER = 5.0


class ClientConnection(asyncio.BufferedProtocol):
    """See above. Requests that are sent ahead wait for their turn, and the client with them."""

    transport: asyncio.Transport

    def __init__(self, server: DownstreamServer) -> None:
        self._server = server
        self._buffer = server.buffer
        self._options = server.options
        self._loop = asyncio.get_running_loop()
        self._parser: RequestParser | None = RequestParser(self, server.options)
        self._waiting: deque[Request | Reply] = deque()  # behind the one that is served
        self._held = False  # the client, by those
        self._request: Request | None = None  # that is served
        self._task: asyncio.Task[None] | None = None  # that serves it
        self.discarding = False  #: the body that arrives: its request is over
        self._broken = False  # no further request can be told from what comes
        self._closing = False  # no further request is wanted
        self._idle = Alarm()  # waiting for the head of a request for too long
        self._room: asyncio.Future[None] | None = None
        self.alarm = Alarm()  #: for the request that is served
        self.full = False  #: what is written waits for the client to read
        self._tunnel: Incoming | None = None  # takes what comes behind a request for another protocol
        self.peername: object = None
        self.sockname: object = None

    # ------------------------------------------------------------------ writing

    def write(self, data: bytes) -> None:
        """Raises ConnectionResetError: the client has gone."""
        if self.transport.is_closing():
            raise ConnectionResetError
        self.transport.write(data)

    async def drained(self) -> None:
        """Wait until the client has read."""
        if self.full:
            self._room = self._loop.create_future()
            await self._room

    def pause_writing(self) -> None:
        self.full = True

    def resume_writing(self) -> None:
        self.full = False
        if self._room is not None and not self._room.done():
            self._room.set_result(None)

    # ------------------------------------------------------------------ its life

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self.peername = transport.get_extra_info("peername")
        self.sockname = transport.get_extra_info("sockname")
        self._server.connections.add(self)
        self._await_head()

    def connection_lost(self, error: Exception | None) -> None:
        self._server.connections.discard(self)
        self._waiting.clear()
        self._idle.close()
        self.alarm.close()
        if self._task is not None:
            self._task.cancel()
        if self._room is not None and not self._room.done():
            self._room.set_exception(ConnectionResetError())
        self._server.departures.forget(self.transport)
        self._tunnel = None
        self._drop_parser()

    def abort(self) -> None:
        """End at once."""
        self.transport.abort()

    def shut(self) -> None:
        """End after the request under way, or now where there is none."""
        self._closing = True
        if self._request is None:
            self._close()

    def _await_head(self) -> None:
        if self._options.client_idle_timeout:
            self._idle.set(self._options.client_idle_timeout, self._close)

    def _close(self) -> None:
        """End once all has been written, for which the client has to read."""
        self.transport.close()
        self._idle.set(LINGER, self.abort)

    def _drop_parser(self) -> None:
        if self._parser is not None:
            self._parser.close()
            self._parser = None  # it refers to us

    def _end(self, *, linger: bool) -> None:
        self._drop_parser()
        self._tunnel = None
        if not linger:
            self._close()
            return
        self.transport.write_eof()
        self.resume_reading()
        self._idle.set(LINGER, self.abort)

    # ------------------------------------------------------------------ one request after the other

    def take(self, request: Request | Reply) -> None:
        """A request has come, or what is to be answered to something that is none."""
        if self._request is None and not self.discarding:
            self._start(request)
            return
        self._waiting.append(request)
        if not self._held:
            self._held = True
            self.pause_reading()

    def _start(self, request: Request | Reply) -> None:
        if isinstance(request, Request):
            self._request = request
            self._idle.clear()
            self._task = self._loop.create_task(self._serve(request))
        else:
            self._refuse(request)

    async def _serve(self, request: Request) -> None:
        try:
            answer = await self._server.handler(request)
        except asyncio.CancelledError:
            self.abort()
            raise
        except Exception:
            _log.exception("a connection is cut")
            self.abort()
            return
        self._request = self._task = None
        if not self.transport.is_closing():
            self._await_head()
            self._go_on(request, answer)

    def _go_on(self, request: Request, answer: Answer) -> None:
        """What comes after an answer."""
        whole = request.body is None or request.body.complete
        if answer.close or self._closing or self._broken:
            self._end(linger=not whole)
        elif not whole:
            assert request.body is not None
            self.discarding = True
            request.body.take()
        else:
            self._next(request)

    def _next(self, request: Request) -> None:
        if request.tunnel is not None:  # the protocol has not been changed; nothing was told from what came
            self._tunnel = None
            self.received(memoryview(request.tunnel.take()))
        elif self._waiting:
            self._start(self._waiting.popleft())
        if self._held and not self._waiting:
            self._held = False
            arriving = self._parser.arriving if self._parser is not None else None
            body = arriving.body if arriving is not None else None
            if body is None or not body.paused:
                self.resume_reading()

    def _refuse(self, reply: Reply) -> None:
        self._server.refused(self.peername, reply)
        lines = [
            (b"content-length", b"%d" % len(reply.body)),
            (b"content-type", b"text/plain"),
            (b"date", http_date()),
            (b"Connection", b"close"),
        ]
        self.transport.write(head_bytes(status_line(reply.status), lines) + reply.body)
        self._end(linger=True)

    # ------------------------------------------------------------------ what comes

    @property
    def gone(self) -> bool:
        """The connection has ended; whoever serves its request learns of it in a moment."""
        return self.transport.is_closing()

    def pause_reading(self) -> None:
        """Leave what comes where it is; that the client leaves is noticed all the same."""
        self.transport.pause_reading()
        self._server.departures.watch(self.transport, self.abort)

    def resume_reading(self) -> None:
        self._server.departures.forget(self.transport)
        self.transport.resume_reading()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self.received(self._buffer[:nbytes])

    def received(self, data: memoryview) -> None:
        """Take bytes that have come; they are gone afterwards."""
        rest: memoryview | None = data
        while rest:
            if self._tunnel is not None:
                self._tunnel.feed(bytes(rest))
                return
            if self._parser is None:
                return
            rest = self._parser.parse(rest)

    def head_begins(self) -> None:
        """Of the parser: a request is on its way."""
        if self._request is None:
            self._await_head()

    def change_protocol(self, request: Request) -> None:
        """Of the parser: what comes from here on is of the protocol that the request asks for."""
        request.tunnel = self._tunnel = Incoming(self, self._options.buffer_size)

    def body_ends(self, request: Request) -> None:
        """Of the parser: all of the request has come."""
        if request.body is not None:
            request.body.end()
        if self.discarding:
            self.discarding = False
            self._next(request)

    def body_fails(self, request: Request) -> None:
        """Of the parser: nothing can be told from what comes any longer; it was to be the request's body."""
        self._broken = True
        assert request.body is not None
        request.body.fail(BadBody())
        if self.discarding:
            self._end(linger=True)
