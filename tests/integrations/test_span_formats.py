"""Spans of a request and of what is sent for it, whatever the format that its trace came in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from asgi_support import App, Client
from mesh_support import in_loop, service
from opentelemetry.trace import SpanKind
from span_support import SPAN, TRACE, Kept, id_of, parent_of, trace_of

from meshcore import SpanContext, load_text
from meshcore._trace import FORMATS
from meshcore._tracers import Line
from meshcore.context import activate
from meshcore.integrations._outbound import Outbound
from meshcore.integrations.asgi import MeshMiddleware
from meshcore.integrations.wsgi import MeshMiddleware as WsgiMiddleware
from meshcore.mesh import Mesh

SPEAKS = [name for name in FORMATS if name not in ("baggage", "requestid")]
ZIPKIN = {"service": "z.tracing", "port": 9411}
TRACERS: dict[str, dict[str, Any]] = {
    "otel": {"opentelemetry": {"service": "o.tracing", "port": 4317}},
    "zipkin": {"zipkin": ZIPKIN},
    "zipkin and w3c": {"zipkin": {**ZIPKIN, "traceContextOption": "USE_B3_WITH_W3C_PROPAGATION"}},
    "none": {},
}
ALL = """
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: t, namespace: istio-system}
spec: {tracing: [{providers: [{name: z}], randomSamplingPercentage: 100}]}
"""
CAME = SpanContext.extract({"b3": f"{TRACE}-{SPAN}-1"})


@pytest.fixture(params=TRACERS)
def tracer(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def mesh(tracer: str, kept: Kept) -> Iterator[Mesh]:
    documents = [service("reviews", 1), service("ratings", 1)]
    options: dict[str, Any] = {}
    if tracer != "none":
        documents.append(ALL)
        options["mesh_config"] = {"extensionProviders": [{"name": "z", **TRACERS[tracer]}]}
    config = load_text("\n---\n".join(documents), **options)
    with Mesh(config, service="reviews", spans=kept.processor) as made:
        yield made


def lines_in(*formats: str) -> list[Line]:
    assert CAME is not None
    found: list[Line] = CAME.inject([], formats)
    return found


def send(mesh: Mesh, *said: Line) -> list[Line]:
    """Send a request as clients do; its lines."""
    lines = [(b"host", b"ratings:9080"), *said]
    outbound = Outbound(mesh)
    decision, spans = outbound.decide("GET", b"/", lines, scheme="http")
    with decision:
        (attempt,) = decision.attempts
        sent = outbound.lines(decision, attempt)
        if spans is not None:
            spans.over(200)
    return sent


def told_in(lines: list[Line]) -> dict[str, tuple[str, str]]:
    """Trace and span that lines name, by format."""
    found = {name: SpanContext.extract(lines, (name,)) for name in SPEAKS}
    return {
        name: ((it.trace_id or "")[-16:], it.span_id or "")
        for name, it in found.items()
        if it is not None and it.is_valid
    }


def check(kept: Kept, came: tuple[str, ...], sent: list[Line]) -> None:
    client, server = kept.spans
    assert (server.kind, client.kind) == (SpanKind.SERVER, SpanKind.CLIENT)
    assert trace_of(server) == trace_of(client)
    assert trace_of(server)[-16:] == TRACE[-16:]
    assert (parent_of(server), parent_of(client)) == (SPAN, id_of(server))
    assert len({SPAN, id_of(server), id_of(client)}) == 3
    told = told_in(sent)
    assert set(came) & set(told)  # whoever reads no other is told, too
    assert set(told.values()) == {(TRACE[-16:], id_of(client))}


CASES = [(name,) for name in SPEAKS] + [("b3", "tracecontext"), ("jaeger", "b3multi")]


@pytest.mark.parametrize("came", CASES, ids="+".join)
@in_loop
async def test_asgi_is_one_trace(mesh: Mesh, kept: Kept, came: tuple[str, ...]) -> None:
    sent: list[Line] = []

    class Sending(App):
        async def __call__(self, *args: Any) -> None:
            sent.extend(send(mesh))
            await super().__call__(*args)

    await Client(MeshMiddleware(Sending(), mesh=mesh)).get("/", headers=tuple(lines_in(*came)))
    check(kept, came, sent)


@pytest.mark.parametrize("came", CASES, ids="+".join)
def test_wsgi_is_one_trace(mesh: Mesh, kept: Kept, came: tuple[str, ...]) -> None:
    sent: list[Line] = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        sent.extend(send(mesh))
        start_response("200 OK", [])
        return []

    environ: dict[str, Any] = {"HTTP_HOST": "reviews:9080"}
    for name, value in lines_in(*came):
        environ["HTTP_" + name.decode().upper().replace("-", "_")] = value.decode()
    setup_testing_defaults(environ)
    answer = WsgiMiddleware(app, mesh=mesh)(environ, lambda *_: print)
    list(answer)
    if hasattr(answer, "close"):
        answer.close()
    check(kept, came, sent)


@pytest.mark.parametrize("tracer", ["otel"], indirect=True)
def test_lines_of_ones_own_go_on_in_the_tracers_format(mesh: Mesh, kept: Kept) -> None:
    with activate({"b3": f"{'1' * 32}-{'2' * 16}-1"}):
        sent = send(mesh, *lines_in("b3"))
    span = kept.only()
    assert (trace_of(span), parent_of(span)) == (TRACE, SPAN)
    assert set(told_in(sent).values()) == {(TRACE[-16:], id_of(span))}


@pytest.mark.parametrize("tracer", ["otel"], indirect=True)
def test_what_nobody_has_decided_is_left_to_the_tracer(mesh: Mesh, kept: Kept) -> None:
    with activate({"b3": f"{TRACE}-{SPAN}"}) as context:
        sent = send(mesh)
    span = kept.only()
    assert (trace_of(span), parent_of(span)) == (TRACE, context.span_id)
    assert told_in(sent)["tracecontext"] == (TRACE[-16:], id_of(span))


@pytest.mark.parametrize("tracer", ["otel", "zipkin"], indirect=True)
@pytest.mark.parametrize("said", SPEAKS)
def test_lines_of_ones_own_go_on_without_a_request(mesh: Mesh, kept: Kept, said: str) -> None:
    sent = send(mesh, *lines_in(said))
    span = kept.only()
    assert (trace_of(span)[-16:], parent_of(span)) == (TRACE[-16:], SPAN)
    assert set(told_in(sent).values()) == {(TRACE[-16:], id_of(span))}
