"""The request that code runs for: known anywhere below it, whatever threads and tasks the way there takes.

One ``contextvars.ContextVar`` holds it. asyncio's tasks, ``asyncio.to_thread`` and what frameworks run sync
handlers in copy the caller's context by themselves; ``bind()`` and ``ContextExecutor`` do so for pools of
threads, and ``carrier()`` and ``activate()`` for queues, which lead to other processes.
"""

from __future__ import annotations

import contextvars
import logging
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cache, partial
from typing import Any, ParamSpec, Protocol, TypeVar

from meshcore._opentelemetry import running
from meshcore._options import function as callable_
from meshcore._options import instance
from meshcore._trace import FORMATS, propagators
from meshcore._tracers import alone, came_in, reads_as, same_trace, span_in
from meshcore._types import Headers
from meshcore.decision import Decision, Outcome
from meshcore.trace import SpanContext, request_id

__all__ = [
    "ContextExecutor",
    "ContextFilter",
    "RequestContext",
    "activate",
    "add_context",
    "bind",
    "current",
    "enter",
    "leave",
]

P = ParamSpec("P")
T = TypeVar("T")
C = TypeVar("C")


class Lazy(Protocol):
    """What may stand for a context that nobody has asked for."""

    def context(self) -> RequestContext:
        """The context, which is always the same one."""


_CURRENT: contextvars.ContextVar[RequestContext | Lazy | None] = contextvars.ContextVar(
    "meshcore", default=None
)


class RequestContext:
    """What is known of a request. Everything is found out when it is first asked for."""

    __slots__ = ("_decision", "_headers", "_span")

    def __init__(self, headers: Headers = (), *, decision: Decision | None = None) -> None:
        """``headers``: those that came in, which say what trace the request belongs to. ``decision``: what
        was decided for it."""
        self._headers: Headers | None = headers
        self._decision = decision
        self._span: SpanContext | None = None

    def __repr__(self) -> str:
        return f"<RequestContext {' '.join(f'{name}={getattr(self, name)!r}' for name in FIELDS)}>"

    @property
    def route(self) -> str | None:
        """Name of the matched route; None: none matched, or none was asked for."""
        return self._decision.route if self._decision is not None else None

    @property
    def cluster(self) -> str | None:
        """The cluster that the request was routed to."""
        return self._decision.cluster if self._decision is not None else None

    @property
    def deadline(self) -> float | None:
        """When the request has to be answered, in seconds of the engine's clock; None: never, or it is
        being answered: what goes on in the background then has any time."""
        decision = self._decision
        return None if decision is None or (decision.done and decision.answered) else decision.deadline

    @property
    def span(self) -> SpanContext:
        """The span of this process's work: below the caller's, or the first of a new trace. What is sent
        from here is below it."""
        if self._span is None:
            self.belong(_identified(self._begun(), self._decision))
        assert self._span is not None
        return self._span

    def _begun(self) -> SpanContext:
        """The span, below what came in; or, where no trace did, below the one of OpenTelemetry's that this
        runs in. Where the listener's tracer has made a span of the request it is that."""
        decision = self._decision
        first = reads_as(decision.trace_format) if decision is not None else ()
        came = came_in(self._headers, first) if self._headers else None
        begins = came is None or came.trace_id is None
        above = SpanContext.new(sampled=None) if came is None else came
        if begins and (outer := running()) is not None:
            above = above.with_ids_of(outer).with_sampling(outer.sampled)
            begins = False
        span = above if came is None and begins else above.child()
        if decision is None or not first:
            return span
        if decision.outcome is not Outcome.FORWARD:
            return span.with_sampling(decision.traced) if begins and span.sampled is None else span
        made = span_in(decision.request_headers(), first)
        if made is None or not made.is_valid or not (begins or same_trace(made, above)):
            return span
        if begins or made.span_id != above.span_id:  # else Zipkin's tracer has left the caller's
            span = above.with_ids_of(alone(made.trace_id, made.span_id))
        return span if made.sampled in (None, span.sampled) else span.with_sampling(made.sampled)

    def belong(self, span: SpanContext) -> None:
        """Take another span for this process's work: the one that is reported."""
        self._span, self._headers = span, None

    def within(self, span: SpanContext) -> RequestContext:
        """The same for work that is done in another span of the trace."""
        own = self.span.with_ids_of(span)
        other = RequestContext(decision=self._decision)
        other.belong(own if own.sampled is not None else own.with_sampling(span.sampled))
        return other

    @property
    def request_id(self) -> str:
        """``x-request-id``: the caller's, or a new one."""
        return self.span.request_id or ""

    @property
    def trace_id(self) -> str:
        return self.span.trace_id or ""

    @property
    def span_id(self) -> str:
        return self.span.span_id or ""

    def inject(self, headers: C, span: SpanContext | None = None) -> C:
        """Write the context for the next service into header lines: a span below this one, or the ``span``
        that is given, and the request id. The formats are OTEL_PROPAGATORS', or else the one that the request
        came with; of a trace that begins here the tracer's, where the configuration has one."""
        return (span or self.span.child()).inject(headers, self.formats)

    @property
    def formats(self) -> tuple[str, ...]:
        """What ``inject()`` writes, by the names that SpanContext has for formats."""
        own = self._decision.trace_format if self._decision is not None else None
        return _formats(self.span, own)

    def carrier(self) -> dict[str, str]:
        """The context as text, to be put beside a job in a queue; ``activate()`` takes it."""
        return self.inject({})


