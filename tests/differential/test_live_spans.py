"""Spans: our proxy reports what a running Envoy reports of the same requests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple

import pytest
from live_collector import Collector, collecting
from live_config import bootstrap, cluster
from live_envoy import Envoy, exchange, free_ports
from live_proxy import running
from live_upstream import EchoServers
from span_support import Kept, id_of, parent_of, tags_of

from meshcore.config import load
from meshcore.engine import Engine
from meshcore.proxy import Proxy

pytestmark = pytest.mark.envoy

#: Tags that one of the two has alone, or that tell when a connection was given up.
OTHERS = {"node_id", "zone", "canceled", "error.type", "http.request.method", "http.response.status_code"}
OTHERS |= {"server.address", "url.path"}
RETRY = {"retry_on": "5xx,connect-failure", "num_retries": 1, "retry_back_off": {"base_interval": "0.001s"}}


def route(path: str, **more: Any) -> dict[str, Any]:
    return {"name": path[1:], "match": {"prefix": path}, **({"route": {"cluster": "alpha"}} | more)}


def metadata(kind: str, key: str, *path: str, default: str = "") -> dict[str, Any]:
    steps = [{"key": step} for step in path]
    return {
        "metadata": {
            "kind": {kind: {}},
            "metadata_key": {"key": key, "path": steps},
            "default_value": default,
        }
    }


OWN_TAGS = [
    {"tag": "a", "literal": {"value": "route"}},
    {"tag": "f", "value": "%REQ(x-a)%|%ROUTE_NAME%"},
    {"tag": "r", **metadata("route", "owner", "team")},
]
ROUTES = [
    route("/decorated", decorator={"operation": "buy"}),
    route(
        "/tagged", tracing={"custom_tags": OWN_TAGS}, metadata={"filter_metadata": {"owner": {"team": "x"}}}
    ),
    route("/named", tracing={"operation": "R %REQ(:METHOD)%", "upstream_operation": "U %UPSTREAM_CLUSTER%"}),
    route("/dead", route={"cluster": "dead", "retry_policy": RETRY}),
    {"name": "own", "match": {"prefix": "/own"}, "direct_response": {"status": 503}},
    route("/"),
]
TABLE = {"name": "t", "virtual_hosts": [{"name": "v", "domains": ["shop.example"], "routes": ROUTES}]}
TAGS = [
    {"tag": "a", "literal": {"value": "listener"}},
    {"tag": "e", "environment": {"name": "MESHCORE_IS_NOT_SET", "default_value": "none"}},
    {"tag": "empty", "environment": {"name": "MESHCORE_IS_NOT_SET"}},
    {"tag": "h", "request_header": {"name": "x-a", "default_value": "missing"}},
    {"tag": "m", **metadata("host", "envoy.lb", "version", default="nowhere")},
]


def tracing(**more: Any) -> dict[str, Any]:
    typed = {
        "@type": "type.googleapis.com/envoy.config.trace.v3.ZipkinConfig",
        "collector_cluster": "collector",
        "collector_endpoint": "/api/v2/spans",
        "collector_endpoint_version": "HTTP_JSON",
        "shared_span_context": False,
        "trace_id_128bit": True,
    }
    return {"tracing": {"provider": {"name": "envoy.tracers.zipkin", "typed_config": typed}, **more}}


OUT = {"traffic_direction": "OUTBOUND"}
LISTENERS: dict[str, dict[str, Any]] = {
    "in": tracing(custom_tags=TAGS),
    "out": tracing(max_path_tag_length=5) | OUT,
    "spawn": tracing(spawn_upstream_span=True, custom_tags=TAGS),
    "spawn-out": tracing(spawn_upstream_span=True, operation="O %REQ(:PATH)%", upstream_operation="U") | OUT,
}
REQUESTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("/plain?q=1", ("x-a: 1", "user-agent: me", "x-envoy-downstream-service-cluster: who")),
    ("/decorated", ()),
    ("/decorated", ("x-envoy-decorator-operation: theirs",)),
    ("/tagged", ("x-a: 1", "x-client-trace-id: c", "x-forwarded-proto: https")),
    ("/named", ()),
    ("/dead", ()),
    ("/own", ()),
)


class Pair(NamedTuple):
    ports: dict[str, tuple[int, int]]  #: by listener: Envoy's, ours
    collector: Collector
    kept: Kept


@pytest.fixture(scope="module")
def pair(binary: str) -> Iterator[Pair]:
    ports = free_ports(len(LISTENERS))
    dead = free_ports(1)[0]
    given = {
        name: {"route_config": TABLE, "generate_request_id": True, **it} for name, it in LISTENERS.items()
    }
    with ExitStack() as stack:
        collector, kept = stack.enter_context(collecting()), Kept()
        upstreams = stack.enter_context(EchoServers(4))
        flush = {"tracing.zipkin.min_flush_spans": 1}
        found = bootstrap(ports, upstreams.ports, listeners=given, runtime=flush)
        found["static_resources"]["clusters"] += [cluster("dead", dead), cluster("collector", collector.port)]
        stack.enter_context(Envoy(binary, found))
        engine = Engine(load(found))
        ours = [("127.0.0.1", 0, port) for port in ports]
        proxy = Proxy(engine, name=None, listen=ours, spans=kept.processor)
        stack.enter_context(running(proxy))
        yield Pair(dict(zip(LISTENERS, zip(ports, proxy.ports, strict=True), strict=True)), collector, kept)


def told(kind: str, name: str, tags: dict[str, Any]) -> tuple[str, str, tuple[tuple[str, Any], ...]]:
    kept = {key: value for key, value in tags.items() if key not in OTHERS}
    if "guid:x-request-id" in kept:
        kept["guid:x-request-id"] = "<id>"
    return kind, name, tuple(sorted(kept.items()))


@pytest.mark.parametrize("number", range(len(REQUESTS)))
@pytest.mark.parametrize("listener", LISTENERS)
def test_spans(pair: Pair, listener: str, number: int) -> None:
    path, lines = REQUESTS[number]
    trace = f"{list(LISTENERS).index(listener) + 1:016x}{number + 1:016x}"
    head = "".join(f"{line}\r\n" for line in (*lines, f"b3: {trace}-a2fb4a1d1a96d312-1"))
    request = f"GET {path} HTTP/1.1\r\nhost: shop.example\r\n{head}connection: close\r\n\r\n".encode()
    pair.kept.clear()
    envoys, ours = (exchange(port, request).status for port in pair.ports[listener])
    assert envoys == ours
    pair.kept.wait(lambda spans: any(it.kind.name == "SERVER" or "spawn" not in listener for it in spans))
    spans = pair.kept.spans
    theirs = pair.collector.of(trace, len(spans))
    wanted = sorted(told(it["kind"], it["name"], it["tags"]) for it in theirs)
    found = sorted(told(it.kind.name, it.name, tags_of(it)) for it in spans)
    assert found == wanted
    roots = {id_of(it) for it in spans if parent_of(it) == "a2fb4a1d1a96d312"}
    assert len(roots) == 1
    assert {parent_of(it) for it in spans} == {"a2fb4a1d1a96d312", *(roots if len(spans) > 1 else ())}
