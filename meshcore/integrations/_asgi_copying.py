"""Copies for mirrors of requests that an ASGI app answers itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from meshcore.engine import Decision

if TYPE_CHECKING:
    from meshcore.integrations._asgi_forward import Message, Receive
    from meshcore.integrations._asgi_way import Way
    from meshcore.upstream.mirrors import Copy

__all__ = ["Copying"]


class Copying:
    """``receive`` for the app: what it reads of the request goes to the copies, too. Close it afterwards.

    Args:
        way: by which copies are sent.
        decision: that asks for them.
        length: the request's own Content-Length.
        receive: the server's.
    """

    def __init__(self, way: Way, decision: Decision, length: bytes | None, receive: Receive) -> None:
        self._way = way
        self._decision = decision
        self._length = length
        self._receive = receive
        self._first: Message | None = None
        self._copies: Sequence[Copy] = ()

    async def begin(self) -> None:
        """Whether there is a body, the first message tells: the app gets it afterwards."""
        first = self._first = await self._receive()
        if first["type"] == "http.request":
            body = bool(first.get("body") or first.get("more_body"))
            self._copies = self._way.begin_copies(self._decision, self._length, body=body)
            self._tell(first)

    async def __call__(self) -> Message:
        message, self._first = self._first, None
        if message is None:
            message = await self._receive()
            self._tell(message)
        return message

    def _tell(self, message: Message) -> None:
        if message["type"] == "http.request":
            for copy in self._copies:
                if message.get("body"):
                    copy.feed(message["body"])
                if not message.get("more_body"):
                    copy.end()

    def close(self) -> None:
        """The request is over: where the app has not read all of it, no copy is to look whole."""
        for copy in self._copies:
            copy.abandon()
