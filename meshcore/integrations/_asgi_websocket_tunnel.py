"""A websocket between an ASGI server and an endpoint, once the endpoint has accepted it.

It ends as it does in Envoy, as far as messages tell: a client that has gone takes the endpoint's connection
with it at once, and whatever is still to be sent there. One that has closed has its last words passed on.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from meshcore.engine import Decision
from meshcore.exchange.side_by_side import ended
from meshcore.integrations._asgi_way import STALLED

if TYPE_CHECKING:
    from meshcore.integrations.asgi import Message, Receive, Send
    from meshcore.upstream.messages import Response
    from meshcore.upstream.websocket import Message as Received

__all__ = ["NORMAL", "Client", "Tunnel"]

#: Bytes of a message, as ASGI's servers have it by default.
_MOST = 16 * 1024 * 1024
#: Bytes that are read from a client ahead of what the endpoint takes, as many as Envoy's buffer of a
#: connection holds. Only behind what it has said does a server tell that a client has left.
_AHEAD = 1024 * 1024
#: What a message takes beside its bytes.
_MESSAGE = 64
#: Bytes that are written to the endpoint at a time.
_PIECE = 64 * 1024
#: Seconds that an endpoint has to take the last words and to end its side, when the client has closed.
_PATIENCE = 5.0
NORMAL, _GOING_AWAY, _NO_STATUS, _GONE, _BAD_GATEWAY = 1000, 1001, 1005, 1006, 1014


class Client:
    """The server's side of the app: what the client says is read ahead, up to ``_AHEAD``."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._waiting: deque[Message] = deque()
        self._size = 0  # of those
        self._come = asyncio.Event()  # one waits, or it has left
        self._room = asyncio.Event()
        self.left: Message | None = None  #: its websocket.disconnect
        loop = asyncio.get_running_loop()
        self.heard: asyncio.Future[None] = loop.create_future()  #: it has said something, or left
        self.leaving: asyncio.Future[None] = loop.create_future()  #: it has left
        self.reading = asyncio.ensure_future(self._read())  #: raises what the server does

    @property
    def gone(self) -> bool:
        """It has left without a word."""
        return self.left is not None and self.left.get("code", _NO_STATUS) == _GONE

    async def send(self, message: Message) -> None:
        """Nothing, once it has left: servers take that amiss."""
        if self.left is None:
            with suppress(OSError):  # it leaves just now
                await self._send(message)

    async def next(self) -> Message | None:
        """What it says next; None: it has left, and this is all."""
        while not self._waiting:
            if self.left is not None:
                return None
            self._come.clear()
            await self._come.wait()
        message = self._waiting.popleft()
        self._size -= _size_of(message)
        self._room.set()
        return message

    async def _read(self) -> None:
        last: Message = {"type": "websocket.disconnect", "code": _GONE}
        try:
            while (message := await self._receive())["type"] != "websocket.disconnect":
                self._waiting.append(message)
                self._size += _size_of(message)
                self._come.set()
                if not self.heard.done():
                    self.heard.set_result(None)
                while self._size > _AHEAD:
                    self._room.clear()
                    await self._room.wait()
            last = message
        finally:
            self.left = last
            self._come.set()
            for future in (self.heard, self.leaving):
                if not future.done():
                    future.set_result(None)


def _size_of(message: Message) -> int:
    return _MESSAGE + len(message.get("text") or message.get("bytes") or b"")


