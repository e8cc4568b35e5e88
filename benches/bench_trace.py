"""Trace contexts and request ids beside OpenTelemetry, py-zipkin, uuid4 and asgi-correlation-id.

    python benches/bench_trace.py [--quick]

A hop: read the context of a request of twelve header lines, make a child of it, write that into the lines
of the next request. Ours takes ASGI's list of pairs. OpenTelemetry's propagators take the same with a getter
as in their ASGI instrumentation, and a plain dict, which is the fastest that they can have; the child is a
span that is not recorded, with a random id: what an SDK does beyond that is left out. py-zipkin takes a dict,
and makes the child's id as it writes.
"""

from __future__ import annotations

import argparse
import random
import uuid
from collections.abc import Callable
from typing import Any

from comparison import Comparison, present_or_said
from timing import Contender, Cost, beside, measure, verdict

from meshcore import SpanContext, request_id

TRACE = "463ac35c9f6413ad48485a3953bb6124"
SPAN = "a2fb4a1d1a96d312"
B3 = [("x-b3-traceid", TRACE), ("x-b3-spanid", SPAN), ("x-b3-sampled", "1")]
W3C = [("traceparent", f"00-{TRACE}-{SPAN}-01"), ("tracestate", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE")]
OTHERS = [
    ("host", "reviews.default.svc.cluster.local:9080"),
    ("user-agent", "python-requests/2.32.3"),
    ("accept", "application/json"),
    ("accept-encoding", "gzip, deflate, br"),
    ("connection", "keep-alive"),
    ("content-type", "application/json"),
    ("cookie", "session=eyJ1c2VyIjoiamFzb24ifQ; theme=dark"),
    ("x-forwarded-for", "10.1.2.3"),
    ("x-forwarded-proto", "http"),
]


def lines(more: list[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in (*OTHERS, *more)]


class AsgiGetter:
    """What reads ASGI's lines for OpenTelemetry, as its instrumentation does."""

    def get(self, carrier: list[tuple[bytes, bytes]], key: str) -> list[str] | None:
        wanted = key.lower().encode()
        found = [value.decode() for name, value in carrier if name.lower() == wanted]
        return found or None

    def keys(self, carrier: list[tuple[bytes, bytes]]) -> list[str]:
        return [name.decode() for name, _ in carrier]


def ours(more: list[tuple[str, str]], format: str) -> dict[str, Contender]:
    taken = lines(more)
    names = {
        "extract": SpanContext.extract,
        "headers": taken,
        "formats": (format,),
        "text": dict((*OTHERS, *more)),
    }
    return {
        "meshcore": Contender("extract(headers).child().inject([], formats)", names),
        "meshcore, list edited in place": Contender(
            "extract(headers).child().inject(headers, formats)", names | {"headers": lines(more)}
        ),
        "meshcore, dicts": Contender("extract(text).child().inject({}, formats)", names),
    }


def opentelemetry(propagator: Any, name: str, more: list[tuple[str, str]]) -> dict[str, Contender]:
    names = {
        "extract": propagator.extract,
        "inject": propagator.inject,
        "child": opentelemetry_child,
        "headers": lines(more),
        "text": dict((*OTHERS, *more)),
        "getter": AsgiGetter(),
    }
    return {
        f"{name}, list": Contender("inject({}, context=child(extract(headers, getter=getter)))", names),
        f"{name}, dict": Contender("inject({}, context=child(extract(text)))", names),
    }


def opentelemetry_child(context: Any) -> Any:
    """A context with a span of the same trace and a new id."""
    from opentelemetry import trace

    above = trace.get_current_span(context).get_span_context()
    own = trace.SpanContext(
        above.trace_id, random.getrandbits(64), False, above.trace_flags, above.trace_state
    )
    return trace.set_span_in_context(trace.NonRecordingSpan(own), context)


def opentelemetry_b3() -> dict[str, Contender]:
    from opentelemetry.propagators.b3 import B3MultiFormat

    return opentelemetry(B3MultiFormat(), "OpenTelemetry", B3)


def opentelemetry_w3c() -> dict[str, Contender]:
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return opentelemetry(TraceContextTextMapPropagator(), "OpenTelemetry", W3C)


def py_zipkin_b3() -> dict[str, Contender]:
    from py_zipkin.request_helpers import create_http_headers, extract_zipkin_attrs_from_headers

    names = {
        "extract": extract_zipkin_attrs_from_headers,
        "write": create_http_headers,
        "text": dict((*OTHERS, *B3)),
        "Tracer": ZipkinTracer,
    }
    statement = "write(context_stack=None, tracer=Tracer(extract(text)), new_span_id=True)"
    return {"py-zipkin, dict": Contender(statement, names)}


class ZipkinTracer:
    """As much of a tracer as py-zipkin's create_http_headers asks."""

    def __init__(self, attrs: Any) -> None:
        self.attrs = attrs

    def get_zipkin_attrs(self) -> Any:
        return self.attrs


def own_ids() -> dict[str, Contender]:
    return {
        "meshcore": Contender("request_id()", {"request_id": request_id}),
        "str(uuid4())": Contender("str(uuid4())", {"uuid4": uuid.uuid4}),
        "uuid4().hex": Contender("uuid4().hex", {"uuid4": uuid.uuid4}),
    }


def correlation_id() -> dict[str, Contender]:
    return {"asgi-correlation-id": Contender("run(call())", correlation())}


#: By what is done: our contenders, and the peers'.
B3_HOP = "a hop in B3"
W3C_HOP = "a hop in W3C's format"
ID = "a request id"
Made = dict[str, Contender]
WORK: dict[str, tuple[Callable[[], Made], dict[str, Callable[[], Made]]]] = {
    B3_HOP: (lambda: ours(B3, "b3multi"), {"OpenTelemetry": opentelemetry_b3, "py-zipkin": py_zipkin_b3}),
    W3C_HOP: (lambda: ours(W3C, "tracecontext"), {"OpenTelemetry": opentelemetry_w3c}),
    ID: (own_ids, {"asgi-correlation-id": correlation_id}),
}
#: What is done, by whom of ours and whom of the peers, and how many times cheaper ours must be.
TARGETS: list[tuple[str, str, str, float | None]] = [
    (B3_HOP, "meshcore", "OpenTelemetry, list", 25.0),
    (B3_HOP, "meshcore, list edited in place", "OpenTelemetry, list", 40.0),
    (B3_HOP, "meshcore, dicts", "OpenTelemetry, dict", None),
    (B3_HOP, "meshcore, dicts", "py-zipkin, dict", 5.0),
    (W3C_HOP, "meshcore", "OpenTelemetry, list", None),
    (W3C_HOP, "meshcore, dicts", "OpenTelemetry, dict", None),
    (ID, "meshcore", "str(uuid4())", 20.0),
    (ID, "meshcore", "asgi-correlation-id", None),
]


def compare(quick: bool) -> Comparison:
    """For `python -m benches`."""
    run = Comparison("trace", quick)
    for work, (own, peers) in WORK.items():
        contenders = own()
        for found in run.present(peers).values():
            contenders |= found
        costs = run.measure(contenders)
        for what, mine, peer, target in TARGETS:
            if what == work:
                run.add(work, costs, mine, [peer], {peer: target})
    return run


def correlation() -> dict[str, Any]:
    """asgi-correlation-id's middleware around nothing: it makes an id, keeps it and sends it."""
    from asgi_correlation_id import CorrelationIdMiddleware

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: Any) -> None:
        pass

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    middleware = CorrelationIdMiddleware(application)
    scope = {"type": "http", "headers": lines([])}

    def run(coroutine: Any) -> None:
        try:
            coroutine.send(None)
        except StopIteration:
            return

    return {"run": run, "call": lambda: middleware(scope, receive, send)}


def report(title: str, costs: dict[str, Cost]) -> None:
    print(f"\n{title}\n")
    print(beside(costs))


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--quick", action="store_true", help="fewer, shorter samples")
    effort: dict[str, Any] = {"rounds": 3, "sample": 0.005} if options.parse_args().quick else {}
    costs: dict[str, dict[str, Cost]] = {}
    for work, (own, peers) in WORK.items():
        contenders = own()
        for found in present_or_said(peers).values():
            contenders |= found
        costs[work] = measure(contenders, **effort)
        report(work, costs[work])
    print()
    for work, mine, peer, target in TARGETS:
        if target and peer in costs[work]:
            ratio = costs[work][peer].minimum / costs[work][mine].minimum
            print(verdict(f"{work}: {mine} against {peer}", ratio, target, at_most=False))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
