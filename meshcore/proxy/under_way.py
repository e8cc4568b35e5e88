"""Requests under way: served, counted, and told of when they are over."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from meshcore.proxy.answer import Answer
from meshcore.proxy.exchange import Exchange
from meshcore.proxy.request import Request, text
from meshcore.telemetry.access import AccessRecord
from meshcore.trace import SpanContext
from meshcore.upstream import replies
from meshcore.upstream.replies import Reply

if TYPE_CHECKING:
    from meshcore.proxy.server import Proxy

__all__ = ["UnderWay"]

_log = logging.getLogger("meshcore.proxy")


class UnderWay:
    """The requests that a proxy serves just now.

    Args:
        access_log: called with an AccessRecord for each request that is over; None: nobody is told.
    """

    def __init__(self, proxy: Proxy, access_log: Callable[[AccessRecord], object] | None) -> None:
        self._proxy = proxy
        self._access_log = access_log
        self._idle = asyncio.Event()  #: no request is under way
        self._idle.set()
        self._drained = asyncio.Event()  #: and none may follow, or nobody waits for them any longer
        self.count = 0

    @property
    def logs(self) -> bool:
        """Whether somebody is told of each request."""
        return self._access_log is not None

    async def wait_idle(self) -> None:
        await self._idle.wait()

    async def wait_drained(self) -> None:
        """Wait until no request is under way, of a proxy that takes no more, or until ``give_up()``."""
        await self._drained.wait()

    def give_up(self) -> None:
        self._drained.set()

    async def serve(self, request: Request) -> Answer:
        """The life of a request, and what is told of it."""
        proxy = self._proxy
        begun = time.monotonic()
        record = _record_of(request, traced=self.logs)
        self.count += 1
        self._idle.clear()
        proxy.stats.add("http.downstream_rq_total")
        exchange = Exchange(proxy, request, record)
        client = exchange.client
        try:
            return await exchange.run()
        except (asyncio.CancelledError, ConnectionError):
            record.flags, record.details = "DC", "downstream_remote_disconnect"
            raise asyncio.CancelledError from None  # all of these are a client that went away
        except Exception:
            _log.exception("serving %s failed", record.text())
            return await client.fail(replies.INTERNAL_ERROR)
        finally:
            if client.answer is not None:
                record.status, record.bytes_sent = client.answer.status, client.answer.sent
            record.duration = time.monotonic() - begun
            self.count -= 1
            if not self.count:
                self._idle.set()
                if proxy.draining:
                    self._drained.set()
            self._finished(record)
            exchange.over()

    def refused(self, peername: object, reply: Reply) -> None:
        """Count what could not be parsed."""
        record = AccessRecord(time.time(), source=_host(peername), status=reply.status)
        record.flags, record.details, record.bytes_sent = reply.flags, reply.details, len(reply.body)
        self._proxy.stats.add("http.downstream_rq_total")
        self._proxy.stats.add("http.downstream_cx_protocol_error")
        self._finished(record)

    def _finished(self, record: AccessRecord) -> None:
        proxy = self._proxy
        proxy.stats.finished(record)
        options = proxy.in_force.last_view.options(record.listener or None)
        if self._access_log is not None and options.access_log:
            self._access_log(record)


def _record_of(request: Request, *, traced: bool) -> AccessRecord:
    field = request.field
    context = SpanContext.extract(request.raw_headers) if traced else None
    return AccessRecord(
        time.time(),
        method=request.method,
        path=text(request.target),
        protocol="HTTP/" + request.version,
        authority=field(b"host"),
        source=_host(request.connection.peername),
        user_agent=field(b"user-agent"),
        request_id=field(b"x-request-id"),
        trace_id=(context.trace_id or "") if context is not None else "",
        forwarded_for=field(b"x-forwarded-for"),
    )


def _host(peername: object) -> str:
    """The address of a client; "" for sockets that have none."""
    return peername[0] if isinstance(peername, tuple) else ""
