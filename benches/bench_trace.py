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
import importlib.util
import random
import uuid
from typing import Any

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
            "extract(headers).child().inject(headers, formats)", names
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


def installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def b3_hops() -> dict[str, Contender]:
    found = ours(B3, "b3multi")
    if installed("opentelemetry.propagators.b3"):
        from opentelemetry.propagators.b3 import B3MultiFormat

        found |= opentelemetry(B3MultiFormat(), "OpenTelemetry", B3)
    if installed("py_zipkin"):
        from py_zipkin.request_helpers import create_http_headers, extract_zipkin_attrs_from_headers

        names = {
            "extract": extract_zipkin_attrs_from_headers,
            "write": create_http_headers,
            "text": dict((*OTHERS, *B3)),
        }
        found["py-zipkin, dict"] = Contender(
            "write(context_stack=None, tracer=Tracer(extract(text)), new_span_id=True)",
            {**names, "Tracer": ZipkinTracer},
        )
    return found


class ZipkinTracer:
    """As much of a tracer as py-zipkin's create_http_headers asks."""

    def __init__(self, attrs: Any) -> None:
        self.attrs = attrs

    def get_zipkin_attrs(self) -> Any:
        return self.attrs


def w3c_hops() -> dict[str, Contender]:
    found = ours(W3C, "tracecontext")
    if installed("opentelemetry.trace"):
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        found |= opentelemetry(TraceContextTextMapPropagator(), "OpenTelemetry", W3C)
    return found


def request_ids() -> dict[str, Contender]:
    found = {
        "meshcore": Contender("request_id()", {"request_id": request_id}),
        "str(uuid4())": Contender("str(uuid4())", {"uuid4": uuid.uuid4}),
        "uuid4().hex": Contender("uuid4().hex", {"uuid4": uuid.uuid4}),
    }
    if installed("asgi_correlation_id"):
        found["asgi-correlation-id"] = Contender("run(call())", correlation())
    return found


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
    b3, w3c, ids = (measure(found, **effort) for found in (b3_hops(), w3c_hops(), request_ids()))
    report("a hop in B3 (x-b3-*)", b3)
    report("a hop in W3C's format (traceparent and tracestate)", w3c)
    report("a request id", ids)
    print()
    for name, costs, mine, peer, target in (
        ("B3 against OpenTelemetry", b3, "meshcore", "OpenTelemetry, list", 25.0),
        (
            "B3 in place against OpenTelemetry",
            b3,
            "meshcore, list edited in place",
            "OpenTelemetry, list",
            40.0,
        ),
        ("B3 against py-zipkin", b3, "meshcore, dicts", "py-zipkin, dict", 5.0),
        ("request_id against uuid4", ids, "meshcore", "str(uuid4())", 20.0),
    ):
        if peer in costs:
            print(verdict(name, costs[peer].minimum / costs[mine].minimum, target, at_most=False))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