class Tunnel:
    """What is said between a client and an endpoint."""

    def __init__(self, decision: Decision, client: Client, response: Response) -> None:
        from meshcore.upstream.websocket import Frames

        self._decision = decision
        self._client = client
        self._response = response
        self._frames = Frames(_MOST)
        self._writing = asyncio.Lock()
        self._loop = asyncio.get_running_loop()
        self._moved = self._begun = self._loop.time()
        self._waits_since: float | None = None  # what is written to the endpoint; None: nothing does

    async def run(self) -> str:
        """Pass messages on until either side ends. The response flag of how; "": that was said, or the
        decision has been told. The caller closes the endpoint's connection afterwards."""
        client = self._client
        up, down = asyncio.ensure_future(self._up()), asyncio.ensure_future(self._down())
        tasks = [up, down]
        try:
            await self._wait(up, down, client.leaving)
            flag = "DC" if client.gone and not down.done() else ""
            if client.left is None and not up.done() and not down.done():  # it has taken too long
                flag = "" if self._is_over else "SI"
                tasks.append(asyncio.ensure_future(self._end(_GOING_AWAY, "nothing is said any more")))
                await asyncio.wait(tasks[2:], timeout=_PATIENCE)
            elif client.left is not None and not client.gone:
                await asyncio.wait((down,), timeout=_PATIENCE)
        finally:
            for task in tasks:
                task.cancel()
            if await ended(tasks):
                raise asyncio.CancelledError
        for task in (*tasks, client.reading):
            if task.done() and not task.cancelled():
                task.result()
        return flag

    @property
    def _is_over(self) -> bool:
        """It has lasted as long as it may."""
        longest = self._decision.max_stream_duration
        return longest is not None and longest > 0 and self._begun + longest <= self._loop.time()

    async def _wait(self, *until: asyncio.Future[None]) -> None:
        """Until one has ended, or nothing has moved for too long, or all has lasted for too long."""
        idle, longest = self._decision.idle_timeout, self._decision.max_stream_duration
        while True:
            now = self._loop.time()
            ends = [(now if self._waits_since is None else self._waits_since) + STALLED]
            ends += [self._moved + idle] if idle else []
            ends += [self._begun + longest] if longest else []
            left = min(ends) - now
            if left <= 0:
                return
            done, _ = await asyncio.wait(until, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            if done:
                return

    async def _up(self) -> None:
        """What the client says, until it leaves."""
        from meshcore.upstream.websocket import BINARY, TEXT, close_frame, frame

        client = self._client
        while (message := await client.next()) is not None:
            self._moved = self._loop.time()
            text = message.get("text")
            data = frame(BINARY, message.get("bytes") or b"") if text is None else frame(TEXT, text.encode())
            await self._write(data)
        if client.left is not None and not client.gone:
            code, reason = client.left.get("code", _NO_STATUS), client.left.get("reason") or ""
            await self._write(close_frame(code, reason))

    async def _down(self) -> None:
        """What the endpoint says, until it ends."""
        from meshcore.upstream.client import BrokenAnswer
        from meshcore.upstream.websocket import TOO_BIG, WebSocketError, close_frame

        content = self._response.content
        try:
            with suppress(BrokenAnswer):
                while data := await content.read():
                    self._moved = self._loop.time()
                    for message in self._frames.feed(data):
                        if await self._said(message):
                            return
        except WebSocketError as error:
            await self._write(close_frame(error.code, str(error)))
            await self._end(error.code if error.code == TOO_BIG else _BAD_GATEWAY, str(error))
            return
        if self._client.left is None:  # else it owes nobody a word
            self._decision.report(error="reset")
        await self._end(_BAD_GATEWAY, "the endpoint has ended the connection")

    async def _said(self, message: Received) -> bool:
        """Pass a message on; whether it was the last one."""
        from meshcore.upstream.websocket import BINARY, CLOSE, PING, PONG, TEXT, close_frame, frame

        if message.kind == PING:
            await self._write(frame(PONG, message.data))
        elif message.kind == CLOSE:
            await self._write(close_frame(message.code))
            await self._end(NORMAL if message.code == _NO_STATUS else message.code, message.data.decode())
            return True
        elif message.kind == TEXT:
            await self._client.send({"type": "websocket.send", "text": message.data.decode()})
        elif message.kind == BINARY:
            await self._client.send({"type": "websocket.send", "bytes": message.data})
        return False

    async def _end(self, code: int, reason: str) -> None:
        """Tell the client that this is all."""
        await self._client.send({"type": "websocket.close", "code": code, "reason": reason})

    async def _write(self, data: bytes) -> None:
        """To the endpoint. Where that has ended, reading tells."""
        async with self._writing:
            try:
                for begin in range(0, len(data), _PIECE):
                    self._waits_since = self._loop.time()
                    await self._response.write(data[begin : begin + _PIECE])
            except ConnectionError:
                return
            finally:
                self._waits_since = None
