"""OpenTelemetry's propagators beside ours, with the same headers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshcore import SpanContext

trace = pytest.importorskip("opentelemetry.trace")
tracecontext = pytest.importorskip("opentelemetry.trace.propagation.tracecontext")
b3 = pytest.importorskip("opentelemetry.propagators.b3")
jaeger = pytest.importorskip("opentelemetry.propagators.jaeger")
xray = pytest.importorskip("opentelemetry.propagators.aws")
Context = pytest.importorskip("opentelemetry.context").Context
baggage_of = pytest.importorskip("opentelemetry.baggage").get_all
W3CBaggagePropagator = pytest.importorskip("opentelemetry.baggage.propagation").W3CBaggagePropagator

PROPAGATORS = {
    "tracecontext": tracecontext.TraceContextTextMapPropagator(),
    "b3": b3.B3SingleFormat(),
    "b3multi": b3.B3MultiFormat(),
    "jaeger": jaeger.JaegerPropagator(),
    "xray": xray.AwsXRayPropagator(),
}

#: Of packages that may be missing.
MORE = {
    "cloudtrace": ("opentelemetry.propagators.cloud_trace_propagator", "CloudTraceFormatPropagator"),
    "ottrace": ("opentelemetry.propagators.ot_trace", "OTTracePropagator"),
}


def propagator(format: str) -> Any:
    if format not in PROPAGATORS:
        module, name = MORE[format]
        PROPAGATORS[format] = getattr(pytest.importorskip(module), name)()
    return PROPAGATORS[format]


FORMATS = [*PROPAGATORS, *MORE]

digits = st.text("0123456789abcdef", min_size=1, max_size=33)
trace_ids = st.one_of(
    st.integers(0, 2**128 - 1).map("{:032x}".format),
    st.integers(0, 2**64 - 1).map("{:016x}".format),
    digits,
    st.just("0" * 32),
)
span_ids = st.one_of(st.integers(0, 2**64 - 1).map("{:016x}".format), digits)
flags = st.sampled_from(["00", "01", "02", "03", "ff", "1", "0", "zz", "001"])
states = st.sampled_from(["0", "1", "d"])


def theirs(format: str, headers: dict[str, str]) -> tuple[str, str, bool] | None:
    context = propagator(format).extract(headers, context=Context())
    span = trace.get_current_span(context).get_span_context()
    if not span.is_valid:
        return None
    return f"{span.trace_id:032x}", f"{span.span_id:016x}", bool(span.trace_flags.sampled)


def ours(format: str, headers: dict[str, str]) -> tuple[str, str, bool] | None:
    context = SpanContext.extract(headers, [format])
    if context is None or not context.is_valid:
        return None
    return str(context.trace_id).rjust(32, "0"), str(context.span_id), bool(context.sampled)


@given(
    st.sampled_from(["00", "01", "cc", "ff", "0", "FF"]),
    trace_ids,
    span_ids,
    flags,
    st.sampled_from(["", "-x", "x"]),
)
def test_traceparent(version: str, trace_id: str, span_id: str, flag: str, rest: str) -> None:
    headers = {"traceparent": f"{version}-{trace_id}-{span_id}-{flag}{rest}"}
    assert ours("tracecontext", headers) == theirs("tracecontext", headers)


@given(trace_ids, span_ids, states, st.one_of(st.none(), st.integers(1, 2**64 - 1)), st.booleans())
def test_b3_single(trace_id: str, span_id: str, state: str, parent: int | None, capitals: bool) -> None:
    # Without a state theirs is sampled: it does not tell "defer" from "accept".
    ids = f"{trace_id}-{span_id}".upper() if capitals else f"{trace_id}-{span_id}"
    text = f"{ids}-{state}" + (f"-{parent:016x}" if parent else "")
    assert ours("b3", {"b3": text}) == theirs("b3", {"b3": text})


@given(trace_ids, span_ids, st.sampled_from([None, "0", "1", "true", "false"]), st.sampled_from([None, "1"]))
def test_b3_multi(trace_id: str, span_id: str, sampled: str | None, debug: str | None) -> None:
    given = {"x-b3-traceid": trace_id, "x-b3-spanid": span_id, "x-b3-sampled": sampled, "x-b3-flags": debug}
    headers = {name: value for name, value in given.items() if value is not None}
    if sampled == "true":
        # Older drafts' word; theirs knows it with a capital alone.
        assert ours("b3multi", headers) == theirs("b3multi", {**headers, "x-b3-sampled": "1"})
    else:
        assert ours("b3multi", headers) == theirs("b3multi", headers)


@given(trace_ids, span_ids, st.sampled_from("01239"))
def test_jaeger(trace_id: str, span_id: str, flag: str) -> None:
    headers = {"uber-trace-id": f"{trace_id}:{span_id}:0:{flag}"}
    if len(trace_id) > 32 or len(span_id) > 16:
        # Too long, whatever its value: so for Jaeger's own clients, and not for theirs.
        assert ours("jaeger", headers) is None
    else:
        assert ours("jaeger", headers) == theirs("jaeger", headers)


@given(st.lists(st.sampled_from(["1", "a" * 16, "b" * 32, "0", ""]), max_size=6))
def test_jaeger_of_any_fields(fields: list[str]) -> None:
    headers = {"uber-trace-id": ":".join([*fields, "1"])}
    assert ours("jaeger", headers) == theirs("jaeger", headers)


@given(
    trace_ids,
    span_ids,
    st.sampled_from(["0", "1"]),
    st.permutations(range(3)),
    st.sampled_from([";", "; ", " ;"]),
    st.sampled_from(["1", "2", ""]),
)
def test_xray(
    trace_id: str, span_id: str, sampled: str, order: list[int], between: str, version: str
) -> None:
    fields = [f"Root={version}-{trace_id[:8]}-{trace_id[8:]}", f"Parent={span_id}", f"Sampled={sampled}"]
    headers = {"X-Amzn-Trace-Id": between.join(fields[i] for i in order)}
    assert ours("xray", headers) == theirs("xray", headers)


@given(
    trace_ids,
    st.one_of(st.integers(0, 2**64 - 1).map(str), digits),
    st.sampled_from(["", ";o=0", ";o=1", ";o="]),
)
def test_cloudtrace(trace_id: str, span_id: str, options: str) -> None:
    headers = {"x-cloud-trace-context": f"{trace_id}/{span_id}{options}"}
    assert ours("cloudtrace", headers) == theirs("cloudtrace", headers)


@given(trace_ids, span_ids, st.sampled_from([None, "true", "false"]))
def test_ottrace(trace_id: str, span_id: str, sampled: str | None) -> None:
    headers = {"ot-tracer-traceid": trace_id, "ot-tracer-spanid": span_id}
    if sampled is not None:
        headers["ot-tracer-sampled"] = sampled
    assert ours("ottrace", headers) == theirs("ottrace", headers)


#: What theirs writes has the lower half of the trace's id alone: Lightstep's have 64 bits.
SHORT = {"ottrace"}


@pytest.mark.parametrize("format", FORMATS)
@given(seed=st.integers(0, 2**64 - 1), sampled=st.booleans())
def test_they_read_what_we_write(format: str, seed: int, sampled: bool) -> None:
    context = SpanContext.new(seed=seed, sampled=sampled)
    assert theirs(format, case_of(context.inject({}, [format]))) == (
        context.trace_id,
        context.span_id,
        sampled,
    )


def case_of(headers: dict[str, str]) -> dict[str, str]:
    """Their getter of dicts tells cases apart, and X-Ray's propagator asks for its own."""
    return {
        "X-Amzn-Trace-Id" if name == "x-amzn-trace-id" else name: value for name, value in headers.items()
    }


