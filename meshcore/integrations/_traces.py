"""What the lines of a request that comes in tell of its trace: to who decides on it, and to the app."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from meshcore._opentelemetry import running
from meshcore._trace import FORMATS, propagators
from meshcore._tracers import Line, Reads, name_span, same_trace, translated
from meshcore.context import RequestContext
from meshcore.decision import Decision
from meshcore.trace import SpanContext

__all__ = ["Naming", "named_environ", "naming", "told", "told_environ"]

Naming = Callable[[list[Line]], list[Line]]


def told(headers: Any, tracers: tuple[Reads, ...]) -> list[Line] | None:
    """The lines to decide on and to go on with, where these are not as they came.

    They are below the span of OpenTelemetry's that this runs in, of an instrumentation that is around the
    middleware, unless that is of another trace; and each of the configuration's tracers can read them.
    """
    outer = running()
    if outer is not None:
        came = SpanContext.extract(headers)
        if came is not None and came.trace_id is not None and not same_trace(came, outer):
            outer = None
    if outer is None:
        more = translated(headers, tracers) if tracers else None
        return None if more is None else [*headers, *more]
    lines = list(headers)
    name_span(lines, outer, ("tracecontext",))
    return lines + (translated(lines, tracers) or [])


def naming(context: RequestContext, decision: Decision, *, called: bool, reported: bool) -> Naming | None:
    """What has the app's lines name the request's span; None: they stay.

    Args:
        called: by a caller in the mesh, of whose lines nothing is changed but what has to be.
        reported: the span is: an app that OpenTelemetry instruments as well has to find it.
    """
    if not reported and (called or decision.trace_format is None):
        return None
    return partial(_named, span=context.span, formats=_looked_for() if reported else ())


def _named(lines: list[Line], span: SpanContext, formats: tuple[str, ...]) -> list[Line]:
    lines = list(lines)
    name_span(lines, span, formats)
    return lines


def _looked_for() -> tuple[str, ...]:
    """The formats that OpenTelemetry's propagators look for."""
    chosen = propagators()
    return ("tracecontext",) if chosen is None else tuple(FORMATS[it] for it in chosen)


# ------------------------------------------------------------------ WSGI


def told_environ(environ: dict[str, Any], came: list[Line], lines: list[Line]) -> dict[str, Any]:
    """The environ with these header lines in place of those that came."""
    edited = dict(environ)
    left = dict(lines)
    for name, _ in came:
        if name not in left:
            edited.pop(_key(name), None)
    before = dict(came)
    for name, value in left.items():
        if before.get(name) != value:
            edited[_key(name)] = value.decode("latin-1")
    return edited


def named_environ(environ: dict[str, Any], came: list[Line], named: Naming) -> dict[str, Any]:
    """The environ with what is made of these lines."""
    return told_environ(environ, came, named(came))


def _key(name: bytes) -> str:
    return "HTTP_" + name.decode("latin-1").upper().replace("-", "_")
