"""Apps that OpenTelemetry instruments as well, outside of the middleware and inside of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from asgi_support import App, Client
from mesh_support import in_loop, service
from opentelemetry.trace import SpanKind
from span_support import SPAN, TRACE, Kept, id_of, parent_of, trace_of

import meshcore
from meshcore import SpanContext, load_text
from meshcore._tracers import Line
from meshcore.integrations._outbound import Outbound
from meshcore.integrations.asgi import MeshMiddleware
from meshcore.mesh import Mesh

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

sdk = pytest.importorskip("opentelemetry.sdk.trace", reason="opentelemetry-sdk is not installed (extra otel)")
propagation = pytest.importorskip("opentelemetry.trace.propagation.tracecontext")

TRACERS: dict[str, Any] = {
    "otel": {"opentelemetry": {"service": "o.tracing", "port": 4317}},
    "zipkin": {"zipkin": {"service": "z.tracing", "port": 9411}},
    "none": None,
}
ALL = """
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: t, namespace: istio-system}
spec: {tracing: [{providers: [{name: z}]}]}
"""
W3C = (b"traceparent", f"00-{TRACE}-{SPAN}-01".encode())
B3 = (b"b3", f"{TRACE}-{SPAN}-1".encode())


class Instrumented:
    """What opentelemetry-instrumentation-asgi does, with the default propagator."""

    def __init__(self, app: Any, tracer: Any) -> None:
        self.app = app
        self.tracer = tracer

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        lines = {name.decode(): value.decode() for name, value in scope["headers"]}
        context = propagation.TraceContextTextMapPropagator().extract(lines)
        with self.tracer.start_as_current_span("theirs", context=context, kind=SpanKind.SERVER):
            await self.app(scope, receive, send)


class Working(App):
    """Sends a request, in a span of its own where it has a tracer."""

    def __init__(self, mesh: Mesh, tracer: Any = None) -> None:
        super().__init__()
        self.mesh = mesh
        self.tracer = tracer
        self.trace = ""
        self.sent: SpanContext | None = None

    async def __call__(self, *args: Any) -> None:
        found = meshcore.current()
        assert found is not None
        self.trace = found.trace_id
        if self.tracer is None:
            self.send()
        else:
            with self.tracer.start_as_current_span("work"):
                self.send()
        await super().__call__(*args)

    def send(self) -> None:
        outbound = Outbound(self.mesh)
        decision, spans = outbound.decide("GET", b"/", [(b"host", b"ratings:9080")], scheme="http")
        with decision:
            (attempt,) = decision.attempts
            self.sent = SpanContext.extract(outbound.lines(decision, attempt))
            if spans is not None:
                spans.over(200)


@pytest.fixture(params=TRACERS)
def tracer(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def mesh_with(tracer: str, kept: Kept | None) -> Mesh:
    documents = [service("reviews", 1), service("ratings", 1)]
    mesh_config: dict[str, Any] = {"defaultConfig": {"tracing": {"sampling": 100}}}
    if TRACERS[tracer] is not None:
        documents.append(ALL.replace("}]}]", "}], randomSamplingPercentage: 100}]"))
        mesh_config = {"extensionProviders": [{"name": "z", **TRACERS[tracer]}]}
    config = load_text("\n---\n".join(documents), mesh_config=mesh_config)
    return Mesh(config, service="reviews", spans=kept.processor if kept is not None else None)


@contextmanager
def reporting(tracer: str) -> Iterator[tuple[Mesh, Any, Kept]]:
    kept = Kept()
    provider = sdk.TracerProvider()
    provider.add_span_processor(kept.processor)
    with mesh_with(tracer, kept) as mesh:
        yield mesh, provider.get_tracer("app"), kept


def check(kept: Kept, app: Working, came: bool, order: list[str]) -> None:
    """Each span hangs below the one before, in one trace, of which the app knows."""
    spans: dict[str, ReadableSpan] = {}
    for it in kept.spans:
        ours = {SpanKind.SERVER: "ours", SpanKind.CLIENT: "client"}
        spans[it.name if it.name in ("theirs", "work") else ours[it.kind]] = it
    assert set(spans) == set(order)
    assert {trace_of(it) for it in spans.values()} == {app.trace}
    assert (app.trace == TRACE) == came
    above = SPAN if came else None
    for name in order:
        parent = spans[name].parent
        assert parent_of(spans[name]) == above, name
        assert parent is None or parent.is_remote == (above == SPAN or name == "theirs"), name
        above = id_of(spans[name])
    assert app.sent is not None
    assert (app.sent.trace_id, app.sent.span_id) == (app.trace, above)


@pytest.mark.parametrize("came", [(W3C,), (B3,), ()], ids=["w3c", "b3", "nothing"])
@in_loop
async def test_within_the_middleware(tracer: str, came: tuple[Line, ...]) -> None:
    with reporting(tracer) as (mesh, theirs, kept):
        app = Working(mesh, theirs)
        await Client(MeshMiddleware(Instrumented(app, theirs), mesh=mesh)).get("/", headers=came)
    check(kept, app, bool(came), ["ours", "theirs", "work", "client"])


@pytest.mark.parametrize("came", [(W3C,), ()], ids=["w3c", "nothing"])
@in_loop
async def test_around_the_middleware(tracer: str, came: tuple[Line, ...]) -> None:
    with reporting(tracer) as (mesh, theirs, kept):
        app = Working(mesh)
        await Client(Instrumented(MeshMiddleware(app, mesh=mesh), theirs)).get("/", headers=came)
    check(kept, app, bool(came), ["theirs", "ours", "client"])


@in_loop
async def test_work_within_an_instrumentation_around_the_middleware(tracer: str) -> None:
    """Its spans know nothing of ours, but what is sent is below them."""
    with reporting(tracer) as (mesh, theirs, kept):
        app = Working(mesh, theirs)
        await Client(Instrumented(MeshMiddleware(app, mesh=mesh), theirs)).get("/", headers=(W3C,))
    client, work, *_ = kept.spans
    assert (client.kind, work.name) == (SpanKind.CLIENT, "work")
    assert parent_of(client) == id_of(work)
    assert {trace_of(it) for it in kept.spans} == {TRACE}


@in_loop
async def test_another_trace_around_the_middleware(tracer: str) -> None:
    """An instrumentation that does not read what came begins a trace; ours stays in the caller's."""
    with reporting(tracer) as (mesh, theirs, kept):
        app = Working(mesh)
        await Client(Instrumented(MeshMiddleware(app, mesh=mesh), theirs)).get("/", headers=(B3,))
    client, ours, other = kept.spans
    assert (parent_of(ours), parent_of(client)) == (SPAN, id_of(ours))
    assert {trace_of(client), trace_of(ours), app.trace} == {TRACE}
    assert trace_of(other) != TRACE


@pytest.mark.parametrize("came", [(W3C,), ()], ids=["w3c", "nothing"])
@in_loop
async def test_without_spans_of_ours(tracer: str, came: tuple[Line, ...]) -> None:
    """What is sent is below OpenTelemetry's span; current() is in its trace."""
    provider, kept = sdk.TracerProvider(), Kept()
    provider.add_span_processor(kept.processor)
    theirs = provider.get_tracer("app")
    with mesh_with(tracer, None) as mesh:
        app = Working(mesh, theirs)
        await Client(Instrumented(MeshMiddleware(app, mesh=mesh), theirs)).get("/", headers=came)
    work, around = kept.spans
    assert {trace_of(work), trace_of(around)} == {app.trace}
    assert app.sent is not None
    assert app.sent.trace_id == app.trace
    assert parent_of(around) == (SPAN if came else None)


@in_loop
async def test_clients_outside_of_requests(tracer: str) -> None:
    with reporting(tracer) as (mesh, theirs, kept):
        app = Working(mesh)
        with theirs.start_as_current_span("work"):
            app.send()
    client, work = kept.spans
    assert (parent_of(client), trace_of(client)) == (id_of(work), trace_of(work))
