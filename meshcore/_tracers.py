"""Traces in other formats than a tracer's: what it has to be told, and what the others are told then.

Envoy's tracers read and write their own format, and pass lines of others on: a request that came with ``b3``
leaves OpenTelemetry's tracer with a ``traceparent`` of another trace beside it. Within a process that would
be two traces of one request, for whoever reads the one or the other. So what a tracer does not read is said
in its format, too, before it decides; and once it has made a span, all lines name that.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from meshcore._trace import FORMATS, propagators
from meshcore._types import Headers
from meshcore.model import Config, TracingOptions
from meshcore.trace import SpanContext

__all__ = [
    "Line",
    "Reads",
    "agree",
    "alone",
    "came_in",
    "descends",
    "foreign",
    "name_span",
    "reads",
    "reads_as",
    "reads_of",
    "same_trace",
    "span_in",
    "translated",
]

Line = tuple[bytes, bytes]

#: Formats that a tracer reads, the one that counts first.
Reads = tuple[str, ...]

_OPENTELEMETRY: Reads = ("tracecontext",)
_ZIPKIN: Reads = ("b3", "b3multi")
#: The formats that name spans.
_SPEAKING = tuple(name for name in FORMATS if name not in ("baggage", "requestid"))


def reads(tracing: TracingOptions | None) -> Reads:
    """What a listener's tracer reads; (): there is none."""
    if tracing is None or not tracing.provider:
        return ()
    if tracing.provider == "opentelemetry":
        return _OPENTELEMETRY
    return _ZIPKIN if tracing.trace_context == "USE_B3" else (*_ZIPKIN, *_OPENTELEMETRY)


def reads_as(written: str | None) -> Reads:
    """What the tracer writes for sure whose format this is (``Decision.trace_format``)."""
    if written is None:
        return ()
    return _OPENTELEMETRY if written == "tracecontext" else _ZIPKIN


def reads_of(config: Config) -> tuple[Reads, ...]:
    """What each kind of tracer in a configuration reads."""
    found = (reads(listener.options.tracing) for listener in config.listeners)
    return tuple(dict.fromkeys(it for it in found if it))


def descends(config: Config) -> bool:
    """Whether each listener's tracer makes a span below the one that a request comes with, so that this one
    may be the current request's own."""
    found = [listener.options.tracing for listener in config.listeners]
    return all(
        it is not None
        and (it.provider == "opentelemetry" or (it.provider and (it.outbound or not it.shared_span_context)))
        for it in found
    )


@cache
def _before_others(first: Reads) -> tuple[str, ...]:
    """All formats, those of a tracer first: what it writes is what counts."""
    return (*first, *(name for name in FORMATS if name not in first))


def foreign(*tracers: Reads) -> tuple[str, ...]:
    """The formats that one of the tracers does not read, of those that OTEL_PROPAGATORS names."""
    return _unread(tracers, propagators())


@cache
def _unread(tracers: tuple[Reads, ...], chosen: tuple[int, ...] | None) -> tuple[str, ...]:
    return tuple(name for name in _looked_at(chosen) if any(name not in it for it in tracers))


@cache
def _looked_at(chosen: tuple[int, ...] | None) -> tuple[str, ...]:
    return _SPEAKING if chosen is None else tuple(it for it in _SPEAKING if FORMATS.index(it) in chosen)


def _told(lines: Iterable[Line], formats: tuple[str, ...]) -> SpanContext | None:
    """What lines of these formats tell of a trace; the span may be unknown, as to X-Ray's balancers."""
    found = SpanContext.extract(lines, formats) if formats else None
    return found if found is not None and found.trace_id is not None else None


def alone(trace_id: str | None, span_id: str | None) -> SpanContext:
    """The context of a span, whatever is above it."""
    found = SpanContext.extract({"b3": f"{trace_id}-{span_id}-1"}, ("b3",))
    assert found is not None
    return found


def same_trace(one: SpanContext, other: SpanContext) -> bool:
    """Whether both are of one trace, which may be told in 64 bits."""
    return (one.trace_id or "").zfill(32) == (other.trace_id or "").zfill(32)


def translated(lines: Iterable[Line], tracers: tuple[Reads, ...]) -> list[Line] | None:
    """What is to be said beside lines, so that each tracer reads of their trace; None: all of them read all
    that there is."""
    found = _told(lines, foreign(*tracers))
    if found is None:
        return None
    unaware = [it for it in tracers if _told(lines, it) is None]
    missing = tuple(dict.fromkeys("b3multi" if "b3multi" in it else "tracecontext" for it in unaware))
    if not missing:
        return []
    if not found.is_valid:
        found = found.child()
    if found.sampled is None and "tracecontext" in missing:
        found = found.with_sampling(True)  # which leaves it to the tracer: a traceparent cannot say so
    return found.inject([], missing)


def came_in(lines: Headers, first: Reads) -> SpanContext | None:
    """What a request came with, in the caller's own format rather than in one that a tracer reads. Of two
    traces it is the one that the tracer goes on with.

    Args:
        first: what it reads; (): there is none.
    """
    if not first:
        return SpanContext.extract(lines)
    came = SpanContext.extract(lines, (*foreign(first), *first, "baggage", "requestid"))
    if came is None or came.source in first:
        return came
    known = SpanContext.extract(lines, first)
    return came if known is None or not known.is_valid or same_trace(known, came) else known


def span_in(lines: Iterable[Line], first: Reads) -> SpanContext | None:
    """The span that lines name; of several those that a tracer reads and writes go before others.

    Where lines that it does not read say whether the trace is sampled, that holds: they are read further on.
    """
    span = SpanContext.extract(lines, _before_others(first))
    if span is None or not first or span.source not in first:
        return span
    other = _told(lines, foreign(first))
    if other is None or other.sampled in (None, span.sampled) or not same_trace(other, span):
        return span
    return span.with_sampling(other.sampled)


def agree(lines: list[Line], first: Reads) -> list[Line]:
    """Have lines of formats that a tracer does not read name the span that it has made below theirs, so that
    everybody hangs theirs below the same one."""
    if not first or (other := _told(lines, foreign(first))) is None:
        return lines
    made = span_in(lines, first)
    if made is not None and made.source in first and same_trace(made, other):
        name_span(lines, made)
    return lines


def name_span(lines: list[Line], span: SpanContext, formats: tuple[str, ...] = ()) -> None:
    """Have all lines that tell of a trace tell of this span, and those of ``formats`` in any case. Lines that
    OTEL_PROPAGATORS leaves out stay."""
    missing = []
    for name in _looked_at(propagators()):
        found = _told(lines, (name,))
        if found is None:
            missing.append(name)
            continue
        decided = span.sampled in (None, found.sampled)
        if decided and found.span_id == span.span_id and same_trace(found, span):
            continue
        found = found.with_ids_of(span)
        (found if decided else found.with_sampling(span.sampled, debug=span.debug)).inject(lines, (name,))
    span.inject(lines, tuple(name for name in formats if name in missing))
