"""Spans of a request and of what is sent for it, whatever the format that its trace came in."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from asgi_support import App, Client, websocket_scope
from mesh_support import in_loop, service
from opentelemetry.trace import SpanKind
from origins import origins
from span_support import SPAN, TRACE, Kept, id_of, parent_of, trace_of

from meshcore import SpanContext, load_text
from meshcore._trace import FORMATS
from meshcore._tracers import Line
from meshcore.context import ContextFilter, activate, current
from meshcore.integrations._outbound import Outbound
from meshcore.integrations._wsgi_came import header_lines
from meshcore.integrations.asgi import MeshMiddleware
from meshcore.integrations.wsgi import MeshMiddleware as WsgiMiddleware
from meshcore.mesh import Mesh
from meshcore.model import Config

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


def config(tracer: str, sampled: int = 100, ratings: int = 1) -> Config:
    documents = [service("reviews", 1), service("ratings", ratings)]
    if tracer == "none":
        all_of_them = {"defaultConfig": {"tracing": {"sampling": 100}}}
        return load_text("\n---\n".join(documents), mesh_config=all_of_them)
    documents.append(ALL.replace("100", str(sampled)))
    provider = {"name": "z", **TRACERS[tracer]}
    return load_text("\n---\n".join(documents), mesh_config={"extensionProviders": [provider]})


@pytest.fixture
def mesh(tracer: str, kept: Kept) -> Iterator[Mesh]:
    with Mesh(config(tracer), service="reviews", spans=kept.processor) as made:
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


class Seen:
    """What an app is told of the trace: by each format of its lines, by current(), and by log records."""

    def __init__(self) -> None:
        self.told: dict[str, tuple[str, str]] = {}
        self.current = self.logged = ("", "")
        self.sampled: set[bool | None] = set()

    def look(self, lines: list[Line]) -> None:
        context = current()
        assert context is not None
        self.told = told_in(lines)
        self.sampled = {found.sampled for name in self.told if (found := SpanContext.extract(lines, (name,)))}
        self.current = (context.trace_id[-16:], context.span_id)
        record: Any = logging.makeLogRecord({})
        ContextFilter().filter(record)
        self.logged = (record.trace_id[-16:], record.span_id)

    def only(self) -> tuple[str, str]:
        (found,) = {*self.told.values(), self.current, self.logged}
        return found


async def asgi(mesh: Mesh, *lines: Line) -> Seen:
    seen = Seen()

    class Looking(App):
        async def __call__(self, scope: Any, *args: Any) -> None:
            seen.look(scope["headers"])
            await super().__call__(scope, *args)

    await Client(MeshMiddleware(Looking(), mesh=mesh)).get("/", headers=lines)
    return seen


async def websocket(mesh: Mesh, *lines: Line) -> Seen:
    seen = Seen()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.look(scope["headers"])
        await send({"type": "websocket.close", "code": 1000})

    async def nothing(*_: Any) -> dict[str, Any]:
        return {"type": "websocket.connect"}

    await MeshMiddleware(app, mesh=mesh)(websocket_scope("/", *lines), nothing, nothing)
    return seen


def wsgi(mesh: Mesh, *lines: Line) -> Seen:
    seen = Seen()

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.look(header_lines(environ))
        start_response("200 OK", [])
        return []

    ask(WsgiMiddleware(app, mesh=mesh), *lines)
    return seen


def ask(app: Any, *lines: Line, host: str = "reviews:9080") -> None:
    environ: dict[str, Any] = {"HTTP_HOST": host}
    for name, value in lines:
        environ["HTTP_" + name.decode().upper().replace("-", "_")] = value.decode()
    setup_testing_defaults(environ)
    answer = app(environ, lambda *_: print)
    list(answer)
    if hasattr(answer, "close"):
        answer.close()


async def see(kind: str, mesh: Mesh, *lines: Line) -> Seen:
    if kind == "wsgi":
        return wsgi(mesh, *lines)
    return await {"asgi": asgi, "websocket": websocket}[kind](mesh, *lines)


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

    ask(WsgiMiddleware(app, mesh=mesh), *lines_in(*came))
    check(kept, came, sent)


KINDS = pytest.mark.parametrize("kind", ["asgi", "wsgi"])
OTEL = pytest.mark.parametrize("tracer", ["otel"], indirect=True)


@KINDS
@pytest.mark.parametrize("came", [*CASES, ()], ids="+".join)
@in_loop
async def test_the_app_sees_one_span(mesh: Mesh, kept: Kept, kind: str, came: tuple[str, ...]) -> None:
    seen = await see(kind, mesh, *lines_in(*came))
    server = kept.only()
    assert seen.only() == (trace_of(server)[-16:], id_of(server))
    assert {*came, "tracecontext"} <= set(seen.told)  # which OpenTelemetry's instrumentations look for
    assert parent_of(server) == (SPAN if came else None)
    assert seen.sampled == {True}


@pytest.mark.parametrize("kind", ["asgi", "wsgi", "websocket"])
@pytest.mark.parametrize("tracer", ["otel", "zipkin", "zipkin and w3c"], indirect=True)
@pytest.mark.parametrize("came", [*CASES, ()], ids="+".join)
@in_loop
async def test_the_app_sees_one_span_that_nobody_reports(
    tracer: str, kind: str, came: tuple[str, ...]
) -> None:
    with Mesh(config(tracer), service="reviews") as mesh:
        trace, span = (await see(kind, mesh, *lines_in(*came))).only()
    assert (trace == TRACE[-16:]) == bool(came)
    assert span != SPAN


@KINDS
@in_loop
async def test_a_callers_decision_holds(kind: str) -> None:
    """That of the tracer, which samples nothing here, is for those who leave it to it."""
    with Mesh(config("otel", sampled=0), service="reviews") as mesh:
        for state, sampled in (("-1", {True}), ("-0", {False}), ("", {False})):
            line = (b"b3", f"{TRACE}-{SPAN}{state}".encode())
            assert (await see(kind, mesh, line)).sampled == sampled


@KINDS
@OTEL
@in_loop
async def test_what_propagators_leave_out_stays(
    mesh: Mesh, kept: Kept, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("meshcore._tracers.propagators", lambda: (FORMATS.index("tracecontext"),))
    seen = await see(kind, mesh, *lines_in("b3", "jaeger"))
    server = kept.only()
    assert parent_of(server) is None
    assert seen.told.pop("tracecontext") == (trace_of(server)[-16:], id_of(server)) == seen.current
    assert seen.told == dict.fromkeys(("b3", "jaeger"), (TRACE[-16:], SPAN))


@KINDS
@OTEL
@in_loop
async def test_of_two_traces_the_tracers_goes_on(mesh: Mesh, kept: Kept, kind: str) -> None:
    seen = await see(kind, mesh, *lines_in("tracecontext"), (b"b3", b"1" * 16 + b"-" + b"2" * 16 + b"-1"))
    assert seen.only() == (TRACE[-16:], id_of(kept.only()))


@KINDS
@OTEL
@in_loop
async def test_a_trace_without_a_span_goes_on(mesh: Mesh, kept: Kept, kind: str) -> None:
    """A balancer of AWS tells the trace alone."""
    root = f"Root=1-{TRACE[:8]}-{TRACE[8:]}".encode()
    seen = await see(kind, mesh, (b"x-amzn-trace-id", root))
    server = kept.only()
    assert seen.only() == (TRACE[-16:], id_of(server))
    assert parent_of(server) is None


@KINDS
@pytest.mark.parametrize("tracer", ["otel", "none"])
@in_loop
async def test_what_is_forwarded_names_one_span(kept: Kept, kind: str, tracer: str) -> None:
    with (
        origins(1) as (origin,),
        Mesh(config(tracer, ratings=origin.port), service="reviews", spans=kept.processor) as mesh,
    ):
        if kind == "asgi":
            app = MeshMiddleware(App(), mesh=mesh)
            await Client(app).get("/", host="ratings:9080", headers=tuple(lines_in("b3")))
        else:
            ask(WsgiMiddleware(lambda environ, start: [], mesh=mesh), *lines_in("b3"), host="ratings:9080")
        headers = origin.seen[0]["headers"]
    server = kept.only()
    assert (trace_of(server), parent_of(server)) == (TRACE, SPAN)
    assert headers["traceparent"] == f"00-{TRACE}-{id_of(server)}-01"
    assert headers["b3"] == f"{TRACE}-{id_of(server)}-1-{SPAN}"


@in_loop
async def test_a_websocket_that_is_forwarded_names_one_span() -> None:
    sent: list[Any] = []

    messages = asyncio.Queue[dict[str, Any]]()
    messages.put_nowait({"type": "websocket.connect"})

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    with (
        origins(1) as (origin,),
        Mesh(config("otel", ratings=origin.port), service="reviews") as mesh,
    ):
        scope = websocket_scope("/", headers=[(b"host", b"ratings:9080"), *lines_in("b3")])
        await MeshMiddleware(App(), mesh=mesh)(scope, messages.get, send)
        headers = origin.seen[0]["headers"]
    _, trace, span, _ = headers["traceparent"].split("-")
    assert trace == TRACE
    assert span != SPAN
    assert headers["b3"] == f"{TRACE}-{span}-1-{SPAN}"


@OTEL
def test_lines_of_ones_own_go_on_in_the_tracers_format(mesh: Mesh, kept: Kept) -> None:
    with activate({"b3": f"{'1' * 32}-{'2' * 16}-1"}):
        sent = send(mesh, *lines_in("b3"))
    span = kept.only()
    assert (trace_of(span), parent_of(span)) == (TRACE, SPAN)
    assert set(told_in(sent).values()) == {(TRACE[-16:], id_of(span))}


@OTEL
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
