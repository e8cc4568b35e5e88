"""Spans of what goes out: of each client, by the ids that the endpoint gets."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from callers import CALLERS, Call, Caller, caller_of
from mesh_support import REVIEWS, rules, service
from opentelemetry.trace import SpanKind, StatusCode
from origins import Origin, origins, refused_port
from span_support import SPAN, TRACE, Kept, id_of, parent_of, tags_of, trace_of

from meshcore import SpanContext, load_text
from meshcore.context import RequestContext, activate
from meshcore.mesh import Mesh
from meshcore.model import Config

CARRIER = {"b3": f"{TRACE}-{SPAN}-1", "user-agent": "me"}
DENIED = {"b3": f"{TRACE}-{SPAN}-0"}
RULES = (
    "match: [{uri: {exact: /moved}}], redirect: {uri: /new}",
    "match: [{uri: {exact: /once}}], retries: {attempts: 0}, HERE",
    'retries: {attempts: 1, retryOn: "5xx,connect-failure,reset"}, HERE',
)
ZIPKIN = {"extensionProviders": [{"name": "z", "zipkin": {"service": "z.tracing", "port": 9411}}]}
OTEL = {"extensionProviders": [{"name": "z", "opentelemetry": {"service": "o.tracing", "port": 4317}}]}
TRACING = """
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: t, namespace: istio-system}
spec: {tracing: [{providers: [{name: z}], customTags: {tier: {literal: {value: front}}}}]}
"""


@pytest.fixture(params=CALLERS)
def caller(request: pytest.FixtureRequest) -> Caller:
    return caller_of(request.param)


@pytest.fixture
def origin() -> Iterator[Origin]:
    with origins(1) as (found,):
        yield found


@pytest.fixture
def kept() -> Kept:
    return Kept()


def config(*ports: int, tracer: bool = False) -> Config:
    documents = [service("reviews", *ports), rules("reviews", *RULES), *([TRACING] if tracer else ())]
    return load_text("\n---\n".join(documents), mesh_config=ZIPKIN if tracer else None)


def mesh_for(kept: Kept, *ports: int, tracer: bool = False) -> Mesh:
    return Mesh(config(*ports, tracer=tracer), service="productpage", spans=kept.processor)


def sent_to(origin: Origin) -> SpanContext:
    found = SpanContext.extract(origin.seen[-1]["headers"])
    assert found is not None
    return found


@pytest.mark.parametrize("tracer", [False, True], ids=["carried on", "by zipkin"])
def test_the_endpoint_gets_the_id_of_the_span(
    caller: Caller, origin: Origin, kept: Kept, tracer: bool
) -> None:
    with mesh_for(kept, origin.port, tracer=tracer) as mesh, activate(CARRIER) as context:
        answer = caller.call(mesh, "GET", "/reviews/7?a=b")
        assert answer.status == 200
    span, sent = kept.only(), sent_to(origin)
    assert span.kind is SpanKind.CLIENT
    assert (trace_of(span), id_of(span)) == (TRACE, sent.span_id)
    assert parent_of(span) == context.span_id
    assert sent.parent_id == context.span_id  # no span between that nobody reports
    tags = tags_of(span)
    assert span.name == "reviews.default.svc.cluster.local:9080/*"
    assert tags["http.url"] == "http://reviews:9080/reviews/7?a=b"
    assert (tags["http.status_code"], tags["http.response.status_code"]) == ("200", 200)
    assert tags["upstream_cluster"] == REVIEWS
    assert tags["peer.address"] == tags["upstream_address"] == origin.address
    assert tags["guid:x-request-id"] == origin.seen[-1]["headers"]["x-request-id"]
    assert tags["response_flags"] == "-"
    assert "error" not in tags
    assert tags.get("tier") == ("front" if tracer else None)
    assert span.start_time is not None
    assert span.end_time is not None
    assert span.start_time <= span.end_time


def test_lines_that_the_tracer_does_not_read_name_the_same_span(
    caller: Caller, origin: Origin, kept: Kept
) -> None:
    """The tracer's own sampling, of 1 %, is not asked: those who read b3 go by the caller's word."""
    found = load_text(service("reviews", origin.port) + "\n---\n" + TRACING, mesh_config=OTEL)
    with Mesh(found, service="productpage", spans=kept.processor) as mesh, activate(CARRIER) as context:
        assert caller.call(mesh, "GET", "/").status == 200
    span, headers = kept.only(), origin.seen[-1]["headers"]
    assert (trace_of(span), parent_of(span)) == (TRACE, context.span_id)
    assert headers["traceparent"] == f"00-{TRACE}-{id_of(span)}-01"
    assert headers["b3"] == f"{TRACE}-{id_of(span)}-1-{context.span_id}"


def test_what_is_not_sampled_is_not_reported(caller: Caller, origin: Origin, kept: Kept) -> None:
    with mesh_for(kept, origin.port) as mesh:
        for carrier in (DENIED, {"x-request-id": "r"}, {}):
            with activate(carrier):
                assert caller.call(mesh, "GET", "/").status == 200
        assert caller.call(mesh, "GET", "/").status == 200
    assert kept.spans == []


def test_attempts_share_a_span_that_tells_of_them(caller: Caller, origin: Origin, kept: Kept) -> None:
    refused = refused_port()
    with mesh_for(kept, refused, origin.port) as mesh, activate(CARRIER):
        answers = caller.calls(mesh, Call("GET", "/a"), Call("GET", "/b"))
        assert [it.status for it in answers] == [200, 200]
    retried = next(it for it in kept.spans if it.events)
    events = [(it.name, dict(it.attributes or {})) for it in retried.events]
    failed = {"error.reason": "remote connection failure", "upstream_address": f"127.0.0.1:{refused}"}
    assert events == [
        ("attempt failed", failed),
        ("retry", {"retry.count": "1", "upstream_address": origin.address}),
    ]
    assert tags_of(retried)["upstream_address"] == origin.address
    assert retried.status.status_code is StatusCode.UNSET


def test_answers_and_errors(caller: Caller, origin: Origin, kept: Kept) -> None:
    origin.status = 503
    with mesh_for(kept, origin.port) as mesh, activate(CARRIER):
        assert caller.call(mesh, "GET", "/once").status == 503
        assert caller.call(mesh, "GET", "/moved").status == 301
        origin.status = 0
        assert isinstance(caller.call(mesh, "POST", "/once", body=b"x").error, caller.broken)
    failed, moved, broken = kept.spans
    assert tags_of(failed)["error"] == "true"
    assert tags_of(failed)["error.type"] == "503"
    assert failed.status.status_code is StatusCode.ERROR
    assert tags_of(moved)["http.status_code"] == "301"
    assert "upstream_address" not in tags_of(moved)
    assert moved.status.status_code is StatusCode.UNSET
    assert (tags_of(broken)["http.status_code"], broken.status.status_code) == ("0", StatusCode.ERROR)
    assert parent_of(moved) == parent_of(failed)


def test_lines_of_ones_own_are_ones_own_span(caller: Caller, origin: Origin, kept: Kept) -> None:
    own = {"traceparent": f"00-{TRACE}-{SPAN}-01"}
    with mesh_for(kept, origin.port) as mesh:
        assert caller.call(mesh, "GET", "/", headers=own).status == 200
    assert sent_to(origin).span_id == SPAN
    assert kept.spans == []


def test_a_tracer_goes_on_below_a_span_of_ones_own(caller: Caller, origin: Origin, kept: Kept) -> None:
    own = {"x-b3-traceid": TRACE, "x-b3-spanid": SPAN, "x-b3-sampled": "1"}
    with mesh_for(kept, origin.port, tracer=True) as mesh:
        assert caller.call(mesh, "GET", "/", headers=own).status == 200
    span = kept.only()
    assert (id_of(span), parent_of(span)) == (sent_to(origin).span_id, SPAN)


def test_hosts_that_are_not_of_the_mesh(caller: Caller, origin: Origin, kept: Kept) -> None:
    with mesh_for(kept, origin.port) as mesh, activate(CARRIER):
        assert caller.call(mesh, "GET", f"http://{origin.address}/").status == 200
    assert kept.spans == []


# ------------------------------------------------------------------ Envoy's documents


def envoy(port: int, **tracing: Any) -> Config:
    kinds = "type.googleapis.com/envoy"
    manager = {
        "@type": f"{kinds}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "s",
        "tracing": tracing,
        "route_config": {
            "name": "r",
            "virtual_hosts": [
                {
                    "name": "v",
                    "domains": ["*"],
                    "routes": [
                        {
                            "match": {"prefix": "/"},
                            "route": {
                                "cluster": "reviews",
                                "retry_policy": {"retry_on": "5xx", "num_retries": 1},
                            },
                        }
                    ],
                }
            ],
        },
    }
    listener = {
        "address": {"socket_address": {"address": "0.0.0.0", "port_value": 9080}},
        "filter_chains": [{"filters": [{"name": "m", "typed_config": manager}]}],
    }
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    endpoint = {"endpoint": {"address": address}, "metadata": {"filter_metadata": {"envoy.lb": {"v": "1"}}}}
    cluster = {
        "name": "reviews",
        "load_assignment": {"cluster_name": "reviews", "endpoints": [{"lb_endpoints": [endpoint]}]},
    }
    return load_text(json.dumps({"static_resources": {"listeners": [listener], "clusters": [cluster]}}))


def provider(kind: str, **more: Any) -> dict[str, Any]:
    typed = {"@type": f"type.googleapis.com/envoy.config.trace.v3.{kind}", **more}
    return {"provider": {"name": "tracer", "typed_config": typed}}


@pytest.mark.parametrize(
    "tracer",
    [provider("ZipkinConfig", trace_id_128bit=True), provider("OpenTelemetryConfig")],
    ids=["zipkin", "otel"],
)
def test_a_span_for_each_attempt(caller: Caller, origin: Origin, kept: Kept, tracer: dict[str, Any]) -> None:
    origin.status = 503
    label = {
        "tag": "version",
        "metadata": {"kind": {"host": {}}, "metadata_key": {"key": "envoy.lb", "path": [{"key": "v"}]}},
    }
    spawning = envoy(origin.port, spawn_upstream_span=True, custom_tags=[label], **tracer)
    line = f"00-{TRACE}-{SPAN}-01"
    carrier = {"traceparent": line} if "Open" in str(tracer) else CARRIER
    with Mesh(spawning, service="front", spans=kept.processor) as mesh, activate(carrier) as context:
        assert caller.call(mesh, "GET", "/").status == 503
    first, second, whole = kept.spans
    told = [SpanContext.extract(it["headers"]) for it in origin.seen]
    assert [id_of(first), id_of(second)] == [it.span_id for it in told if it is not None]
    assert parent_of(first) == parent_of(second) == id_of(whole)
    assert parent_of(whole) == context.span_id
    assert {trace_of(it) for it in kept.spans} == {TRACE}
    assert [it.kind for it in kept.spans] == [SpanKind.CLIENT, SpanKind.CLIENT, SpanKind.INTERNAL]
    assert first.name == second.name == "router reviews egress"
    assert "retry.count" not in tags_of(first)
    assert tags_of(second)["retry.count"] == "1"
    assert tags_of(second)["error"] == "true"
    assert tags_of(second)["upstream_address"] == origin.address
    assert tags_of(second)["version"] == "1"
    assert tags_of(whole)["response_flags"] == "URX"


def test_where_nothing_traces_the_log_says_so(kept: Kept, caplog: pytest.LogCaptureFixture) -> None:
    silent = load_text(service("reviews", 1), mesh_config={"enableTracing": False})
    with caplog.at_level(logging.WARNING, "meshcore.mesh"):
        Mesh(silent, spans=kept.processor)
        assert "there will be no spans" in caplog.text
        caplog.clear()
        Mesh(load_text(service("reviews", 1)), spans=kept.processor)
        assert "no provider of traces is configured" in caplog.text
        caplog.clear()
        Mesh(silent)
        assert not caplog.records
        Mesh(config(1), spans=kept.processor)
        assert "there will be no spans" not in caplog.text


def test_a_name_that_the_endpoint_gives(origin: Origin, kept: Kept) -> None:
    origin.headers = {"x-envoy-decorator-operation": "their operation"}
    with mesh_for(kept, origin.port) as mesh, activate(RequestContext(CARRIER)):
        assert caller_of("httpx").call(mesh, "GET", "/").status == 200
    assert kept.only().name == "their operation"
