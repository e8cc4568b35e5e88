"""Spans that a mesh reports, kept for tests."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.trace import format_span_id, format_trace_id

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

__all__ = ["SPAN", "TRACE", "Exporter", "Kept", "id_of", "parent_of", "tags_of", "trace_of"]

_why = "opentelemetry-sdk is not installed (extra otel)"
_export = pytest.importorskip("opentelemetry.sdk.trace.export", reason=_why)
_memory = "opentelemetry.sdk.trace.export.in_memory_span_exporter"
Exporter: Any = pytest.importorskip(_memory, reason=_why).InMemorySpanExporter

TRACE, SPAN = "463ac35c9f6413ad48485a3953bb6124", "a2fb4a1d1a96d312"


class Kept:
    """A processor that keeps spans, the first that ended first."""

    def __init__(self) -> None:
        self._exporter = Exporter()
        self.processor = _export.SimpleSpanProcessor(self._exporter)

    @property
    def spans(self) -> list[ReadableSpan]:
        return list(self._exporter.get_finished_spans())

    def wait(self, enough: Callable[[list[ReadableSpan]], bool], patience: float = 60.0) -> None:
        """Wait for spans of another thread."""
        end = time.monotonic() + patience
        while not enough(self.spans):
            assert time.monotonic() < end, "the spans did not come"
            time.sleep(0.005)

    def only(self) -> ReadableSpan:
        (span,) = self.spans
        return span

    def clear(self) -> None:
        self._exporter.clear()


def id_of(span: ReadableSpan) -> str:
    return format_span_id(span.context.span_id)


def trace_of(span: ReadableSpan) -> str:
    return format_trace_id(span.context.trace_id)


def parent_of(span: ReadableSpan) -> str | None:
    return None if span.parent is None else format_span_id(span.parent.span_id)


def tags_of(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})
