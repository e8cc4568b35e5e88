"""The span of OpenTelemetry's API that code runs in, of those who use it beside us."""

from __future__ import annotations

import sys
from typing import Any

from meshcore.trace import SpanContext

__all__ = ["running"]


def running() -> SpanContext | None:
    """The span; None: there is none, or nobody has loaded the API."""
    context: Any = sys.modules.get("opentelemetry.context")
    trace: Any = sys.modules.get("opentelemetry.trace")
    if context is None or trace is None or not context.get_current():  # mostly there is nothing in it
        return None
    span = trace.get_current_span().get_span_context()
    if not span.is_valid:
        return None
    lines = {"traceparent": f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags & 3:02x}"}
    if span.trace_state:
        lines["tracestate"] = span.trace_state.to_header()
    return SpanContext.extract(lines, ("tracecontext",))
