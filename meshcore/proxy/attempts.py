"""The attempts of one request: what the decision says is sent, timed, told of and given up.

An attempt is a task of its own, since a hedge runs beside the one that was too slow; the first is none where
nothing can run beside it. Source of when its timers begin: Envoy's router, for which a try begins once it has
a connection and the request is whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from meshcore.engine import Attempt, Decision
from meshcore.model import Cluster
from meshcore.proxy.attempt import Try
from meshcore.trace import SpanContext
from meshcore.upstream import replies
from meshcore.upstream.client import RequestBody, Response
from meshcore.upstream.connections import Place
from meshcore.upstream.framing import framed
from meshcore.upstream.replies import Reply, UpstreamError

if TYPE_CHECKING:
    from meshcore.proxy.request import Request
    from meshcore.proxy.server import Proxy
    from meshcore.proxy.spans import ProxySpans
    from meshcore.upstream.replay import Replay

__all__ = ["Attempts"]

#: An endpoint says so that it fails, without waiting for its next health check.
IMMEDIATE_FAILURE = b"x-envoy-immediate-health-check-fail"

#: How an attempt failed -> the cluster's counters of that.
_COUNTERS = {
    "connect-failure": ("upstream_cx_connect_fail",),
    "connect-timeout": ("upstream_cx_connect_fail", "upstream_cx_connect_timeout"),
    "reset": ("upstream_rq_rx_reset",),
    "protocol-error": ("upstream_rq_rx_reset", "upstream_cx_protocol_error"),
}


class Attempts:
    """Sends what a decision says until it is done. Close it when the request is over.

    Args:
        request: the client's.
        cluster: that the decision chose, in the configuration that it was made by.
        body: the request's; None: it has none.
        length: its Content-Length.
        drop: header lines that are between the client and us.
        cut: ends the request, when the answer that it gets takes too long.
        spans: are told of attempts; None: nobody is.
    """

    def __init__(
        self,
        proxy: Proxy,
        request: Request,
        decision: Decision,
        cluster: Cluster | None,
        *,
        body: Replay | None,
        length: bytes | None,
        drop: bytes,
        cut: Callable[[Reply], None],
        spans: ProxySpans | None,
    ) -> None:
        self._spans = spans
        self._proxy = proxy
        self._request = request
        self._decision = decision
        self._cluster = cluster
        self._body = body
        self._length = length
        self._drop = drop
        self._cut = cut
        self._loop = asyncio.get_running_loop()
        self._over: asyncio.Future[None] = self._loop.create_future()
        self._running: set[Try] = set()
        self._whole = False  # the request's last byte has come
        self._winner: Try | None = None
        self.count = 0  #: attempts made
        self.trace_id = ""  #: what the latest one told the upstream of its trace
        self.reply: Reply | None = None  #: how the latest one failed, in our own words; None: by its time

    async def run(self) -> Response | None:
        """The head of the answer for the client; None: the decision has become one, or ``reply`` says why
        nothing can be sent."""
        decision = self._decision
        attempts = decision.attempts
        if len(attempts) == 1 and not (
            attempts[0].per_try_timeout
            or decision.per_try_idle_timeout
            or decision.upstream_max_stream_duration
        ):
            await self._make(self._begin(attempts[0]))
        else:
            for attempt in attempts:
                self._launch(attempt)
        await self._over
        return None if self._winner is None else self._winner.response

    def request_complete(self) -> None:
        """The client has sent all: the time for a try counts from here, where it is sent already."""
        self._whole = True
        for one in self._running:
            self._limit_try(one)

    async def close(self) -> None:
        """End everything that is still under way. A cancellation that comes meanwhile counts afterwards."""
        tasks = [one.task for one in self._running if one.task is not None]
        for one in tuple(self._running):
            self._leave(one)
        if self._winner is not None:
            self._winner.close()
        if self._over.done() and not self._over.cancelled():
            self._over.exception()  # where nobody waited for it any longer
        cancelled = False
        while tasks:
            try:
                await asyncio.wait(tasks)
                break
            except asyncio.CancelledError:
                cancelled = True
        if cancelled:
            raise asyncio.CancelledError

    # ------------------------------------------------------------------ one attempt

    def _begin(self, attempt: Attempt) -> Try:
        self.count += 1
        one = Try(attempt)
        self._running.add(one)
        if self._body is not None:
            self._body.join(one)
        return one

    def _launch(self, attempt: Attempt) -> None:
        one = self._begin(attempt)
        one.task = self._loop.create_task(self._make(one))

    async def _make(self, one: Try) -> None:
        try:
            one.response = await self._send(one)
        except UpstreamError as error:
            self._failed(one, error.reply)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            self._finish(error)
        else:
            self._answered(one, one.response)
        finally:
            if one is not self._winner:
                self._running.discard(one)
                one.close()

    async def _send(self, one: Try) -> Response:
        attempt, decision, proxy = one.attempt, self._decision, self._proxy
        if attempt.backoff:
            await proxy.sleep(attempt.backoff)
        lines = framed(attempt.request_headers(), self._length)
        if proxy.logs:
            context = SpanContext.extract(lines)
            self.trace_id = (context.trace_id or "") if context is not None else ""
        if self._spans is not None:
            one.span = self._spans.attempt(attempt, lines)
        if self._drop:
            lines = [line for line in lines if line[0].lower() != self._drop]
        headers = [(b"Host", attempt.authority.encode("utf-8", "surrogateescape")), *lines]
        body = None
        if self._body is not None:
            assert self._request.body is not None
            body = RequestBody(partial(self._read, one), at_hand=self._request.body.complete)
        one.begun = self._loop.time()
        assert decision.cluster is not None
        one.connection = await proxy.connections.take(
            Place(decision.cluster, attempt.endpoint, decision.priority)
        )
        one.connection.on_ready = partial(self._connected, one)
        address = proxy.address(self._cluster, attempt.endpoint)
        return await proxy.upstream.send(
            address, self._cluster, decision.method, attempt.path, headers, body, one.connection
        )

    async def _read(self, one: Try) -> bytes:
        assert self._body is not None
        one.moved = self._loop.time()
        return await self._body.read(one)

    def _leave(self, one: Try) -> None:
        """Its outcome is of no more interest."""
        self._running.discard(one)
        if self._body is not None:
            self._body.leave(one)
        if one.task is not None:
            one.task.cancel()

    # ------------------------------------------------------------------ its times

    def _connected(self, one: Try) -> None:
        one.connected = True
        one.moved = self._loop.time()
        limits = self._decision
        self._limit_try(one)
        if limits.per_try_idle_timeout:
            self._watch_idle(one, limits.per_try_idle_timeout)
        if limits.upstream_max_stream_duration:
            self._after(limits.upstream_max_stream_duration, one, self._too_long)

    def _limit_try(self, one: Try) -> None:
        limit = one.attempt.per_try_timeout
        if limit is not None and one.connected and self._whole:
            self._after(limit, one, self._too_slow)

    def _after(self, seconds: float, one: Try, then: Callable[[Try], None]) -> None:
        one.timers.append(self._loop.call_later(seconds, then, one))

    def _too_slow(self, one: Try) -> None:
        if one.attempt.running:
            self._count("upstream_rq_per_try_timeout")
            further = self._decision.on_timeout(one.attempt, replayable=self._replayable)
            if further is not None and one.attempt.running:
                self._count("upstream_rq_hedge")
            self._go_on(further)

    def _watch_idle(self, one: Try, limit: float) -> None:
        left = one.moved + limit - self._loop.time()
        if left > 0:
            self._after(left, one, lambda one: self._watch_idle(one, limit))
        elif one.attempt.running:
            self._count("upstream_rq_per_try_idle_timeout")
            self._end(one, "per-try-idle-timeout")

    def _too_long(self, one: Try) -> None:
        self._count("upstream_rq_max_duration_reached")
        if one is self._winner:
            self._cut(replies.UPSTREAM_MAX_DURATION)
        else:
            self._end(one, "upstream-max-stream-duration")

    # ------------------------------------------------------------------ what comes of it

    @property
    def _replayable(self) -> bool:
        return self._body is None or self._body.replayable

    def _end(self, one: Try, error: str) -> None:
        if one.attempt.running:
            self.reply = None
            further = self._decision.report(error=error, attempt=one.attempt, replayable=self._replayable)
            if not one.attempt.running:  # where slow tries are hedged, one that idles goes on
                one.failure = error
            self._go_on(further)

    def _failed(self, one: Try, reply: Reply) -> None:
        if not reply.error:  # nothing was sent, and no endpoint is to blame
            self.reply = reply
            self._finish()
            return
        if one.attempt.running:
            for name in _COUNTERS.get(reply.error, ()):
                self._count(name)
            self._end(one, reply.error)
            self.reply = reply

    def _answered(self, one: Try, response: Response) -> None:
        if not one.attempt.running:
            return
        decision, checker = self._decision, self._proxy.checker
        if checker is not None and IMMEDIATE_FAILURE in response.head.fields:
            checker.fail(decision.cluster or "", one.attempt.endpoint)
        further = decision.report(
            status=response.status,
            headers=response.raw_headers,
            attempt=one.attempt,
            latency=self._loop.time() - one.begun,
            replayable=self._replayable,
        )
        self.reply = None
        if decision.answered:
            self._winner = one
            self._running.discard(one)
            if self._body is not None:
                self._body.settle()
        elif further is not None:
            self._count(f"retry.upstream_rq_{response.status // 100}xx")
        self._go_on(further)

    def _go_on(self, further: Attempt | None) -> None:
        for one in [one for one in self._running if not one.attempt.running]:
            self._leave(one)
        if further is not None:
            self._count("upstream_rq_retry")
            self._launch(further)
        elif self._decision.done:
            self._finish()

    def _finish(self, error: Exception | None = None) -> None:
        if self._over.done():
            return
        if error is None:
            self._over.set_result(None)
        else:
            self._over.set_exception(error)

    def _count(self, name: str) -> None:
        self._proxy.stats.add(f"cluster.{self._decision.cluster}.{name}")
