"""Spans for OpenTelemetry: finished ones, made of what is known of a request, and handed to a processor.

The ids are those that went on in header lines, so that no tracer of the SDK takes part. Source of the
fields: opentelemetry.sdk.trace.ReadableSpan.
"""

from __future__ import annotations

import atexit
import logging
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from meshcore._version import __version__
from meshcore.trace import SpanContext

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

__all__ = ["Event", "FinishedSpan", "Spans", "Tags"]

#: Envoy's tags are texts; what OpenTelemetry has names of its own for may be numbers.
Tags = Mapping[str, str | int]

_log = logging.getLogger("meshcore.spans")


@dataclass(slots=True)
class Event:
    """Something that happened within a span; ``time``: in nanoseconds since the epoch."""

    name: str
    time: int
    tags: Tags = field(default_factory=dict)


@dataclass(slots=True)
class FinishedSpan:
    """What a span says. Times are nanoseconds since the epoch.

    ``context`` has the span's ids; ``parent_id``: 16 hexadecimal digits, None: it begins its trace;
    ``remote``: the parent is another process's.
    """

    name: str
    kind: Literal["server", "client", "internal"]
    context: SpanContext
    parent_id: str | None
    remote: bool
    start: int
    end: int
    tags: Tags
    error: bool
    events: Sequence[Event] = ()


class Spans:
    """Hands spans to a processor of OpenTelemetry's SDK, by any number of threads.

    Nothing that the processor does reaches a request: what it raises is logged, once until it works again.

    Args:
        processor: such as ``BatchSpanProcessor(OTLPSpanExporter())``: its ``on_end`` gets each span.
        service: the name that spans tell of this process, where OTEL_SERVICE_NAME and
            OTEL_RESOURCE_ATTRIBUTES have none.
        clock: the time, in nanoseconds since the epoch.

    Raises:
        TypeError: it is no processor, such as an exporter.
        ModuleNotFoundError: OpenTelemetry's SDK is not there.
    """

    def __init__(
        self,
        processor: SpanProcessor,
        *,
        service: str | None = None,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        given: object = processor
        if isinstance(given, type) or not callable(getattr(given, "on_end", None)):
            found = f"the class {given.__name__}" if isinstance(given, type) else type(given).__name__
            hint = "; exporters go into one" if hasattr(given, "export") else ""
            raise TypeError(
                "spans: expected a SpanProcessor of OpenTelemetry's SDK, such as"
                f" BatchSpanProcessor(OTLPSpanExporter()), not {found}{hint}"
            )
        try:
            import opentelemetry.sdk.trace  # noqa: F401
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                "spans need OpenTelemetry's SDK, which is missing; install it by: "
                "pip install 'meshcore-engine[otel]'",
                name=error.name,
            ) from error
        self.clock = clock
        self._processor = processor
        self._make = _maker(service)
        self._failing = False
        _all.add(self)

    def report(self, span: FinishedSpan) -> None:
        """Hand it over."""
        try:
            self._processor.on_end(self._make(span))
        except Exception:
            if not self._failing:
                _log.exception("reporting spans failed; requests are not concerned")
            self._failing = True
        else:
            self._failing = False

    def flush(self, within: float = 5.0) -> None:
        """Have the processor export what it still holds; that may go on once the seconds have passed."""
        flushing = threading.Thread(target=self._flush, name="meshcore-spans", daemon=True)
        flushing.start()
        flushing.join(within)

    def _flush(self) -> None:
        try:
            self._processor.force_flush()
        except Exception:
            _log.exception("exporting spans failed")


def _maker(service: str | None) -> Callable[[FinishedSpan], ReadableSpan]:
    """What makes spans of the SDK."""
    from opentelemetry import trace
    from opentelemetry.sdk import resources
    from opentelemetry.sdk import trace as sdk
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
    from opentelemetry.trace.status import Status, StatusCode

    resource = resources.Resource.create({})
    name = resource.attributes.get(resources.SERVICE_NAME)
    if service and (not name or str(name).startswith("unknown_service")):
        resource = resource.merge(resources.Resource({resources.SERVICE_NAME: service}))
    scope = InstrumentationScope("meshcore", __version__)
    kinds = {
        "server": trace.SpanKind.SERVER,
        "client": trace.SpanKind.CLIENT,
        "internal": trace.SpanKind.INTERNAL,
    }
    fine, failed = Status(StatusCode.UNSET), Status(StatusCode.ERROR)

    def make(span: FinishedSpan) -> ReadableSpan:
        context = span.context
        trace_id = int(context.trace_id or "0", 16)
        flags = trace.TraceFlags(context.trace_flags | trace.TraceFlags.SAMPLED)
        state = trace.TraceState.from_header([context.tracestate]) if context.tracestate else None

        def ids(span_id: str, *, remote: bool) -> Any:
            return trace.SpanContext(trace_id, int(span_id, 16), remote, flags, state)

        return sdk.ReadableSpan(
            _clean(span.name),
            ids(context.span_id or "0", remote=False),
            None if span.parent_id is None else ids(span.parent_id, remote=span.remote),
            resource,
            _cleaned(span.tags),
            [sdk.Event(it.name, _cleaned(it.tags), it.time) for it in span.events],
            (),
            kinds[span.kind],
            status=failed if span.error else fine,
            start_time=span.start,
            end_time=span.end,
            instrumentation_scope=scope,
        )

    return make


#: Characters of a text: requests say what they like, and exporters keep many spans at a time.
LONGEST = 4096


def _clean(text: str) -> str:
    """Bytes of a request that are no UTF-8 are kept as surrogates, which no exporter can write."""
    text = text[:LONGEST]
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _cleaned(tags: Tags) -> dict[str, str | int]:
    return {name: _clean(value) if isinstance(value, str) else value for name, value in tags.items()}


#: Whose spans are exported when the process ends: a processor alone does not see to it.
_all: weakref.WeakSet[Spans] = weakref.WeakSet()


@atexit.register
def _at_exit() -> None:
    for spans in list(_all):  # in this thread: no other one may begin any more
        spans._flush()
