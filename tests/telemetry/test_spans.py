"""meshcore.telemetry.spans: finished spans, as OpenTelemetry's processors get them."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.trace import SpanKind, StatusCode
from span_support import SPAN, TRACE, Exporter, Kept, id_of, parent_of, tags_of, trace_of

from meshcore import SpanContext
from meshcore.telemetry.spans import Event, FinishedSpan, Spans

CONTEXT = SpanContext.extract({"traceparent": f"00-{TRACE}-{SPAN}-03", "tracestate": "a=1"})


def finished(**fields: Any) -> FinishedSpan:
    assert CONTEXT is not None
    given: dict[str, Any] = {
        "name": "op",
        "kind": "server",
        "context": CONTEXT,
        "parent_id": None,
        "remote": True,
        "start": 1_000,
        "end": 2_000,
        "tags": {"a": "b", "n": 7},
        "error": False,
    }
    return FinishedSpan(**{**given, **fields})


def test_what_a_span_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_SERVICE_NAME", raising=False)
    kept = Kept()
    Spans(kept.processor, service="reviews").report(finished(events=[Event("retry", 1_500, {"n": "1"})]))
    span = kept.only()
    assert (span.name, span.kind, span.start_time, span.end_time) == ("op", SpanKind.SERVER, 1_000, 2_000)
    assert (trace_of(span), id_of(span), parent_of(span)) == (TRACE, SPAN, None)
    assert span.context.trace_flags == 3
    assert span.context.trace_state.get("a") == "1"
    assert tags_of(span) == {"a": "b", "n": 7}
    assert span.status.status_code is StatusCode.UNSET
    assert [(it.name, it.timestamp, dict(it.attributes or {})) for it in span.events] == [
        ("retry", 1_500, {"n": "1"})
    ]
    assert span.resource.attributes["service.name"] == "reviews"
    assert span.instrumentation_scope is not None
    assert span.instrumentation_scope.name == "meshcore"


def test_parents_and_errors() -> None:
    kept = Kept()
    spans = Spans(kept.processor)
    spans.report(finished(parent_id="00000000000000ab", error=True))
    spans.report(finished(parent_id="00000000000000cd", remote=False, kind="client"))
    first, second = kept.spans
    assert (parent_of(first), parent_of(second)) == ("00000000000000ab", "00000000000000cd")
    assert first.parent is not None
    assert first.parent.is_remote
    assert second.parent is not None
    assert not second.parent.is_remote
    assert (first.status.status_code, second.kind) == (StatusCode.ERROR, SpanKind.CLIENT)


def test_the_environment_names_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "shop")
    kept = Kept()
    Spans(kept.processor, service="reviews").report(finished())
    assert kept.only().resource.attributes["service.name"] == "shop"


def test_short_ids_and_bytes_that_are_no_text() -> None:
    kept = Kept()
    context = SpanContext.extract({"b3": f"{TRACE[16:]}-{SPAN}-1"})
    Spans(kept.processor).report(finished(context=context, name="\udcff", tags={"a": "x\udc80", "u": "é"}))
    span = kept.only()
    assert trace_of(span) == TRACE[16:].zfill(32)
    assert (span.name, tags_of(span)) == ("\\udcff", {"a": "x\\udc80", "u": "é"})
    span.to_json()


def test_texts_that_go_on_and_on() -> None:
    kept = Kept()
    Spans(kept.processor).report(finished(name="n" * 5000, tags={"a": "x" * 5000}))
    span = kept.only()
    assert len(span.name) == len(tags_of(span)["a"]) == 4096


@pytest.mark.parametrize("method", ["on_end", "force_flush"])
def test_a_processor_that_fails_is_logged_once(method: str, caplog: pytest.LogCaptureFixture) -> None:
    class Failing:
        works = False

        def on_end(self, span: object) -> None:
            if not self.works:
                raise RuntimeError("queue is shut")

        def force_flush(self) -> None:
            raise RuntimeError("no collector")

    processor: Any = Failing()
    spans = Spans(processor)
    with caplog.at_level(logging.ERROR, "meshcore.spans"):
        if method == "force_flush":
            spans.flush()
            assert [it.message for it in caplog.records] == ["exporting spans failed"]
            return
        for _ in range(3):
            spans.report(finished())
        assert len(caplog.records) == 1
        processor.works = True
        spans.report(finished())
        processor.works = False
        spans.report(finished())
        assert len(caplog.records) == 2


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (Exporter, "not InMemorySpanExporter; exporters go into one"),
        (lambda: "otlp", "SpanProcessor of OpenTelemetry's SDK, such as"),
        (lambda: Kept, "not the class Kept"),
    ],
)
def test_what_is_no_processor(given: Callable[[], Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        Spans(given())


def test_without_the_sdk_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept()
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(ModuleNotFoundError, match=r"meshcore-engine\[otel\]"):
        Spans(kept.processor)


def test_flush_does_not_wait_for_ever() -> None:
    release, begun = threading.Event(), threading.Event()

    class Stuck:
        def on_end(self, span: object) -> None:
            pass

        def force_flush(self) -> None:
            begun.set()
            release.wait(20)

    processor: Any = Stuck()
    Spans(processor).flush(within=0.01)
    assert begun.wait(20)
    release.set()
