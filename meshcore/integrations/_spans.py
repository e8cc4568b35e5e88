"""Spans of what comes in and of what goes out: which requests are reported, and by which ids.

The ids are those that go on in header lines. A listener that does not trace has no spans, as in Envoy.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

from meshcore._opentelemetry import running
from meshcore._tracers import Reads, reads, span_in
from meshcore.context import RequestContext
from meshcore.engine import Attempt, Decision, Outcome
from meshcore.exchange import AttemptError
from meshcore.mesh import Mesh
from meshcore.model import TracingOptions
from meshcore.telemetry.request_spans import (
    AttemptSpan,
    Kind,
    RequestSpan,
    above_attempt,
    labels_of,
    reason_of,
)
from meshcore.telemetry.span_texts import OPERATION, Seen
from meshcore.trace import SpanContext

__all__ = ["Calling", "Closes", "calling", "server_span"]


def _request_span(
    mesh: Mesh,
    options: TracingOptions,
    kind: Kind,
    remote: bool,
    context: SpanContext,
    parent: str | None,
    seen: Seen,
    decision: Decision,
) -> RequestSpan:
    assert mesh.spans is not None
    return RequestSpan(
        mesh.spans,
        kind,
        context,
        parent,
        remote=remote,
        seen=seen,
        decision=decision,
        options=options,
        label=lambda address: labels_of(mesh.view().cluster(decision.cluster), address),
    )


# ------------------------------------------------------------------ what comes in


def server_span(mesh: Mesh, decision: Decision, context: RequestContext, seen: Seen) -> RequestSpan | None:
    """The span of a request that a middleware has decided on; None: it is not reported.

    What runs for the request is below it.
    """
    listener = mesh.view().options(decision.listener)
    options = listener.tracing
    if mesh.spans is None or options is None or not options.server_spans:
        return None
    span = context.span
    if span.sampled is None:  # nobody has decided before us
        span = span.with_sampling(decision.traced)
        context.belong(span)
    if not span.sampled:
        return None
    outer = running()  # of an instrumentation that is around the middleware
    remote = outer is None or outer.span_id != span.parent_id
    made = _request_span(mesh, options, "server", remote, span, span.parent_id, seen, decision)
    if not listener.use_remote_address:  # else it may be a stranger's word
        made.told = seen.header(OPERATION)
    return made


# ------------------------------------------------------------------ what goes out


class Closes(Protocol):
    """What an attempt holds while its answer is read."""

    def close(self) -> object: ...


class Answered(Protocol):
    """The head of an answer, as a client has it."""

    place: Closes

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Any: ...


R = TypeVar("R", bound=Answered)


def calling(
    mesh: Mesh,
    decision: Decision,
    seen: Seen,
    context: RequestContext | None,
    injected: SpanContext | None,
) -> Calling | None:
    """The spans of a request that a client has decided on; None: it is not reported.

    Args:
        context: of the request on whose behalf it is made.
        injected: the span that was written into the request's lines, unless the caller's own stand there.
    """
    options = mesh.view().options(decision.listener).tracing
    own = context.span if context is not None else None
    if options is None or (own is not None and own.sampled is False):
        return None
    first = reads(options)
    given = span_in(seen.headers, first)
    forwarded = decision.outcome is Outcome.FORWARD
    sent = span_in(decision.request_headers(), first) if forwarded else given
    if sent is None or not sent.is_valid or not sent.sampled:
        return None
    above = given.span_id if given is not None and given.trace_id == sent.trace_id else None
    ours = injected is not None and injected.span_id == above
    if sent.span_id == above and not ours:
        return None  # it is the caller's own, who reports it
    free = injected if ours and injected is not own else None  # it is nobody's yet
    if ours and own is not None:
        above = own.span_id
    spawns = forwarded and options.spawn_upstream_span and decision.trace_format is not None
    span = above_attempt(sent, above, free) if spawns or sent.span_id == above else sent
    kind: Kind = "internal" if spawns else "client"
    made = _request_span(mesh, options, kind, False, span, above, seen, decision)
    return Calling(made, first, spawns=spawns)


class Calling:
    """A request that goes out, as spans tell of it: one span of all attempts, or one for each beside it."""

    def __init__(self, span: RequestSpan, first: Reads, *, spawns: bool) -> None:
        self._span = span
        self._first = first  #: formats of its lines that go before others
        self._spawns = spawns
        self._open = 0  #: answers that are being read
        self._status: int | None = None  #: of the answer that the client gets; None: it has none yet

    def sending(self, send: Callable[[Attempt, float | None], R]) -> Callable[[Attempt, float | None], R]:
        """``send``, told of."""

        def told(attempt: Attempt, limit: float | None) -> R:
            one = self._begin(attempt)
            try:
                reply = send(attempt, limit)
            except BaseException as error:
                self._failed(attempt, one, error)
                raise
            return self._answered(one, reply)

        return told

    def asending(self, send: Callable[[Attempt], Awaitable[R]]) -> Callable[[Attempt], Awaitable[R]]:
        """The same for asyncio."""

        async def told(attempt: Attempt) -> R:
            one = self._begin(attempt)
            try:
                reply = await send(attempt)
            except BaseException as error:
                self._failed(attempt, one, error)
                raise
            return self._answered(one, reply)

        return told

    def over(self, status: int) -> None:
        """The client has its answer's head, or none will come (0)."""
        self._status = status
        if not self._open:
            self._span.end(status)

    def abandoned(self, error: BaseException) -> None:
        """The client has been told an error, or does not wait any more."""
        left = isinstance(error, asyncio.CancelledError | GeneratorExit | KeyboardInterrupt)
        self._span.end(0, "DC" if left else None)

    def _begin(self, attempt: Attempt) -> AttemptSpan | None:
        sent = span_in(attempt.request_headers(), self._first) if self._spawns else None
        return self._span.attempt(attempt, sent)

    def _failed(self, attempt: Attempt, one: AttemptSpan | None, error: BaseException) -> None:
        failure = error.error if isinstance(error, AttemptError) else ""
        if isinstance(error, TimeoutError):
            failure = "per-try-timeout"
        if one is not None:
            one.end(0, failure, cancelled=isinstance(error, asyncio.CancelledError))
        elif failure:
            tags = {"error.reason": reason_of(failure), "upstream_address": attempt.endpoint}
            self._span.note("attempt failed", tags)

    def _answered(self, one: AttemptSpan | None, reply: R) -> R:
        self._open += 1
        for name, value in _pairs(reply.headers):
            if name.lower() in (OPERATION, OPERATION.decode()):
                self._span.told = value.decode("latin-1") if isinstance(value, bytes) else value
        reply.place = _Ending(reply.place, lambda: self._read(one, reply.status))
        return reply

    def _read(self, one: AttemptSpan | None, status: int) -> None:
        """An answer has been read, or is not going to be."""
        if one is not None:
            one.end(status)
        self._open -= 1
        if not self._open and self._status is not None:
            self._span.end(self._status)


def _pairs(headers: Any) -> Any:
    return headers if isinstance(headers, list | tuple) else ()


class _Ending:
    """In place of what an attempt holds: told of its end, once."""

    def __init__(self, held: Closes, end: Callable[[], None]) -> None:
        self._held = held
        self._end: Callable[[], None] | None = end

    def close(self) -> None:
        end, self._end = self._end, None
        try:
            self._held.close()
        finally:
            if end is not None:
                end()
