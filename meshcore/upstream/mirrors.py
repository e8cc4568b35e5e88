"""Copies of requests for other clusters: sent beside the request, and forgotten.

Whatever becomes of a copy, its request does not notice: it waits for none, and a copy that falls behind is
given up rather than held in memory. A copy picks an endpoint of its own and counts against the circuit
breakers of its cluster, as Envoy's do.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from meshcore._tracers import agree, reads_as
from meshcore.engine import Decision, Engine, Mirror, Pick
from meshcore.model import Cluster, Discovery
from meshcore.upstream.client import BrokenAnswer, RequestBody, Upstream
from meshcore.upstream.connections import Connection, Connections
from meshcore.upstream.framing import framed
from meshcore.upstream.headers import Line, end_to_end
from meshcore.upstream.replies import BROKEN_OFF, RESPONSE_TIMEOUT, UpstreamError

__all__ = ["MAX_BODY", "MAX_COPIES", "Copy", "Mirrors", "Order"]

_log = logging.getLogger("meshcore.mirrors")

#: Copies that are under way at a time; what goes beyond is not sent.
MAX_COPIES = 256
#: Bytes of a body that wait for one copy; one that falls behind further is given up.
MAX_BODY = 256 * 1024


class Order(NamedTuple):
    """A copy that is to be sent."""

    cluster: str
    method: str
    path: str
    headers: Sequence[Line]  #: Host first
    timeout: float | None


class Copy:
    """One copy under way: the part of the body that waits for it, and the ways in which it is ended."""

    def __init__(self, limit: int, timeout: float | None) -> None:
        self.task: asyncio.Task[None] | None = None
        self.ended_by = ""  #: the counter of the reason, where it did not end by itself
        self._limit = limit
        self._timeout = timeout
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._whole = False  # the request's last byte has come
        self._news = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None

    def feed(self, chunk: bytes) -> None:
        """More of the request's body."""
        if self._whole or self.ended_by:
            return
        self._chunks.append(chunk)
        self._size += len(chunk)
        if self._size > self._limit:
            self.give_up("body_overflow")
        self._news.set()

    def end(self) -> None:
        """The request is whole: its timeout counts from here, as for the request itself."""
        if not self._whole and not self.ended_by:
            self._whole = True
            self._news.set()
            if self._timeout:
                loop = asyncio.get_running_loop()
                self._timer = loop.call_later(self._timeout, self.give_up, "timeout")

    def abandon(self) -> None:
        """The request is over: where it never was whole, its copy is not to look so."""
        if not self._whole:
            self.give_up("cancelled")

    def give_up(self, reason: str) -> None:
        if not self.ended_by and self.task is not None and not self.task.done():
            self.ended_by = reason
            self._chunks.clear()
            self.task.cancel()

    def done(self, task: asyncio.Task[None]) -> None:
        self._chunks.clear()
        if self._timer is not None:
            self._timer.cancel()

    async def next_chunk(self) -> bytes:
        """The next bytes of the body; b"" at its end."""
        while not self._chunks and not self._whole:
            self._news.clear()
            await self._news.wait()
        if not self._chunks:
            return b""
        chunk = self._chunks.popleft()
        self._size -= len(chunk)
        return chunk


