"""SpanContext and request_id: what each format says, in every shape of headers."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshcore import SpanContext, _trace, request_id, trace_counts

pytestmark = pytest.mark.usefixtures("each_backend")

TRACE = "463ac35c9f6413ad48485a3953bb6124"
SPAN = "a2fb4a1d1a96d312"
B3 = {"x-b3-traceid": TRACE, "x-b3-spanid": SPAN, "x-b3-sampled": "1"}

ids = st.integers(1, 2**64 - 1)


def extracted(headers: Any, formats: Any = None) -> SpanContext:
    context = SpanContext.extract(headers, formats)
    assert context is not None
    return context


# ---------------------------------------------------------------------- shapes of headers

SHAPES: dict[str, Callable[[dict[str, str]], Any]] = {
    "list of bytes": lambda lines: [(name.encode(), value.encode()) for name, value in lines.items()],
    "list of str": lambda lines: list(lines.items()),
    "list of lists": lambda lines: [[name, value] for name, value in lines.items()],
    "tuple": lambda lines: tuple((name.encode(), value.encode()) for name, value in lines.items()),
    "dict": lambda lines: {name.title(): value for name, value in lines.items()},
    "dict of bytes": lambda lines: {name.encode(): value.encode() for name, value in lines.items()},
    "generator": lambda lines: ((name, value) for name, value in lines.items()),
    "many lines": lambda lines: [(f"x-line-{i}", "x") for i in range(100)] + list(lines.items()),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_headers_come_in_any_shape(shape: str) -> None:
    context = extracted(SHAPES[shape]({"host": "a", **B3, "accept": "*/*"}))
    assert (context.trace_id, context.span_id, context.sampled) == (TRACE, SPAN, True)
    assert context.source == "b3multi"
    assert context.is_valid


def test_multidicts() -> None:
    multidict = pytest.importorskip("multidict")
    headers = multidict.CIMultiDict({"Host": "a", "X-B3-TraceId": TRACE, "x-b3-spanid": SPAN})
    headers.add("x-b3-spanid", SPAN)
    context = extracted(headers)
    assert context.span_id == SPAN
    assert context.sampled is None
    child = context.child()
    assert child.inject(headers) is headers
    assert headers.getall("X-B3-SpanId") == [child.span_id]
    assert headers["X-B3-ParentSpanId"] == SPAN
    assert next(iter(headers)) == "Host"
    assert isinstance(child.inject(multidict.CIMultiDictProxy(headers)), list)


@pytest.mark.parametrize("headers", [[], (), {}, [("accept", "*/*")], {"x-b3": "1"}], ids=repr)
def test_nothing_is_none(headers: Any) -> None:
    assert SpanContext.extract(headers) is None


@pytest.mark.parametrize("headers", [[1], [("b3",)], [("b3", 1)], {"b3": 1}, 1, [("a", "b", "c")]], ids=repr)
def test_what_are_no_headers(headers: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        SpanContext.extract(headers)


def test_text_that_is_no_utf8() -> None:
    assert extracted([("x-a", "\udcff"), ("b3", "1")]).sampled is True
    assert extracted({"x-request-id": "\udcff"}).request_id == "\udcff"
    assert extracted([(b"x-request-id", b"\xff")]).inject({}, ["requestid"]) == {"x-request-id": "\udcff"}


# ---------------------------------------------------------------------- contexts


def test_a_child_is_of_the_same_trace() -> None:
    context = extracted({**B3, "x-request-id": "r", "baggage": "a=1"})
    child = context.child()
    assert (child.trace_id, child.parent_id, child.sampled) == (TRACE, SPAN, True)
    assert child.span_id not in (None, SPAN)
    assert (child.request_id, child.baggage) == ("r", {"a": "1"})
    assert child.child().parent_id == child.span_id
    assert context.span_id == SPAN


def test_ids_without_leading_zeros() -> None:
    """As Jaeger's clients and OpenTracing's basic tracer write them."""
    for lines in (
        {"uber-trace-id": "a1:b2:0:1"},
        {"ot-tracer-traceid": "a1", "ot-tracer-spanid": "b2", "ot-tracer-sampled": "true"},
    ):
        context = extracted(lines)
        assert (context.trace_id, context.span_id, context.sampled) == (
            "a1".rjust(16, "0"),
            "b2".rjust(16, "0"),
            True,
        )


def test_a_parent_without_a_decision() -> None:
    context = extracted({"b3": f"{TRACE}-{SPAN}-0020000000000001"})
    assert (context.span_id, context.parent_id, context.sampled) == (SPAN, "0020000000000001", None)
    assert context.inject({}) == {
        "x-b3-traceid": TRACE,
        "x-b3-spanid": SPAN,
        "x-b3-parentspanid": "0020000000000001",
    }


def test_b3s_four_states_stay_apart() -> None:
    for value, state, written in (
        (None, (None, False), {}),
        ("0", (False, False), {"x-b3-sampled": "0"}),
        ("1", (True, False), {"x-b3-sampled": "1"}),
        ("d", (True, True), {"x-b3-flags": "1"}),
    ):
        context = extracted({"b3": f"{TRACE}-{SPAN}" + (f"-{value}" if value else "")})
        assert (context.sampled, context.debug) == state
        assert {"x-b3-traceid": TRACE, "x-b3-spanid": SPAN, **written} == context.inject({}, ("b3multi",))
        assert context.child().debug == context.debug


@pytest.mark.parametrize("priority", ["-1", "0", "1", "2"])
def test_datadogs_priorities_stay_what_they_are(priority: str) -> None:
    """A user's decisions, -1 and 2, are not a sampler's, 0 and 1."""
    lines = {"x-datadog-trace-id": "5", "x-datadog-parent-id": "7", "x-datadog-sampling-priority": priority}
    span = SpanContext.extract(lines)
    assert span is not None
    for one in (span, span.child(), copy.copy(span), pickle.loads(pickle.dumps(span))):
        assert dict(one.inject({}, ["datadog"]))["x-datadog-sampling-priority"] == priority
        assert one.trace_flags == (1 if priority in "12" else 0)
    assert "x-datadog-sampling-priority" not in span.with_sampling(None).inject({}, ["datadog"])
    assert span.with_sampling(True).inject({}, ["datadog"])["x-datadog-sampling-priority"] == "1"


def test_a_decision_without_ids() -> None:
    context = extracted({"b3": "0"})
    assert (context.trace_id, context.span_id, context.sampled, context.is_valid) == (
        None,
        None,
        False,
        False,
    )
    assert context.inject({}, ["b3", "b3multi", "tracecontext"]) == {"b3": "0", "x-b3-sampled": "0"}
    child = context.child()
    assert child.is_valid
    assert child.parent_id is None
    assert child.sampled is False


def test_a_request_id_alone() -> None:
    context = extracted([(b"X-Request-Id", b"abc")])
    assert (context.request_id, context.source, context.is_valid) == ("abc", None, False)
    assert context.inject([]) == []
    assert context.child().inject({}, ["requestid"]) == {"x-request-id": "abc"}


def test_new_traces() -> None:
    context = SpanContext.new()
    assert len(context.trace_id or "") == 32
    assert (context.sampled, context.debug, context.parent_id, context.trace_flags) == (True, False, None, 3)
    assert len(SpanContext.new(trace_id_bits=64).trace_id or "") == 16
    assert SpanContext.new(sampled=None).sampled is None
    assert SpanContext.new(sampled=False).trace_flags == 2
    assert SpanContext.new(debug=True).debug
    assert SpanContext.new(seed=1) == SpanContext.new(seed=1) != SpanContext.new(seed=2)
    assert len({SpanContext.new().trace_id for _ in range(1000)}) == 1000
    with pytest.raises(ValueError, match="expected 64 or 128"):
        SpanContext.new(trace_id_bits=65)
    with pytest.raises(TypeError, match="expected a bool"):
        SpanContext.new(sampled=1)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"extract\(\) or new\(\)"):
        SpanContext()


def test_copies_and_pickles() -> None:
    context = extracted(
        {"traceparent": f"00-{TRACE}-{SPAN}-03", "tracestate": "a=1", "baggage": "k=v"}
    ).child()
    again = pickle.loads(pickle.dumps(context))
    assert again == context
    assert hash(again) == hash(context)
    assert again.inject({}, ["tracecontext", "baggage"]) == context.inject({}, ["tracecontext", "baggage"])
    assert copy.copy(context) == copy.deepcopy(context) == context
    assert context != context.child()
    assert context != 1
    assert TRACE in repr(context)


def test_other_texts_and_decisions() -> None:
    context = extracted({**B3, "baggage": "old=1"})
    changed = context.with_baggage({"user": "Jürgen, 1;", "b": ""}).with_request_id("r 1").with_sampling(None)
    assert changed.baggage == {"user": "Jürgen, 1;", "b": ""}
    assert changed.inject({}, ["baggage", "requestid"]) == {
        "baggage": "user=J%C3%BCrgen%2C%201%3B,b=",
        "x-request-id": "r 1",
    }
    assert changed.sampled is None
    assert context.baggage == {"old": "1"}
    assert changed.with_sampling(False, debug=True).debug
    assert context.with_baggage({}).inject({}, ["baggage"]) == {}


def test_the_ids_of_another_span() -> None:
    context = SpanContext.extract({"b3": f"{TRACE}-{SPAN}-0-{'1' * 16}"})
    other = SpanContext.new().child()
    assert context is not None
    changed = context.with_baggage({"k": "v"}).with_ids_of(other)
    assert (changed.trace_id, changed.span_id, changed.parent_id) == (
        other.trace_id,
        other.span_id,
        other.parent_id,
    )
    assert (changed.sampled, changed.baggage, changed.source) == (False, {"k": "v"}, "b3")
    line = f"{other.trace_id}-{other.span_id}-0-{other.parent_id}"
    assert changed.inject({}, ["b3"]) == {"b3": line}
    assert context.span_id == SPAN
    again = SpanContext.extract({"b3": f"{TRACE}-{'2' * 16}-1"})
    assert again is not None
    assert context.with_ids_of(again).inject({}, ["b3"]) == {"b3": f"{TRACE}-{'2' * 16}-0-{SPAN}"}


@pytest.mark.parametrize(
    "change",
    [
        lambda context: context.with_baggage({"a b": "1"}),
        lambda context: context.with_baggage({"": "1"}),
        lambda context: context.with_baggage({f"k{i}": "" for i in range(65)}),
        lambda context: context.with_baggage({"a": "x" * 8192}),
        lambda context: context.with_request_id(""),
        lambda context: context.with_request_id("a\r\nb"),
        lambda context: context.with_request_id("x" * 257),
    ],
)
def test_texts_that_do_not_fit(change: Callable[[SpanContext], object]) -> None:
    with pytest.raises(ValueError, match=r"expected|at most|token"):
        change(SpanContext.new())


def test_baggage_is_a_mapping() -> None:
    with pytest.raises(
        TypeError, match=r"^baggage is 'a=b'; expected a dict of texts, such as {'tenant': 'acme'}$"
    ):
        SpanContext.new().with_baggage("a=b")  # type: ignore[arg-type]


# ---------------------------------------------------------------------- writing


def test_a_list_is_edited_in_place() -> None:
    context = extracted(B3).child()
    lines = [
        (b"host", b"a"),
        (b"X-B3-TraceId", TRACE.encode()),
        (b"x-b3-spanid", SPAN.encode()),
        (b"x-b3-spanid", b"twice"),
        (b"x-b3-flags", b"1"),
        (b"accept", b"*/*"),
    ]
    assert context.inject(lines) is lines
    assert lines == [
        (b"host", b"a"),
        (b"X-B3-TraceId", TRACE.encode()),  # it says so already
        (b"x-b3-spanid", str(context.span_id).encode()),
        (b"accept", b"*/*"),
        (b"x-b3-parentspanid", SPAN.encode()),
        (b"x-b3-sampled", b"1"),
    ]
    once = list(lines)
    assert context.inject(lines) == once


def test_what_is_written_is_like_what_is_there() -> None:
    context = SpanContext.new(seed=1)
    assert all(isinstance(name, str) for name, _ in context.inject([("host", "a")]))
    empty: list[tuple[bytes, bytes]] = []
    assert all(isinstance(name, bytes) for name, _ in context.inject(empty))
    assert all(isinstance(name, bytes) for name in context.inject({b"host": b"a"}))
    assert isinstance(context.inject((("host", "a"),)), tuple)
    headers = {"B3": "0", "X-B3-TraceId": "old", "host": "a"}
    assert context.inject(headers, ["b3"]) is headers
    assert list(headers) == ["X-B3-TraceId", "host", "b3"]


@pytest.mark.parametrize("held", [False, True])
def test_a_pair_that_others_hold_stays_as_it_is(held: bool) -> None:
    """One that the list alone holds may be filled anew, but for its hash, which Python may have kept."""
    headers = [(b"X-B3-SpanId", bytes(16))]
    before, pair = hash(headers[0]), headers[0] if held else None
    span = str(SpanContext.new(seed=1).inject(headers)[0][1].decode())
    assert headers[0] == (b"x-b3-spanid", span.encode())
    assert hash(headers[0]) == hash((b"x-b3-spanid", span.encode())) != before
    assert pair in (None, (b"X-B3-SpanId", bytes(16)))


@pytest.mark.parametrize("kind", [str, bytes])
@pytest.mark.parametrize("ids", [("A" * 32, "B" * 16), ("a" * 32, "b" * 16), ("a" * 16, "b" * 16)])
def test_ids_that_are_passed_on_are_written_as_ever(kind: type, ids: tuple[str, str]) -> None:
    """The texts that came in go out again only where they are what is to be written."""
    lines = list(zip(("x-b3-traceid", "x-b3-spanid"), ids, strict=True))
    came = lines if kind is str else [(name.encode(), value.encode()) for name, value in lines]
    context = SpanContext.extract(came)
    assert context
    trace, span = (one.lower() for one in ids)
    for headers in ({}, {b"accept": b"*/*"}, {"accept": "*/*"}):  # type: dict[str | bytes, str | bytes]
        written = {
            (name if isinstance(name, str) else name.decode()): (
                value if isinstance(value, str) else value.decode()
            )
            for name, value in context.child(seed=1).inject(dict(headers)).items()
        }
        assert (written["x-b3-traceid"], written["x-b3-parentspanid"]) == (trace, span)
        kinds = {type(part) for line in context.inject(dict(headers)).items() for part in line}
        assert kinds == {bytes if b"accept" in headers else str}


@pytest.mark.parametrize("kind", [str, bytes])
def test_ids_are_passed_on_from_the_first_of_equal_lines(kind: type) -> None:
    """The texts come and go with the lines, blanks around them and all; what a context says of them stays."""
    names = ("x-b3-traceid", "x-b3-spanid")

    def lines() -> list[tuple[Any, Any]]:
        made = [
            (name, f"{blank}{value}{blank}")
            for blank in ("", " ", "\t")
            for name, value in zip(names, (TRACE, SPAN), strict=True)
        ]
        return made if kind is str else [(name.encode(), value.encode()) for name, value in made]

    for turn in range(3):
        given = lines()[2 * turn :] + lines()[: 2 * turn]
        contexts = [extracted(given), extracted(dict(given[:2]))]
        contexts += [context.child(seed=1) for context in contexts]
        given.clear()
        [lines() for _ in range(100)]  # what their memory is used for next
        for context in contexts:
            for headers in ([], [("host", "a")], {}):  # type: list[Any] | dict[Any, Any]
                written = dict(context.inject(headers))
                text = {
                    name if isinstance(name, str) else name.decode(): (
                        value if isinstance(value, str) else value.decode()
                    )
                    for name, value in written.items()
                }
                assert text["x-b3-traceid"] == TRACE
                assert text["x-b3-spanid"] == context.span_id
                assert text.get("x-b3-parentspanid") == context.parent_id


def test_what_is_given_by_name_or_place_is_the_same() -> None:
    context = SpanContext.extract(headers=B3, formats=None)
    assert (
        context
        == SpanContext.extract(B3)
        == SpanContext.extract(B3, None)
        == SpanContext.extract(B3, ["b3multi"])
    )
    assert context is not None
    written = context.inject({})
    assert (
        context.inject(headers={})
        == context.inject({}, None)
        == context.inject({}, formats="b3multi")
        == written
    )
    assert context.child(seed=None).parent_id == SPAN
    for call in (
        lambda: SpanContext.extract(),  # type: ignore[call-arg]
        lambda: SpanContext.extract({}, (), ()),  # type: ignore[call-arg]
        lambda: context.child(1),  # type: ignore[call-arg]
        lambda: context.inject(),  # type: ignore[call-arg]
        lambda: context.inject({}, (), ()),  # type: ignore[call-arg]
        lambda: context.inject({}, names=()),  # type: ignore[call-arg]
    ):
        with pytest.raises(TypeError, match="argument"):
            call()


def test_jaegers_baggage() -> None:
    context = extracted({"uber-trace-id": f"{TRACE}:{SPAN}:0:1", "uberctx-User": "a b", "uberctx-k": "v"})
    assert context.baggage == {"user": "a b", "k": "v"}
    lines = context.inject([("uberctx-old", "1"), ("host", "a")], ["jaeger"])
    assert lines == [
        ("host", "a"),
        ("uber-trace-id", f"{TRACE}:{SPAN}:0:01"),
        ("uberctx-user", "a%20b"),
        ("uberctx-k", "v"),
    ]


def test_formats_by_name() -> None:
    context = extracted(B3)
    assert list(context.inject({}, "b3,tracecontext")) == ["b3", "traceparent"]
    assert list(context.inject({}, ["w3c", "b3", "w3c"])) == ["traceparent", "b3"]
    assert context.inject({}, ()) == {}
    for names in (["zipkin"], "zipkin"):
        with pytest.raises(ValueError, match="unknown format 'zipkin'; there are b3, b3multi, tracecontext"):
            context.inject({}, names)
    with pytest.raises(TypeError):
        context.inject({}, [1])  # type: ignore[list-item]
    with pytest.raises(TypeError):
        SpanContext.extract({}, 1)  # type: ignore[arg-type]


#: What the formats have no word for; they write the nearest.
WITHOUT_DEFER = {"tracecontext", "jaeger"}
WITHOUT_DEBUG = {"tracecontext", "xray", "cloudtrace", "ottrace"}
WITHOUT_SHORT_IDS = {"tracecontext", "xray", "cloudtrace"}


@given(
    st.sampled_from(_trace.FORMATS[:8]),
    st.one_of(st.none(), ids),
    ids,
    ids,
    st.sampled_from(["", "-0", "-1", "-d"]),
)
def test_what_is_written_is_read_again(
    format: str, high: int | None, low: int, span: int, state: str
) -> None:
    upper = "" if high is None else f"{high:016x}"
    context = extracted({"b3": f"{upper}{low:016x}-{span:016x}{state}"})
    again = extracted(context.inject([], [format]))
    padded = "0" * 16 if high is None and format in WITHOUT_SHORT_IDS else ""
    assert again.trace_id == f"{padded}{context.trace_id}"
    assert (again.span_id, again.source) == (context.span_id, format)
    assert again.sampled == (False if not state and format in WITHOUT_DEFER else context.sampled)
    assert again.debug == (context.debug and format not in WITHOUT_DEBUG)


def test_fields_of_x_ray_that_are_not_ours_stay() -> None:
    root = "1-463ac35c-9f6413ad48485a3953bb6124"
    lines = {"X-Amzn-Trace-Id": f"Self=1-2-3;Root={root};Lineage=a:1|b:2;Parent={SPAN};CalledFrom=app"}
    child = pickle.loads(pickle.dumps(extracted(lines).child().with_sampling(True)))
    fields = "Lineage=a:1|b:2;CalledFrom=app"
    assert child.inject({}, ["xray"]) == {
        "x-amzn-trace-id": f"Root={root};Parent={child.span_id};Sampled=1;{fields}"
    }
    many = f"Root={root};Parent={SPAN};x=" + "y" * 500
    assert "x=" not in extracted({"x-amzn-trace-id": many}).inject({}, "xray")["x-amzn-trace-id"]


@given(
    st.dictionaries(
        st.text("abcXYZ019!#$%&'*+-.^_`|~", min_size=1, max_size=8), st.text(max_size=20), max_size=8
    )
)
def test_baggage_is_read_again(baggage: dict[str, str]) -> None:
    baggage = {key: value for key, value in baggage.items() if max(value, default="") < "\ud800"}
    context = SpanContext.new().with_baggage(baggage)
    assert context.baggage == baggage
    written: list[tuple[bytes, bytes]] = context.inject([], ["baggage"])
    assert (extracted(written).baggage if written else {}) == baggage


NAMES = ["b3", "x-b3-traceid", "x-b3-spanid", "x-b3-sampled", "traceparent", "tracestate", "uber-trace-id"]
NAMES += ["uberctx-a", "x-datadog-trace-id", "x-datadog-parent-id", "x-datadog-tags", "x-amzn-trace-id"]
NAMES += ["x-cloud-trace-context", "ot-tracer-traceid", "baggage", "host"]


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.binary(max_size=80))))
def test_any_bytes_do(lines: list[tuple[str, bytes]]) -> None:
    context = SpanContext.extract([(name.encode(), value) for name, value in lines])
    if context is not None:
        context.child().inject({}, _trace.FORMATS)


def test_large_values_and_disputes() -> None:
    for name in (
        "b3",
        "traceparent",
        "tracestate",
        "uber-trace-id",
        "x-amzn-trace-id",
        "baggage",
        "x-request-id",
    ):
        assert SpanContext.extract({name: "x" * 65536}) is None
    assert SpanContext.extract([("b3", "1"), ("b3", "0")]) is None


PARENT = ("traceparent", f"00-{TRACE}-{SPAN}-01")


def test_the_bounds_of_a_tracestate_hold_over_all_of_its_lines() -> None:
    state = [("tracestate", f"k{i:02}=" + "x" * 36) for i in range(20)]  # 40 bytes each
    context = extracted([PARENT, *state])
    assert context.tracestate == ",".join(value for _, value in state[:12])
    assert len(context.tracestate) == 12 * 40 + 11 <= 512 < 13 * 40 + 12
    few = [("tracestate", f"k{i}=1,j{i}=1") for i in range(16)]
    assert extracted([PARENT, *few]).tracestate.count("=") == 32
    assert extracted([PARENT, *few, ("tracestate", "more=1")]).tracestate == ""


def test_the_bounds_of_baggage_hold_over_all_of_its_lines() -> None:
    many = [("baggage", ",".join(f"k{i}-{j}=1" for j in range(8))) for i in range(10)]
    context = extracted([PARENT, *many])
    assert list(context.baggage) == [f"k{i}-{j}" for i in range(8) for j in range(8)]
    large = [("baggage", f"k{i}=" + "x" * 1000) for i in range(20)]
    assert list(extracted([PARENT, *large]).baggage) == [f"k{i}" for i in range(8)]
    written: dict[str, str] = extracted([PARENT, *large]).inject({}, "baggage")
    assert len(written["baggage"]) == 8 * 1003 + 7 <= 8192


@pytest.mark.parametrize(("lines", "truncated"), [(1, 0), (64, 1), (1000, 1)])
def test_what_is_beyond_the_bounds_is_counted_once_a_request(lines: int, truncated: int) -> None:
    before = trace_counts()["truncated"]
    SpanContext.extract([PARENT, *[("baggage", f"k{i}=" + "x" * 200) for i in range(lines)]])
    assert trace_counts()["truncated"]["baggage"] - before["baggage"] == truncated


# ---------------------------------------------------------------------- counts, ids, the environment


def test_what_is_malformed_is_counted() -> None:
    before = trace_counts()
    SpanContext.extract({"b3": "bad", "traceparent": "00-bad"})
    extracted({"traceparent": f"00-{TRACE}-{SPAN}-01", "tracestate": "A=1", "baggage": "a,b=1,c"})
    extracted(
        {
            "traceparent": f"00-{TRACE}-{SPAN}-01",
            "tracestate": ",".join(f"k{i}={'x' * 100}" for i in range(9)),
        }
    )
    after = trace_counts()
    grown = {name: after["malformed"][name] - before["malformed"][name] for name in after["malformed"]}
    assert {name: count for name, count in grown.items() if count} == {
        "b3": 1,
        "tracecontext": 2,
        "baggage": 2,
    }
    assert after["truncated"]["tracecontext"] == before["truncated"]["tracecontext"] + 1


def test_request_ids() -> None:
    found = {request_id() for _ in range(10_000)}
    assert len(found) == 10_000
    for text in list(found)[:100]:
        assert str(uuid.UUID(text)) == text
        assert uuid.UUID(text).version == 4
        assert uuid.UUID(text).variant == uuid.RFC_4122
    assert request_id(seed=7) == request_id(seed=7) != request_id(seed=8)


def test_a_fork_has_other_ids() -> None:
    read, write = os.pipe()
    request_id()
    child = os.fork()
    if child == 0:
        os.write(write, request_id().encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 36).decode() != request_id()
    os.close(read)
    os.close(write)


@pytest.mark.parametrize(
    ("propagators", "expected"),
    [
        ("tracecontext,baggage", "None tracecontext ['traceparent', 'baggage']"),
        ("b3", "b3 tracecontext ['b3']"),
        (" B3multi , b3 ", "b3 tracecontext ['x-b3-traceid', 'x-b3-spanid', 'x-b3-sampled', 'b3']"),
        ("none", "None tracecontext []"),
        ("b3,none", "None tracecontext []"),
        ("", "b3 tracecontext ['x-b3-traceid', 'x-b3-spanid', 'x-b3-sampled']"),
        ("jaeger,opencensus", "None tracecontext ['uber-trace-id', 'uberctx-a']"),
        ("b3,b3multi,B3,b3", "b3 tracecontext ['b3', 'x-b3-traceid', 'x-b3-spanid', 'x-b3-sampled']"),
        ("opencensus,opencensus", "b3 tracecontext ['x-b3-traceid', 'x-b3-spanid', 'x-b3-sampled']"),
    ],
)
def test_otel_propagators(each_backend: str, propagators: str, expected: str) -> None:
    code = (
        "from meshcore import SpanContext as S\n"
        f"b3 = S.extract({{'b3': '{TRACE}-{SPAN}-1'}})\n"
        f"lines = {{'traceparent': '00-{TRACE}-{SPAN}-01', 'baggage': 'a=1'}}\n"
        "w3c = S.extract(lines, ['tracecontext', 'baggage'])\n"
        "print(b3 and b3.source, w3c.source, list(w3c.inject({})))"
    )
    environment = {**os.environ, "OTEL_PROPAGATORS": propagators, "MESHCORE_BACKEND": each_backend}
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == expected
    assert ("unknown propagator 'opencensus'" in run.stderr) == ("opencensus" in propagators)
