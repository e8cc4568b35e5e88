"""Spans of what comes in by ASGI, joined with those of what goes out."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest
from asgi_support import App, Client
from mesh_support import in_loop, rules, service
from opentelemetry.trace import SpanKind, StatusCode
from origins import origins
from span_support import SPAN, TRACE, Kept, id_of, parent_of, tags_of, trace_of

import meshcore
from meshcore import SpanContext, load_text
from meshcore.integrations.asgi import MeshMiddleware
from meshcore.integrations.httpx import AsyncMeshTransport
from meshcore.mesh import Mesh
from meshcore.model import Config

SAMPLED = (b"b3", f"{TRACE}-{SPAN}-1".encode())
DENIED = (b"b3", f"{TRACE}-{SPAN}-0".encode())
AGENT = (b"user-agent", b"me")
CALLER = (b"x-meshcore-caller", b"front")
RULES = (
    "match: [{uri: {exact: /moved}}], redirect: {uri: /new}",
    "match: [{uri: {exact: /late}}], timeout: 0.02s, HERE",
    "match: [{uri: {exact: /elsewhere}}], route: [{destination: {host: ratings}}]",
)
ZIPKIN = {"extensionProviders": [{"name": "z", "zipkin": {"service": "z.tracing", "port": 9411}}]}
ALL = """
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: t, namespace: istio-system}
spec: {tracing: [{providers: [{name: z}], randomSamplingPercentage: 100}]}
"""


def config(*more: str, ratings: int = 1, **options: Any) -> Config:
    documents = [service("reviews", 1), service("ratings", ratings), rules("reviews", *RULES), *more]
    return load_text("\n---\n".join(documents), **options)


def mesh_for(kept: Kept, *more: str, ratings: int = 1, **options: Any) -> Mesh:
    return Mesh(config(*more, ratings=ratings, **options), service="reviews", spans=kept.processor)


class Seeing(App):
    """Keeps the context that it runs in, and the lines that it gets."""

    context: SpanContext
    lines: SpanContext | None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        found = meshcore.current()
        assert found is not None
        self.context = found.span
        self.lines = SpanContext.extract(scope["headers"])
        await super().__call__(scope, receive, send)


@in_loop
async def test_asgi_reports_what_is_sampled() -> None:
    kept, app = Kept(), Seeing()
    with mesh_for(kept) as mesh:
        middleware = MeshMiddleware(app, mesh=mesh)
        answer = await Client(middleware).get("/r/7?a=b", headers=(SAMPLED, AGENT), body=(b"abc", b"d"))
        assert answer.status == 200
    span = kept.only()
    assert span.kind is SpanKind.SERVER
    assert (trace_of(span), parent_of(span), id_of(span)) == (TRACE, SPAN, app.context.span_id)
    assert span.parent is not None
    assert span.parent.is_remote
    tags = tags_of(span)
    assert span.name == "reviews.default.svc.cluster.local:9080/*"
    assert tags["http.url"] == "http://reviews:9080/r/7?a=b"
    assert (tags["http.method"], tags["http.protocol"], tags["user_agent"]) == ("GET", "HTTP/1.1", "me")
    assert (tags["http.status_code"], tags["request_size"], tags["response_size"]) == ("200", "4", "4")
    assert (tags["peer.address"], tags["response_flags"]) == ("10.0.0.9", "-")
    assert tags["upstream_cluster"] == "outbound|9080||reviews.default.svc.cluster.local"
    assert tags["guid:x-request-id"]
    assert span.status.status_code is StatusCode.UNSET


@pytest.mark.parametrize("called", [False, True])
@in_loop
async def test_asgi_is_silent_on_what_is_not_sampled(called: bool) -> None:
    kept, app = Kept(), Seeing()
    more = (CALLER,) if called else ()
    with mesh_for(kept) as mesh:
        middleware = MeshMiddleware(app, mesh=mesh)
        for lines in ((DENIED,), ((b"x-b3-traceid", b"bad"),)):
            assert (await Client(middleware).get("/", headers=(*lines, *more))).status == 200
    assert kept.spans == []


@in_loop
async def test_what_a_caller_in_the_mesh_sends_is_below_its_span() -> None:
    kept, app = Kept(), Seeing()
    with mesh_for(kept, ALL, mesh_config=ZIPKIN) as mesh:
        middleware = MeshMiddleware(app, mesh=mesh)
        await Client(middleware).get("/", headers=(SAMPLED, CALLER))
    span = kept.only()
    assert (id_of(span), parent_of(span)) == (app.context.span_id, SPAN)
    assert tags_of(span)["upstream_cluster"] == "inbound|9080||"
    assert app.lines is not None
    assert app.lines.span_id == id_of(span)  # what the app's own instrumentation reports is below it, too


@in_loop
async def test_a_trace_begins_here_as_the_tracer_says_to_the_app() -> None:
    kept, app = Kept(), Seeing()
    with mesh_for(kept, ALL, mesh_config=ZIPKIN) as mesh:
        middleware = MeshMiddleware(app, mesh=mesh)
        await Client(middleware).get("/")
        await Client(middleware).get("/", headers=(SAMPLED,))
    root, below = kept.spans
    assert parent_of(root) is None
    assert parent_of(below) == SPAN
    assert app.lines is not None
    assert app.lines.span_id == id_of(below) == app.context.span_id


@in_loop
async def test_spans_end_as_requests_do(caplog: pytest.LogCaptureFixture) -> None:
    kept, app, begun = Kept(), App(), asyncio.Event()

    async def fail() -> None:
        raise RuntimeError("in the app")

    async def hang() -> None:
        begun.set()
        await asyncio.Event().wait()

    with mesh_for(kept) as mesh:
        middleware = MeshMiddleware(app, mesh=mesh)
        assert (await Client(middleware).get("/moved", headers=(SAMPLED,))).status == 301
        app.before = fail
        with pytest.raises(RuntimeError):
            await Client(middleware).get("/", headers=(SAMPLED,))
        app.before = hang
        assert (await Client(middleware).get("/late", headers=(SAMPLED,))).status == 504
        begun.clear()
        request = asyncio.ensure_future(Client(middleware).get("/", headers=(SAMPLED,)))
        await begun.wait()
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
        app.status, app.before = 404, None
        await Client(middleware).get("/", headers=(SAMPLED,))
    found = [(tags_of(it)["http.status_code"], tags_of(it)["response_flags"]) for it in kept.spans]
    assert found == [("301", "-"), ("500", "-"), ("504", "UT"), ("0", "DC"), ("404", "-")]
    errors = [it.status.status_code is StatusCode.ERROR for it in kept.spans]
    assert errors == [False, True, True, True, False]


@in_loop
async def test_a_request_that_is_forwarded() -> None:
    kept = Kept()
    with origins(1) as (origin,), mesh_for(kept, ratings=origin.port) as mesh:
        answer = await Client(MeshMiddleware(App(), mesh=mesh)).get("/elsewhere", headers=(SAMPLED,))
        assert answer.status == 200
    assert tags_of(kept.only())["upstream_cluster"] == "outbound|9080||ratings.default.svc.cluster.local"


@pytest.mark.parametrize("edge", [False, True])
@in_loop
async def test_a_name_that_the_caller_gives(edge: bool) -> None:
    kept, found = Kept(), config()
    if edge:
        listeners = [
            replace(it, options=replace(it.options, use_remote_address=True)) for it in found.listeners
        ]
        found = replace(found, listeners=tuple(listeners))
    with Mesh(found, service="reviews", spans=kept.processor) as mesh:
        told = (b"x-envoy-decorator-operation", b"buy")
        await Client(MeshMiddleware(App(), mesh=mesh)).get("/", headers=(SAMPLED, told))
    assert kept.only().name == ("reviews.default.svc.cluster.local:9080/*" if edge else "buy")


@in_loop
async def test_servers_may_be_left_out() -> None:
    kept = Kept()
    off = "{match: {mode: SERVER}, disableSpanReporting: true}"
    with mesh_for(kept, ALL.replace("[{providers", f"[{off}, {{providers"), mesh_config=ZIPKIN) as mesh:
        await Client(MeshMiddleware(App(), mesh=mesh)).get("/", headers=(SAMPLED,))
    assert kept.spans == []


@in_loop
async def test_a_processor_that_fails_breaks_no_request(caplog: pytest.LogCaptureFixture) -> None:
    class Failing:
        def on_end(self, span: object) -> None:
            raise RuntimeError("queue is shut")

        def force_flush(self) -> None:
            pass

    processor: Any = Failing()
    with Mesh(config(), service="reviews", spans=processor) as mesh:
        answer = await Client(MeshMiddleware(App(), mesh=mesh)).get("/", headers=(SAMPLED,))
        assert answer.status == 200
    assert "reporting spans failed" in caplog.text


# ------------------------------------------------------------------ one trace


@pytest.mark.parametrize("tracer", [False, True], ids=["carried on", "by zipkin"])
@in_loop
async def test_one_trace_through_the_services(tracer: bool) -> None:
    """front (ASGI) asks reviews (ASGI), which asks ratings: each span hangs below the one that asked."""
    kept = Kept()
    documents = (ALL,) if tracer else ()
    options: dict[str, Any] = {"mesh_config": ZIPKIN} if tracer else {}
    with origins(1) as (ratings,):
        given = config(*documents, ratings=ratings.port, **options)
        with Mesh(given, service="reviews", spans=kept.processor) as mesh:

            async def reviews(scope: Any, receive: Any, send: Any) -> None:
                async with httpx.AsyncClient(transport=AsyncMeshTransport(mesh)) as client:
                    answer = await client.get("http://ratings:9080/7")
                await send({"type": "http.response.start", "status": answer.status_code, "headers": []})
                await send({"type": "http.response.body", "body": b"", "more_body": False})

            middleware = MeshMiddleware(reviews, mesh=mesh)
            assert (await Client(middleware).get("/", headers=(SAMPLED,))).status == 200
    client, server = kept.spans
    assert (client.kind, server.kind) == (SpanKind.CLIENT, SpanKind.SERVER)
    assert parent_of(server) == SPAN
    assert parent_of(client) == id_of(server)
    assert {trace_of(client), trace_of(server)} == {TRACE}
    sent = SpanContext.extract(ratings.seen[0]["headers"])
    assert sent is not None
    assert (sent.span_id, sent.parent_id) == (id_of(client), id_of(server))
    assert sent.sampled
