"""One attempt of a request, and what it holds."""

from __future__ import annotations

import asyncio

from meshcore.engine import Attempt
from meshcore.telemetry.request_spans import AttemptSpan
from meshcore.upstream.connections import Connection
from meshcore.upstream.messages import Response

__all__ = ["Try"]


class Try:
    """One attempt and what it holds."""

    def __init__(self, attempt: Attempt) -> None:
        self.attempt = attempt
        self.task: asyncio.Task[None] | None = None
        self.begun = 0.0
        self.connected = False
        self.connection: Connection | None = None
        self.moved = 0.0  # when some byte last did
        self.response: Response | None = None
        self.timers: list[asyncio.TimerHandle] = []
        self.span: AttemptSpan | None = None  # None: it has none of its own
        self.failure = ""  # why there is no answer

    def close(self) -> None:
        """Give up all of it; an answer that was read to its end has given its connection back by now."""
        for timer in self.timers:
            timer.cancel()
        if self.response is not None:
            self.response.close()
        if self.span is not None:
            status = self.response.status if self.response is not None else 0
            self.span.end(status, self.failure, cancelled=not (status or self.failure))
        if self.connection is not None:
            self.connection.close()
