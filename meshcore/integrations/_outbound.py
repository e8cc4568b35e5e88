"""What all clients do alike with a request that goes out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from types import EllipsisType
from typing import NamedTuple

from meshcore._opentelemetry import running
from meshcore._tracers import Line, agree, reads, same_trace, translated
from meshcore.certificates import server_name, tls_of
from meshcore.context import RequestContext, current
from meshcore.engine import Attempt, Decision
from meshcore.exchange import AttemptError
from meshcore.integrations._around import require_mesh
from meshcore.integrations._inbound import mark_of
from meshcore.integrations._spans import Calling, calling
from meshcore.mesh import Mesh
from meshcore.model import Cluster, Discovery, UpstreamTls
from meshcore.telemetry.span_texts import Seen
from meshcore.trace import SpanContext
from meshcore.upstream.connections import Connection, Place
from meshcore.upstream.replies import UpstreamError

__all__ = ["Line", "NoPlaceError", "Outbound", "Way", "body_of", "is_late", "too_late", "whither"]

#: Seconds that a thread waits for a place where it runs an event loop and nothing else limits it: the loop
#: stands still meanwhile, and the place may be one that only this loop can free.
LOOP_PATIENCE = 1.0
#: Istio's virtual host of whom REGISTRY_ONLY refuses.
BLOCK_ALL = "block_all"


class NoPlaceError(Exception):
    """No connection became free within the time that the caller itself has for it. The endpoint is not to
    blame, nor are there further attempts: a client raises its library's error in place of this one."""

    def __init__(self, place: Place, seconds: float, *, in_loop: bool) -> None:
        found = f"no connection to {place.endpoint} of {place.cluster} became free within {seconds:g} s: "
        found += "those that its circuit breakers allow are in use"
        if in_loop:
            found += (
                "; a sync client waits inside of an event loop that may hold them itself, and stands still"
                " meanwhile: use the library's async client there, or asyncio.to_thread()"
            )
        super().__init__(found)


class Way(NamedTuple):
    """How to reach an endpoint."""

    address: str  #: where to connect: "10.0.0.7:9080", "[::1]:80", or the path of a unix socket
    secure: bool  #: over TLS
    tls: UpstreamTls | None  #: as the cluster asks; None also where TLS is the caller's own wish
    server_name: str  #: of TLS; "" without it

    @property
    def unix(self) -> bool:
        return self.address.startswith("/")