def current() -> RequestContext | None:
    """The context of the request that this code runs for; None: it runs for none."""
    found = _CURRENT.get()
    return found if found is None or isinstance(found, RequestContext) else found.context()


def enter(context: RequestContext) -> contextvars.Token[RequestContext | Lazy | None]:
    """Make it the current one; ``leave()`` with the token that is returned."""
    return _CURRENT.set(context)


def leave(token: contextvars.Token[RequestContext | Lazy | None]) -> None:
    """Make the one before the current one again."""
    # Of another context, where a generator was closed by whoever collected it: who may work for another
    # request, and goes on with that.
    with suppress(ValueError):
        _CURRENT.reset(token)


def activate(carrier: Mapping[str, str] | RequestContext) -> AbstractContextManager[RequestContext]:
    """Work on behalf of a request elsewhere: of the one that gave the carrier, or of a context at hand.

    Raises:
        TypeError: the carrier is neither.
    """
    expected = "the dict that carrier() gave, or a RequestContext"
    instance("carrier", carrier, (Mapping, RequestContext), expected)
    if isinstance(carrier, RequestContext):
        return _active(carrier)
    for name, value in carrier.items():
        instance("a name of carrier", name, (str, bytes), f"text, as in {expected}")
        instance(f"carrier[{name!r}]", value, (str, bytes), f"text, as in {expected}")
    return _active(RequestContext(carrier))


@contextmanager
def _active(context: RequestContext) -> Iterator[RequestContext]:
    token = enter(context)
    try:
        yield context
    finally:
        leave(token)


def bind(function: Callable[P, T]) -> Callable[P, T]:
    """The function, to be called in any thread on behalf of the request that is current now.

    Raises:
        TypeError: it cannot be called.
    """
    callable_("function", function, "a function")
    return partial(contextvars.copy_context().run, function)


class ContextExecutor(ThreadPoolExecutor):
    """A pool whose threads work on behalf of whoever submits, with all of the caller's context variables.

    ``loop.set_default_executor(ContextExecutor())`` has ``run_in_executor`` do likewise.
    """

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        return super().submit(contextvars.copy_context().run, partial(fn, *args, **kwargs))


# ------------------------------------------------------------------ logs

#: What is added to each record.
FIELDS = ("request_id", "trace_id", "span_id", "route", "cluster")


def _values() -> dict[str, str]:
    context = current()
    if context is None:
        return dict.fromkeys(FIELDS, "")
    return {name: _printable(getattr(context, name) or "") for name in FIELDS}


def _printable(text: str) -> str:
    """What any log can write: an id of a client's may have bytes that are no UTF-8."""
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


class ContextFilter(logging.Filter):
    """Gives each log record ``request_id``, ``trace_id``, ``span_id``, ``route`` and ``cluster``; "" outside
    of requests. Add it to a handler: filters of loggers do not see what their children log."""

    def filter(self, record: logging.LogRecord) -> bool:
        for name, value in _values().items():
            setattr(record, name, value)
        return True


def add_context(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A processor for structlog: the same fields, where there is a request; given ones stay."""
    if _CURRENT.get() is not None:
        for name, value in _values().items():
            event.setdefault(name, value)
    return event


def _identified(span: SpanContext, decision: Decision | None) -> SpanContext:
    """The span with the request's id."""
    came_as = span.request_id
    chosen = (decision.request_id if decision is not None else None) or came_as or request_id()
    if chosen == came_as:
        return span
    try:  # the engine may have given it another one
        return span.with_request_id(chosen)
    except ValueError:  # the client's, which is too long, or has a tab: extract() passes it over
        return span.with_request_id(came_as or request_id())


def _formats(span: SpanContext, own: str | None) -> tuple[str, ...]:
    """OTEL_PROPAGATORS', or else the one that the request came with, or else our own tracer's; the request id
    always, baggage where there is some."""
    return _names(propagators(), span.source or own or "b3multi", bool(span.baggage))


@cache
def _names(chosen: tuple[int, ...] | None, own: str, baggage: bool) -> tuple[str, ...]:
    """The same tuple each time, which SpanContext knows again."""
    if chosen is not None:
        return (*(FORMATS[number] for number in chosen), "requestid")
    return (own, "baggage", "requestid") if baggage else (own, "requestid")