@pytest.mark.parametrize("format", FORMATS)
@given(trace_id=st.integers(1, 2**128 - 1), span_id=st.integers(1, 2**64 - 1), sampled=st.booleans())
def test_we_read_what_they_write(format: str, trace_id: int, span_id: int, sampled: bool) -> None:
    span = trace.NonRecordingSpan(
        trace.SpanContext(trace_id, span_id, is_remote=False, trace_flags=trace.TraceFlags(int(sampled)))
    )
    headers: dict[str, str] = {}
    propagator(format).inject(headers, context=trace.set_span_in_context(span, Context()))
    if format in SHORT:
        trace_id %= 2**64
    expected = (f"{trace_id:032x}", f"{span_id:016x}", sampled) if trace_id else None
    assert ours(format, headers) == expected


def test_tracestate_is_theirs() -> None:
    headers = {"traceparent": "00-" + "1" * 32 + "-" + "2" * 16 + "-01", "tracestate": "a=1, b@c=2 ,d=3"}
    state = trace.get_current_span(
        PROPAGATORS["tracecontext"].extract(headers, context=Context())
    ).get_span_context()
    context = SpanContext.extract(headers)
    assert context is not None
    assert context.tracestate == state.trace_state.to_header() == "a=1,b@c=2,d=3"


MEMBERS = [
    "a=1",
    "b@c=2",
    "d_-*/0=x y",
    "e= 3",
    "f=",
    "g=h=i",
    "J=1",
    "k",
    "=1",
    "l=\u00e9",
    "",
    " ",
    "m=1\t",
    "n=1 ",
]
MEMBERS += [f"o={'x' * 256}", f"p={'x' * 257}", f"{'r' * 257}=1", "s=~", "@=1"]


@given(st.lists(st.sampled_from(MEMBERS), max_size=6, unique=True), st.sampled_from([",", " , ", ",\t"]))
def test_tracestate(members: list[str], between: str) -> None:
    """One that is malformed anywhere is not passed on. (Of theirs neither is one that has a key twice.)"""
    text = between.join(members)
    headers = {"traceparent": "00-" + "1" * 32 + "-" + "2" * 16 + "-01", "tracestate": text}
    found = PROPAGATORS["tracecontext"].extract(headers, context=Context())
    context = SpanContext.extract(headers)
    assert context is not None
    assert context.tracestate == trace.get_current_span(found).get_span_context().trace_state.to_header()


keys = st.text("abcXYZ019_-.", min_size=1, max_size=8)
# They trim decoded values.
values = st.text('aZ0 ;,=%"\\ä€', max_size=12).map(str.strip)


@given(st.dictionaries(keys, values, max_size=8))
def test_baggage(members: dict[str, str]) -> None:
    propagator: Any = W3CBaggagePropagator()
    written: dict[str, str] = SpanContext.new().with_baggage(members).inject({}, ["baggage"])
    assert dict(baggage_of(propagator.extract(written, context=Context()))) == members


PAIRS = [
    "a=1",
    "a=2",
    "b = 2",
    " c=3 ",
    "d=",
    "e=f=g",
    "h=%C3%A4",
    "j",
    "=1",
    "k(l)=1",
    'm="n"',
    "",
    " ",
    "o=\u00e4",
]


@given(st.lists(st.sampled_from(PAIRS), max_size=8))
def test_baggage_that_is_read(pairs: list[str]) -> None:
    """But for properties, which theirs takes as a part of the value."""
    headers = {"baggage": ",".join(pairs)}
    context = SpanContext.extract(headers)
    found = dict(baggage_of(W3CBaggagePropagator().extract(headers, context=Context())))
    assert (dict(context.baggage) if context else {}) == found
