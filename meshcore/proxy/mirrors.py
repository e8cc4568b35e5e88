"""Copies of requests for other clusters: sent beside the request, and forgotten.

Whatever becomes of a copy, its request does not notice: it waits for none, and a copy that falls behind is
given up rather than held in memory. A copy picks an endpoint of its own and counts against the circuit
breakers of its cluster, as Envoy's do.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

import aiohttp

from meshcore.engine import Decision, Mirror, Pick
from meshcore.model import Cluster, Discovery
from meshcore.upstream.client import RequestBody
from meshcore.upstream.headers import as_str, framed
from meshcore.upstream.replies import RESET, RESPONSE_TIMEOUT, UpstreamError

if TYPE_CHECKING:
    from meshcore.proxy.server import Proxy
    from meshcore.upstream.connections import Connection

__all__ = ["Copy", "Mirrors"]

_log = logging.getLogger("meshcore.proxy")


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
    """All copies of a proxy. Used from the event loop's thread alone."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def active(self) -> int:
        """Copies under way."""
        return len(self._tasks)

    def begin(self, decision: Decision, length: str | None, *, body: bool) -> Sequence[Copy]:
        """Send the copies that a decision asks for; feed them the ``body``, if there is one.

        ``length``: the request's own Content-Length.
        """
        return [
            copy
            for mirror in decision.mirrors
            if (copy := self._begin(decision, mirror, length, body=body)) is not None
        ]

    def _begin(self, decision: Decision, mirror: Mirror, length: str | None, *, body: bool) -> Copy | None:
        options, stats = self._proxy.options, self._proxy.stats
        if self.active >= options.max_mirrors:
            stats.add("mirror.rq_overflow")
            return None
        stats.add("mirror.rq_total")
        try:
            lines = framed(as_str(mirror.request_headers()), length)
        except UnicodeDecodeError:
            stats.add("mirror.rq_failed")
            return None
        # What a client waits for before it sends its body is between the client and us.
        headers = [("Host", mirror.authority), *(line for line in lines if line[0].lower() != "expect")]
        copy = Copy(options.mirror_buffer_size, decision.timeout)
        content = RequestBody(copy.next_chunk, at_hand=False) if body else None
        work = self._run(mirror.cluster, decision.method, decision.path, headers, content, copy)
        copy.task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(copy.task)
        copy.task.add_done_callback(self._tasks.discard)
        copy.task.add_done_callback(copy.done)
        if not body:
            copy.end()
        return copy

    async def close(self) -> None:
        """Cut off what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(
        self,
        name: str,
        method: str,
        path: str,
        headers: Sequence[tuple[str, str]],
        body: RequestBody | None,
        copy: Copy,
    ) -> None:
        status, flags, stats = 0, "", self._proxy.stats
        try:
            with self._proxy.engine.pick(name) as pick:
                cluster = self._proxy.view().cluster(name)
                if cluster is not None and cluster.discovery is Discovery.ORIGINAL_DST:
                    flags = "NR"
                elif pick.endpoint is None:
                    flags = pick.flags
                else:
                    status, flags = await self._exchange(pick, cluster, method, path, headers, body, copy)
        except KeyError:  # the cluster has gone meanwhile
            stats.add("mirror.rq_failed")
            return
        except asyncio.CancelledError:
            stats.add(f"mirror.rq_{copy.ended_by or 'cancelled'}")
            stats.upstream(name, 0, "UT" if copy.ended_by == "timeout" else "DC")
            return
        except Exception:
            _log.exception("a copy for %s failed", name)
            flags = "UF"
        if not status:
            stats.add("mirror.rq_failed")
        stats.upstream(name, status, flags)

    async def _exchange(
        self,
        pick: Pick,
        cluster: Cluster | None,
        method: str,
        path: str,
        headers: Sequence[tuple[str, str]],
        body: RequestBody | None,
        copy: Copy,
    ) -> tuple[int, str]:
        """Send a copy and read its answer away: its status and flags."""
        proxy, begun = self._proxy, asyncio.get_running_loop().time()
        connection: Connection | None = None
        assert pick.endpoint is not None
        try:
            connection = await proxy.connections.take(pick)
            address = proxy.address(cluster, pick.endpoint)
            response = await proxy.upstream.send(address, cluster, method, path, headers, body, connection)
            try:
                latency = asyncio.get_running_loop().time() - begun
                pick.report(status=response.status, headers=response.raw_headers, latency=latency)
                while await response.content.readany():
                    pass
            finally:
                response.close()
            return response.status, ""
        except UpstreamError as error:
            pick.report(error=error.reply.error or None)
            return 0, error.reply.flags
        except (aiohttp.ClientError, OSError):  # the answer broke off
            pick.report(error=RESET.error)
            return 0, RESET.flags
        except asyncio.CancelledError:
            if copy.ended_by == "timeout":
                pick.report(error=RESPONSE_TIMEOUT.error)
            raise
        finally:
            if connection is not None:
                connection.close()