class Outbound:
    """A process's calls of others, by the decisions of its mesh."""

    def __init__(self, mesh: Mesh) -> None:
        require_mesh(mesh)
        self.mesh = mesh
        #: Of every request that leaves this process for the mesh.
        self.mark: Line = mark_of(mesh)

    def decide(
        self, method: str, target: bytes, headers: Iterable[Line], *, scheme: str
    ) -> tuple[Decision, Calling | None]:
        """Decide on a request with these header lines, Host among them; its spans where it is reported.

        The lines of the current request's context are added, but for what the caller says itself; beside
        their formats in one that the listener's tracer reads.
        """
        self.mesh.use()
        context = self._acting(current())
        injected = self._to_inject(context)
        lines = self._lines(headers, context, injected)
        decision = self.mesh.engine.decide(method, None, target, lines, scheme=scheme)
        if self.mesh.spans is None:
            return decision, None
        path = target.decode("utf-8", "surrogateescape")
        seen = Seen(method, scheme, decision.authority, path, lines)
        return decision, calling(self.mesh, decision, seen, context, injected)

    async def started(self) -> None:
        """Start the mesh, where it is not, beside the event loop, which would wait for it in ``decide()``."""
        if not self.mesh.started:
            await self.mesh.ause()

    def _acting(self, context: RequestContext | None) -> RequestContext | None:
        """The context of OpenTelemetry's span that this runs in, an instrumentation's or the app's own, where
        the request is in the same trace. Else the request's."""
        span = running()
        reports = self.mesh.spans is not None
        if span is None:
            return context
        if context is None:
            return _context_of(span) if reports else None
        own = context.span
        if not same_trace(own, span) or (own.sampled and not span.sampled):
            return context
        # Of an instrumentation that is around the middleware ours is below its span, not beside that.
        return context if reports and own.parent_id == span.span_id else context.within(span)

    def _to_inject(self, context: RequestContext | None) -> SpanContext | None:
        """The span to tell of; None: there is none. Where the tracer makes one for the request, which is
        reported, none that nobody reports stands between this and the current request's."""
        if context is None:
            return None
        if self.mesh.spans is None:
            return context.span.child()
        return context.span if self.mesh.view().descends else context.span.child()

    def _lines(
        self, headers: Iterable[Line], context: RequestContext | None, span: SpanContext | None
    ) -> list[Line]:
        lines = list(headers)
        if context is not None:
            own = SpanContext.extract(lines)
            if span is not None and own is not None and own.is_valid:  # the caller's word is for all formats
                span = span.with_ids_of(own).with_sampling(own.sampled, debug=own.debug)
            said = {name.lower() for name, _ in lines}
            added: list[Line] = context.inject([], span)
            lines += [line for line in added if line[0] not in said]
        if tracers := self.mesh.view().tracers:
            lines += translated(lines, tracers) or ()
        lines.append(self.mark)
        return lines

    def lines(self, decision: Decision, attempt: Attempt) -> list[Line]:
        """The header lines of an attempt. Those that the tracer does not read name its span, too."""
        lines: list[Line] = attempt.request_headers()
        view = self.mesh.view()
        if view.tracers:
            agree(lines, reads(view.options(decision.listener).tracing))
        return lines

    @property
    def idle(self) -> bool:
        """Whether there is nothing to decide: the mesh has limits alone, which are for what comes in."""
        return self.mesh.view().limits_alone

    def passes(self, decision: Decision) -> bool:
        """Whether the request goes where it would go without a mesh: its host is not in the configuration, or
        this lets it pass (Istio's ALLOW_ANY)."""
        cluster = self.mesh.view().cluster(decision.cluster)
        if cluster is not None:
            passes = cluster.discovery is Discovery.ORIGINAL_DST
        else:
            passes = decision.virtual_host is None and decision.flags == "NR"
            if decision.virtual_host == BLOCK_ALL:
                self.mesh.passing(decision.authority, refused=True)
        if passes:
            self.mesh.passing(decision.authority)
        return passes

    def hold(self, decision: Decision) -> None:
        """Ask the rate limit services that a decision names, and wait out an injected delay."""
        if decision.rate_limits:
            self.mesh.limits.ask(decision)
        if decision.delay:
            time.sleep(decision.delay)
            decision.end_delay()

    async def ahold(self, decision: Decision) -> None:
        """The same for asyncio."""
        if decision.rate_limits:
            await self.mesh.limits.aask(decision)
        if decision.delay:
            await asyncio.sleep(decision.delay)
            decision.end_delay()

    @property
    def mirrors(self) -> bool:
        """Whether some requests are to be copied."""
        return self.mesh.view().mirrors

    def mirror(self, decision: Decision, body: bytes | EllipsisType | None) -> None:
        """Send the copies that a decision asks for, where there are ``mirrors``.

        ``body``: of the request; ...: it is read only once, and nobody holds it in full, so that a copy would
        not be whole.
        """
        if isinstance(body, EllipsisType):
            self.mesh.mirrors.skip(decision)
        else:
            self.mesh.mirrors.send(decision, body)

    def place(
        self, decision: Decision, attempt: Attempt, limit: float | None, patience: float | None
    ) -> tuple[Connection, float | None]:
        """The place of an attempt at its endpoint, once there is one, and what is left of its time then.

        Args:
            limit: seconds that the attempt has; None: any time.
            patience: seconds that the caller waits for a connection; None: as long as that takes.

        Raises:
            AttemptError: it would have to wait, and no more may.
            TimeoutError: there was none within the limit.
            NoPlaceError: there was none within the caller's patience.
        """
        place = self.place_at_once(decision, attempt)
        if place is not None:
            return place, limit
        wanted = _place(decision, attempt)
        if limit is None and patience is None and _runs_a_loop():
            patience = LOOP_PATIENCE
        within = min((it for it in (limit, patience) if it is not None), default=None)
        begun = time.monotonic()
        try:
            place = self.mesh.connections.wait(wanted, within)
        except UpstreamError as error:
            raise AttemptError(error.reply.error) from error
        except TimeoutError:
            if patience is None or within != patience:
                raise
            raise NoPlaceError(wanted, patience, in_loop=_runs_a_loop()) from None
        return place, None if limit is None else max(limit - (time.monotonic() - begun), 0.001)

    def place_at_once(self, decision: Decision, attempt: Attempt) -> Connection | None:
        """The place of an attempt, where there is one that nobody waits for."""
        return self.mesh.connections.at_once(_place(decision, attempt))

    async def aplace(self, decision: Decision, attempt: Attempt, patience: float | None) -> Connection:
        """The same as ``place()`` for asyncio, which cancels an attempt at its limit."""
        wanted = _place(decision, attempt)
        try:
            return await self.mesh.connections.take(wanted, patience)
        except UpstreamError as error:
            raise AttemptError(error.reply.error) from error
        except TimeoutError:
            assert patience is not None
            raise NoPlaceError(wanted, patience, in_loop=False) from None

    def deadline(self, decision: Decision) -> float | None:
        """When the answer has to have been read, by ``time.monotonic()``; None: never. As in Envoy a route's
        timeout is for the whole of it, and an endpoint is not to blame that has begun in time."""
        own, context = decision.deadline, current()
        callers = context.deadline if context is not None else None
        if own is None or callers is None:
            return callers if own is None else own
        return min(own, callers)

    def time_left(self) -> float | None:
        """Seconds until the current request has to be answered; None: there is no such time."""
        context = current()
        deadline = context.deadline if context is not None else None
        return None if deadline is None else deadline - time.monotonic()

    def way(self, decision: Decision, endpoint: str, authority: str, *, secure: bool) -> Way:
        """How to reach an endpoint of a decision. ``secure``: the caller asked for https."""
        cluster: Cluster | None = self.mesh.view().cluster(decision.cluster)
        tls = tls_of(cluster)
        address = self.mesh.address(cluster, endpoint)
        secure = secure or tls is not None
        return Way(address, secure, tls, server_name(tls, authority) if secure else "")

    def over(self, decision: Decision, status: int, spans: Calling | None) -> None:
        """Count a request that is over; 0: it got no answer."""
        self.mesh.requests.count((decision.cluster or "", status, decision.flags))
        if spans is not None:
            spans.over(status)


def _context_of(span: SpanContext) -> RequestContext:
    context = RequestContext()
    context.belong(span)
    return context


def body_of(decision: Decision) -> bytes:
    """That of a decision's own answer, which has none where HTTP knows none: to HEAD, and with status 204."""
    return b"" if decision.method == "HEAD" or decision.status in (204, 304) else decision.body


def whither(decision: Decision, attempt: Attempt) -> str:
    """Where an attempt went, for errors: the URL has no more than the service."""
    return f"{attempt.endpoint} of {decision.cluster}, attempt {attempt.number}"


def is_late(deadline: float | None) -> bool:
    """Whether the time is over in which an answer had to be read."""
    return deadline is not None and time.monotonic() >= deadline


def too_late(decision: Decision) -> str:
    """What is said of an answer whose deadline passed while it was read."""
    whose = f"{decision.endpoint} of {decision.cluster}"
    return f"timed out: the route's time was over before the end of the answer ({whose})"


def _runs_a_loop() -> bool:
    """Whether this thread is in the middle of an event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _place(decision: Decision, attempt: Attempt) -> Place:
    assert decision.cluster is not None
    return Place(decision.cluster, attempt.endpoint, decision.priority)
