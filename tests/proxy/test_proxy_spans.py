"""Spans of the proxy: of requests and of attempts, by the ids that the endpoint gets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from opentelemetry.trace import SpanKind, StatusCode
from proxy_support import (
    HOST,
    RawClient,
    RawOrigin,
    cluster,
    config_for,
    in_loop,
    proxy_for,
    route,
    unused_port,
)
from span_support import SPAN, TRACE, Kept, id_of, parent_of, tags_of, trace_of

from meshcore import SpanContext
from meshcore.model import (
    Config,
    CustomTag,
    CustomTagKind,
    Decorator,
    DirectResponse,
    ForwardAction,
    HttpOptions,
    RetryPolicy,
    TracingOptions,
)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
BUSY = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
ZIPKIN = TracingOptions("zipkin", trace_id_128bit=True, shared_span_context=False)
B3 = f"b3: {TRACE}-{SPAN}-1"
RETRIES = RetryPolicy(("5xx", "connect-failure"), num_retries=1, back_off_base=0.001)


def tracing(options: TracingOptions | None, port: int, **fields: Any) -> Config:
    action = ForwardAction(cluster="app", retry_policy=RETRIES)
    routes = (
        route(DirectResponse(418), "/own"),
        route(action, name="all", **fields),
    )
    return config_for(cluster(port), routes=routes, options=HttpOptions(tracing=options))


async def ask(port: int, target: str = "/", lines: str = B3) -> None:
    async with RawClient(port) as client:
        await client.get(target, *([lines] if lines else []))
        await client.answer()


def told(origin: RawOrigin) -> list[SpanContext]:
    found = []
    for head in origin.heads:
        pairs = [line.split(b": ", 1) for line in head.split(b"\r\n")[1:] if line]
        context = SpanContext.extract([(name.lower(), value) for name, value in pairs])
        assert context is not None
        found.append(context)
    return found


@in_loop
async def test_a_span_for_each_request() -> None:
    kept = Kept()
    async with RawOrigin(OK) as origin:
        config = tracing(ZIPKIN, origin.port, decorator=Decorator("buy"))
        async with proxy_for(config, spans=kept.processor) as served:
            await ask(served.port, "/a?b=c")
            await served.idle()
        (sent,) = told(origin)
    span = kept.only()
    assert (span.name, span.kind) == ("buy", SpanKind.SERVER)
    assert (trace_of(span), id_of(span), parent_of(span)) == (TRACE, sent.span_id, SPAN)
    tags = tags_of(span)
    assert tags["http.url"] == f"http://{HOST}/a?b=c"
    assert (tags["http.status_code"], tags["response_size"], tags["upstream_cluster"]) == ("200", "2", "app")
    assert tags["peer.address"] == "127.0.0.1"
    assert "upstream_address" not in tags
    assert span.resource.attributes["service.name"] == "meshcore-proxy"


@in_loop
async def test_a_span_for_each_attempt() -> None:
    kept = Kept()
    tag = CustomTag("who", CustomTagKind.REQUEST_HEADER, "x-who", "nobody")
    options = replace(ZIPKIN, spawn_upstream_span=True, custom_tags=(tag,))
    async with RawOrigin(BUSY) as origin:
        async with proxy_for(tracing(options, origin.port), spans=kept.processor) as served:
            await ask(served.port)
            await served.idle()
        first, second = told(origin)
    tries = [it for it in kept.spans if it.kind is SpanKind.CLIENT]
    (whole,) = [it for it in kept.spans if it.kind is SpanKind.SERVER]
    assert [id_of(it) for it in tries] == [first.span_id, second.span_id]
    assert {parent_of(it) for it in tries} == {id_of(whole)} == {first.parent_id}
    assert parent_of(whole) == SPAN
    assert [tags_of(it).get("retry.count") for it in tries] == [None, "1"]
    assert {tags_of(it)["upstream_address"] for it in tries} == {f"127.0.0.1:{origin.port}"}
    assert {it.status.status_code for it in kept.spans} == {StatusCode.ERROR}
    assert tags_of(whole)["response_flags"] == "URX"
    assert {tags_of(it)["who"] for it in kept.spans} == {"nobody"}


@in_loop
async def test_attempts_that_fail() -> None:
    kept, port = Kept(), unused_port()
    options = replace(ZIPKIN, spawn_upstream_span=True)
    async with proxy_for(tracing(options, port), spans=kept.processor) as served:
        await ask(served.port)
        await served.idle()
    first, second, whole = kept.spans
    for one in (first, second):
        tags = tags_of(one)
        assert (tags["http.status_code"], tags["response_flags"]) == ("0", "UF")
        assert tags["error.reason"] == "remote connection failure"
    assert tags_of(whole)["http.status_code"] == "503"


@in_loop
async def test_a_span_of_zipkins_that_two_share_is_reported_once() -> None:
    kept = Kept()
    async with RawOrigin(OK) as origin:
        shared = replace(ZIPKIN, shared_span_context=True)
        async with proxy_for(tracing(shared, origin.port), spans=kept.processor) as served:
            await ask(served.port)
            await served.idle()
        (sent,) = told(origin)
    span = kept.only()
    assert sent.span_id == SPAN == parent_of(span)
    assert id_of(span) != SPAN


@in_loop
async def test_what_is_reported() -> None:
    kept = Kept()
    async with RawOrigin(OK, close=False) as origin:
        async with proxy_for(tracing(ZIPKIN, origin.port), spans=kept.processor) as served:
            await ask(served.port, "/own")
            await ask(served.port, "/", f"b3: {TRACE}-{SPAN}-0")
            await ask(served.port, "/", "")
            await served.idle()
        own, root = kept.spans
        assert (tags_of(own)["http.status_code"], parent_of(own)) == ("418", SPAN)
        assert parent_of(root) is None
        assert id_of(root) == told(origin)[-1].span_id
        kept.clear()
        async with proxy_for(tracing(None, origin.port), spans=kept.processor) as served:
            await ask(served.port)
        outbound = replace(ZIPKIN, outbound=True)
        async with proxy_for(tracing(outbound, origin.port), spans=kept.processor) as served:
            await ask(served.port)
            await served.idle()
    assert kept.only().kind is SpanKind.CLIENT
