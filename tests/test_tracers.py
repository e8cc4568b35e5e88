"""Traces in other formats than a tracer's, by their lines alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshcore import SpanContext
from meshcore._trace import FORMATS
from meshcore._tracers import Line, Reads, agree, came_in, name_span, same_trace, span_in, translated

SPEAKING = [name for name in FORMATS if name not in ("baggage", "requestid")]
OTEL: Reads = ("tracecontext",)
ZIPKIN: Reads = ("b3", "b3multi")
BOTH: Reads = (*ZIPKIN, *OTEL)
NAMES = [
    b"b3",
    b"x-b3-traceid",
    b"x-b3-spanid",
    b"x-b3-sampled",
    b"traceparent",
    b"tracestate",
    b"uber-trace-id",
    b"uberctx-a",
    b"x-datadog-trace-id",
    b"x-datadog-parent-id",
    b"x-datadog-tags",
    b"x-amzn-trace-id",
    b"x-cloud-trace-context",
    b"ot-tracer-traceid",
    b"ot-tracer-spanid",
    b"host",
]
IDS = st.integers(0, 2**64 - 1)


@st.composite
def said(draw: st.DrawFn) -> list[Line]:
    """Lines of several formats, of traces that may be the same, among others that may be malformed."""
    lines: list[Line] = []
    traces = [draw(IDS) for _ in range(2)]
    for name in draw(st.lists(st.sampled_from(SPEAKING), unique=True)):
        bits = draw(st.sampled_from((64, 128)))
        context = SpanContext.new(trace_id_bits=bits, seed=draw(st.sampled_from(traces)))
        if draw(st.booleans()):
            context = context.child(seed=draw(IDS))
        lines += context.with_sampling(draw(st.sampled_from((None, False, True)))).inject([], (name,))
    for _ in range(draw(st.integers(0, 3))):
        lines.append((draw(st.sampled_from(NAMES)), draw(st.binary(max_size=70))))
    return draw(st.permutations(lines))


def told_in(lines: list[Line]) -> list[SpanContext]:
    found = [SpanContext.extract(lines, (name,)) for name in SPEAKING]
    return [it for it in found if it is not None and it.trace_id is not None]


@given(said(), st.sampled_from((None, False, True)), IDS)
def test_all_lines_name_a_span(lines: list[Line], sampled: bool | None, seed: int) -> None:
    span = SpanContext.new(sampled=sampled, seed=seed).child()
    before, others = told_in(lines), [line for line in lines if line[0] == b"host"]
    name_span(lines, span)
    after = told_in(lines)
    assert {it.source for it in after} == {it.source for it in before}
    assert [line for line in lines if line[0] == b"host"] == others
    for it in after:
        if it.source == "datadog":  # the upper half of a trace id may find no room among the tags
            continue
        assert (it.trace_id, it.span_id) == (span.trace_id, span.span_id)
        assert sampled is None or it.sampled == sampled
    again = list(lines)
    name_span(lines, span)
    assert lines == again


@given(said(), st.sampled_from([(OTEL,), (ZIPKIN,), (BOTH,), (OTEL, ZIPKIN)]))
def test_each_tracer_is_told(lines: list[Line], tracers: tuple[Reads, ...]) -> None:
    before = told_in(lines)
    more = translated(lines, tracers)
    if more is None:
        assert all(it.source in first for it in before for first in tracers)
        return
    spans = {(it.trace_id, it.span_id) for it in before}
    assert {((it.trace_id or "").zfill(32), it.span_id) for it in told_in(more)} <= {
        ((trace or "").zfill(32), span) for trace, span in spans
    }
    names = {name for name, _ in lines}
    if names.isdisjoint({name for name, _ in more}):  # else one stands there already that is malformed
        for first in tracers:
            assert came_in([*lines, *more], first) is not None


@given(said(), st.sampled_from([OTEL, ZIPKIN]))
def test_lines_of_a_trace_agree_with_the_tracers(lines: list[Line], first: Reads) -> None:
    made = span_in(lines, first)
    agree(lines, first)
    if made is None or made.source not in first or made.trace_id is None:
        return
    written = SpanContext.extract(lines, first)
    assert written is not None
    assert (written.trace_id, written.span_id) == (made.trace_id, made.span_id)


@pytest.mark.parametrize("state", ["1", "0", "d"])
def test_a_decision_of_another_format_holds(state: str) -> None:
    trace, caller, own = "1" * 32, "2" * 16, "3" * 16
    lines = [(b"b3", f"{trace}-{caller}-{state}".encode()), (b"traceparent", f"00-{trace}-{own}-00".encode())]
    agree(lines, OTEL)
    sampled = "00" if state == "0" else "01"
    assert dict(lines)[b"traceparent"] == f"00-{trace}-{own}-{sampled}".encode()
    assert dict(lines)[b"b3"] == f"{trace}-{own}-{state}-{caller}".encode()


def test_what_a_tracer_decides_alone_is_told() -> None:
    trace, caller, own = "1" * 32, "2" * 16, "3" * 16
    lines = [(b"b3", f"{trace}-{caller}".encode()), (b"traceparent", f"00-{trace}-{own}-00".encode())]
    agree(lines, OTEL)
    assert dict(lines)[b"b3"] == f"{trace}-{own}-0-{caller}".encode()


def test_fields_that_are_not_ids_stay() -> None:
    lines = [
        (b"x-amzn-trace-id", b"Root=1-46" + b"3" * 6 + b"-" + b"1" * 24 + b";Lineage=a:1"),
        (b"traceparent", b"00-" + b"1" * 32 + b"-" + b"2" * 16 + b"-01"),
        (b"tracestate", b"a=1"),
    ]
    span = SpanContext.extract(lines, ("xray",))
    assert span is not None
    span = span.child()
    name_span(lines, span)
    found = dict(lines)
    assert b"Lineage=a:1" in found[b"x-amzn-trace-id"]
    assert b"tracestate" not in found  # it was of the other trace
    assert {same_trace(it, span) for it in told_in(lines)} == {True}


@pytest.mark.parametrize("bits", [64, 128])
def test_a_trace_id_stays_as_long_as_it_is(bits: int) -> None:
    context = SpanContext.new(trace_id_bits=bits)
    lines: list[Line] = context.inject([], ("b3",))
    lines += context.child().inject([], ("tracecontext",))
    agree(lines, OTEL)
    trace = dict(lines)[b"b3"].split(b"-")[0]
    assert len(trace) == bits // 4
