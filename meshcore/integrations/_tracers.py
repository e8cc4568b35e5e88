"""What the tracers of a configuration read of a request's trace, and what they have to be told for that.

A tracer that finds nothing it can read begins a trace, as Envoy's do. A client on whose request our own span
is written therefore writes it so that the tracer goes on from there, whatever format the trace came in.
"""

from __future__ import annotations

from functools import cache

from meshcore._trace import FORMATS
from meshcore.model import Config, TracingOptions

__all__ = ["Reads", "before_others", "reads", "reads_of", "unread"]

#: Formats that a tracer reads, the one that counts first.
Reads = tuple[str, ...]

_OPENTELEMETRY: Reads = ("tracecontext",)
_ZIPKIN: Reads = ("b3", "b3multi")


def reads(tracing: TracingOptions | None) -> Reads:
    """What a listener's tracer reads; (): there is none."""
    if tracing is None or not tracing.provider:
        return ()
    if tracing.provider == "opentelemetry":
        return _OPENTELEMETRY
    return _ZIPKIN if tracing.trace_context == "USE_B3" else (*_ZIPKIN, *_OPENTELEMETRY)


def reads_of(config: Config) -> tuple[Reads, ...]:
    """What each kind of tracer in a configuration reads."""
    found = (reads(listener.options.tracing) for listener in config.listeners)
    return tuple(dict.fromkeys(it for it in found if it))


@cache
def unread(tracers: tuple[Reads, ...], written: tuple[str, ...]) -> tuple[str, ...]:
    """The formats to write beside those that are, so that each tracer reads one; none where nothing is told
    of the trace (OTEL_PROPAGATORS is ``none``)."""
    if not set(written) - {"baggage", "requestid"}:
        return ()
    missing = [it for it in tracers if set(it).isdisjoint(written)]
    return tuple(dict.fromkeys("b3multi" if "b3multi" in it else "tracecontext" for it in missing))


@cache
def before_others(first: Reads) -> tuple[str, ...]:
    """All formats, those of a tracer first: what it writes is what counts."""
    return (*first, *(name for name in FORMATS if name not in first))