class Mirrors:
    """The copies that an event loop sends. They are ordered in any thread; all else is for the loop's.

    Args:
        engine: picks the endpoints of copies.
        upstream: gives the way to them.
        connections: their places.
        cluster: finds a cluster by its name.
        address: where to connect for an endpoint of a cluster.
        count: takes the name of each counter that a copy raises.
        finished: takes cluster, status (0: no answer) and response flags of a copy that is over.
        mark: names the sender of copies, and requests are as they came: what was for one hop is left out.
            None: neither is left to do.
        most, body_limit: instead of MAX_COPIES and MAX_BODY.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        upstream: Callable[[], Upstream],
        connections: Connections,
        cluster: Callable[[str], Cluster | None],
        address: Callable[[Cluster | None, str], str],
        count: Callable[[str], object],
        finished: Callable[[str, int, str], object],
        mark: Line | None = None,
        most: int = MAX_COPIES,
        body_limit: int = MAX_BODY,
    ) -> None:
        self._engine = engine
        self._upstream = upstream
        self._connections = connections
        self._cluster = cluster
        self._address = address
        self._count = count
        self._finished = finished
        self._mark = mark
        self._most = most
        self._body_limit = body_limit
        self._lock = threading.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self.active = 0  #: copies that were ordered and are not over

    def begin(self, decision: Decision, length: bytes | None, *, body: bool) -> Sequence[Copy]:
        """Send the copies that a decision asks for; feed them the ``body``, if there is one.

        ``length``: the request's own Content-Length.
        """
        return [self.send(order, body=body) for order in self.orders(decision, length)]

    def orders(self, decision: Decision, length: bytes | None) -> list[Order]:
        """The copies that a decision asks for, as far as they may be under way. Each must be sent."""
        found = (self._order(decision, mirror, length) for mirror in decision.mirrors)
        return [order for order in found if order is not None]

    def _order(self, decision: Decision, mirror: Mirror, length: bytes | None) -> Order | None:
        with self._lock:
            full = self.active >= self._most
            self.active += not full
        if full:
            self._count("mirror.rq_overflow")
            return None
        self._count("mirror.rq_total")
        lines = framed(mirror.request_headers(), length)
        # What a client waits for before it sends its body is between the client and us.
        lines = [line for line in lines if line[0].lower() != b"expect"]
        mark = self._mark
        if mark is not None:  # clients have it in the request already
            lines = [*(line for line in end_to_end(lines) if line != mark), mark]
            agree(lines, reads_as(decision.trace_format))  # as the lines of the request itself
        headers = [(b"Host", mirror.authority.encode("utf-8", "surrogateescape")), *lines]
        return Order(mirror.cluster, decision.method, decision.path, headers, decision.timeout)

    def _over(self) -> None:
        with self._lock:
            self.active -= 1

    def send(self, order: Order, *, body: bool) -> Copy:
        """Send what was ordered."""
        copy = Copy(self._body_limit, order.timeout)
        content = RequestBody(copy.next_chunk, at_hand=False) if body else None
        task = copy.task = asyncio.get_running_loop().create_task(self._run(order, content, copy))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: self._over())
        task.add_done_callback(copy.done)
        if not body:
            copy.end()
        return copy

    async def close(self) -> None:
        """Cut off what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, order: Order, body: RequestBody | None, copy: Copy) -> None:
        status, flags, name = 0, "", order.cluster
        try:
            with self._engine.pick(name) as pick:
                cluster = self._cluster(name)
                if cluster is not None and cluster.discovery is Discovery.ORIGINAL_DST:
                    flags = "NR"
                elif pick.endpoint is None:
                    flags = pick.flags
                else:
                    status, flags = await self._exchange(pick, cluster, order, body, copy)
        except KeyError:  # the cluster has gone meanwhile
            self._count("mirror.rq_failed")
            return
        except asyncio.CancelledError:
            self._count(f"mirror.rq_{copy.ended_by or 'cancelled'}")
            self._finished(name, 0, "UT" if copy.ended_by == "timeout" else "DC")
            return
        except Exception:
            _log.exception("a copy for %s failed", name)
            flags = "UF"
        if not status:
            self._count("mirror.rq_failed")
        self._finished(name, status, flags)

    async def _exchange(
        self, pick: Pick, cluster: Cluster | None, order: Order, body: RequestBody | None, copy: Copy
    ) -> tuple[int, str]:
        """Send a copy and read its answer away: its status and flags."""
        begun = asyncio.get_running_loop().time()
        connection: Connection | None = None
        assert pick.endpoint is not None
        try:
            connection = await self._connections.take(pick)
            address = self._address(cluster, pick.endpoint)
            response = await self._upstream().send(
                address, cluster, order.method, order.path, order.headers, body, connection
            )
            try:
                latency = asyncio.get_running_loop().time() - begun
                pick.report(status=response.status, headers=response.raw_headers, latency=latency)
                while await response.content.read():
                    pass
            finally:
                response.close()
            return response.status, ""
        except UpstreamError as error:
            pick.report(error=error.reply.error or None)
            return 0, error.reply.flags
        except BrokenAnswer:
            pick.report(error=BROKEN_OFF.error)
            return 0, BROKEN_OFF.flags
        except asyncio.CancelledError:
            if copy.ended_by == "timeout":
                pick.report(error=RESPONSE_TIMEOUT.error)
            raise
        finally:
            if connection is not None:
                connection.close()
