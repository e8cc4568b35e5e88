"""Request ids, x-forwarded-for and trace contexts: a running Envoy sends the same lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from live_compare import Request, View
from live_pair import LivePair, live_pair

pytestmark = pytest.mark.envoy

LIVE = settings(
    derandomize=True,
    deadline=None,
    max_examples=250,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

TRACERS = "type.googleapis.com/envoy.config.trace.v3"
INTERNAL = {"internal_address_config": {}}
INTERNAL_RANGE = {
    "internal_address_config": {"cidr_ranges": [{"address_prefix": "10.0.0.0", "prefix_len": 8}]}
}


def shares(client: float = 100, random: float = 100, overall: float = 100) -> dict[str, Any]:
    names = ("client_sampling", "random_sampling", "overall_sampling")
    return {name: {"value": value} for name, value in zip(names, (client, random, overall), strict=True)}


def route_shares(**percents: int) -> dict[str, Any]:
    return {f"{name}_sampling": {"numerator": value} for name, value in percents.items()}


def zipkin(**options: Any) -> dict[str, Any]:
    config = {
        "@type": f"{TRACERS}.ZipkinConfig",
        "collector_cluster": "delta",
        "collector_endpoint": "/api/v2/spans",
        "collector_endpoint_version": "HTTP_JSON",
        **options,
    }
    return {"provider": {"name": "envoy.tracers.zipkin", "typed_config": config}}


def opentelemetry() -> dict[str, Any]:
    uri = {"uri": "http://127.0.0.1:1/v1/traces", "cluster": "delta", "timeout": "0.2s"}
    config = {
        "@type": f"{TRACERS}.OpenTelemetryConfig",
        "service_name": "s",
        "http_service": {"http_uri": uri},
    }
    return {"provider": {"name": "envoy.tracers.opentelemetry", "typed_config": config}}


BUY = {"decorator": {"operation": "buy"}}
SAYS = {"response_headers_to_add": [{"header": {"key": "x-envoy-decorator-operation", "value": "sell"}}]}


def route(path: str, **more: Any) -> dict[str, Any]:
    return {"name": path, "match": {"prefix": path}, **({"route": {"cluster": "alpha"}} | more)}


ROUTES = {
    "name": "table",
    "virtual_hosts": [
        {
            "name": "all",
            "domains": ["*"],
            "routes": [
                route("/none", tracing=route_shares(client=0, random=0, overall=100)),
                route("/half", tracing=route_shares(random=50)),
                route("/third", tracing=route_shares(client=100, random=100, overall=33)),
                {
                    "name": "direct",
                    "match": {"prefix": "/direct"},
                    "direct_response": {"status": 200},
                    "tracing": route_shares(random=100),
                },
                {"name": "re", "match": {"prefix": "/re"}, "redirect": {"host_redirect": "h"}},
                {
                    "name": "edited",
                    "match": {"prefix": "/edited"},
                    "route": {"cluster": "alpha", "retry_policy": {"retry_on": "5xx"}},
                    "request_headers_to_add": [
                        {"header": {"key": "x-copy", "value": "%REQ(x-request-id)%"}},
                        {"header": {"key": "x-b3-sampled", "value": "7"}},
                    ],
                },
                {
                    "name": "by-id",
                    "match": {
                        "prefix": "/by",
                        "headers": [{"name": "x-request-id", "string_match": {"contains": "-4"}}],
                    },
                    "route": {"cluster": "beta"},
                },
                route("/decorated", **BUY),
                route("/quiet", decorator={"operation": "buy", "propagate": False}),
                route("/named", **BUY, tracing={"operation": "%PROTOCOL%"}),
                route("/says", **SAYS),
                route("/both", **SAYS, **BUY),
                {"name": "own", "match": {"prefix": "/own"}, "direct_response": {"status": 200}, **BUY},
                route("/yes"),
            ],
        }
    ],
}

UUIDS = (
    "0e4a7ee1-2b49-4f1e-8e5f-6a3c0a1b2c3d",
    "ffffffff-2b49-9f1e-8e5f-6a3c0a1b2c3d",
    "00000000-2b49-af1e-8e5f-6a3c0a1b2c3d",
    "00000007-2b49-bf1e-8e5f-6a3c0a1b2c3d",
    "12345678-2b49-0f1e-8e5f-6a3c0a1b2c3d",
    "0000000x-2b49-4f1e-8e5f-6a3c0a1b2c3d",
)

#: By name: options, and whether what is sampled of an id that Envoy draws is left to chance.
LISTENERS: dict[str, tuple[dict[str, Any], bool]] = {
    "ids": ({}, False),
    "always": ({"always_set_request_id_in_response": True}, False),
    "off": ({"generate_request_id": False, "always_set_request_id_in_response": True}, False),
    "edge": ({"use_remote_address": True}, False),
    "edge-internal": ({"use_remote_address": True, **INTERNAL}, False),
    "edge-keep": ({"use_remote_address": True, "preserve_external_request_id": True}, False),
    "hops": ({"use_remote_address": True, "xff_num_trusted_hops": 1, **INTERNAL_RANGE}, False),
    "hops-alone": ({"xff_num_trusted_hops": 1, **INTERNAL_RANGE}, False),
    "inside": (INTERNAL_RANGE, False),
    "all": ({"tracing": shares()}, False),
    "none": ({"tracing": shares(random=0), **INTERNAL_RANGE}, False),
    "no-client": ({"tracing": shares(client=0, random=0)}, False),
    "some": ({"tracing": shares(random=33.33, overall=70.9)}, True),
    "few": ({"tracing": shares(random=0.01)}, True),
    "edge-traced": (
        {"tracing": shares(random=0), "use_remote_address": True, "preserve_external_request_id": True},
        False,
    ),
    "edge-forced": ({"tracing": shares(random=0), "use_remote_address": True, **INTERNAL}, False),
    "packed-not": (
        {
            "tracing": shares(random=50),
            "request_id_extension": {
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig",
                    "pack_trace_reason": False,
                }
            },
        },
        True,
    ),
    "by-no-id": (
        {
            "tracing": zipkin() | shares(random=0),
            "request_id_extension": {
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig",
                    "use_request_id_for_trace_sampling": False,
                }
            },
        },
        False,
    ),
    "zipkin": ({"tracing": zipkin()}, False),
    "zipkin-none": ({"tracing": zipkin() | shares(random=0), "generate_request_id": False}, False),
    "zipkin-long": ({"tracing": zipkin(trace_id_128bit=True, shared_span_context=False)}, False),
    "zipkin-out": ({"tracing": zipkin(), "traffic_direction": "OUTBOUND"}, False),
    "zipkin-spawn": ({"tracing": zipkin() | {"spawn_upstream_span": True}}, False),
    "zipkin-w3c": ({"tracing": zipkin(trace_context_option="USE_B3_WITH_W3C_PROPAGATION")}, False),
    "zipkin-w3c-out": (
        {
            "tracing": zipkin(trace_context_option="USE_B3_WITH_W3C_PROPAGATION"),
            "traffic_direction": "OUTBOUND",
        },
        False,
    ),
    "out": ({"tracing": shares(), "traffic_direction": "OUTBOUND"}, False),
    "named": ({"tracing": zipkin() | {"operation": "n"}}, False),
    "named-out": ({"tracing": zipkin() | {"operation": "n"}, "traffic_direction": "OUTBOUND"}, False),
    "otel": ({"tracing": opentelemetry()}, False),
    "otel-none": ({"tracing": opentelemetry() | shares(random=0), "traffic_direction": "OUTBOUND"}, False),
    "otel-spawn": ({"tracing": opentelemetry() | {"spawn_upstream_span": True}}, False),
}


#: Spans are of no interest: none is sent while the tests last.
SILENCE = {
    f"tracing.{tracer}.{key}": value
    for tracer in ("zipkin", "opentelemetry")
    for key, value in (("min_flush_spans", 20_000), ("flush_interval_ms", 3_600_000))
}


@pytest.fixture(scope="module")
def pair(binary: str) -> Iterator[LivePair]:
    options = {
        name: {"route_config": ROUTES, "generate_request_id": True, **given}
        for name, (given, _) in LISTENERS.items()
    }
    with live_pair(binary, options, runtime=SILENCE) as found:
        yield found


TRACE = "463ac35c9f6413ad48485a3953bb6124"
SPAN = "a2fb4a1d1a96d312"
hexes = st.sampled_from(
    [
        TRACE,
        SPAN,
        TRACE.upper(),
        SPAN.upper(),
        "0" * 16,
        "0" * 32,
        "1",
        "0x1f",
        "-1",
        "zzz",
        "",
        TRACE[:31],
        TRACE + "1",
    ]
)
states = st.sampled_from(["0", "1", "d", "true", "x", ""])


@st.composite
def single(draw: st.DrawFn) -> str:
    parts = [draw(hexes), draw(hexes), draw(states), draw(hexes)]
    return "-".join(parts[: draw(st.integers(1, 4))])


@st.composite
def parents(draw: st.DrawFn) -> str:
    version, flags = (
        draw(st.sampled_from(["00", "cc", "ff", "0g"])),
        draw(st.sampled_from(["00", "01", "ff", "1"])),
    )
    trace, span = draw(st.sampled_from([TRACE, TRACE.upper(), "0" * 32, TRACE[:30]])), draw(hexes)
    return f"{version}-{trace}-{span}-{flags}" + draw(st.sampled_from(["", "", "", "-x"]))


addresses = st.sampled_from(
    ["10.1.1.1", "8.8.8.8", "10.1.1.2,10.1.1.1", "8.8.8.8, 10.1.1.1", "::1", "bad", "", "1.2.3.4:5"]
)
some_ids = st.sampled_from([*UUIDS, "own-id", "deadbeef", "0123", "x" * 36, UUIDS[0].upper()])
LINES = {
    "x-request-id": st.one_of(some_ids, some_ids, st.just("")),
    "x-client-trace-id": st.sampled_from(["c", ""]),
    "x-envoy-force-trace": st.sampled_from(["true", ""]),
    "x-envoy-decorator-operation": st.sampled_from(["op", "op", ""]),
    "x-envoy-downstream-service-cluster": st.just("who"),
    "x-envoy-max-retries": st.just("1"),
    "x-forwarded-for": addresses,
    "x-forwarded-proto": st.sampled_from(["https", "http"]),
    "b3": st.one_of(single(), states),
    "x-b3-traceid": hexes,
    "x-b3-spanid": hexes,
    "x-b3-parentspanid": hexes,
    "x-b3-sampled": states,
    "x-b3-flags": st.just("1"),
    "traceparent": parents(),
    "tracestate": st.sampled_from(["a=1", "b=2,c=3", "", "A"]),
}
PLAIN = tuple(LINES)[:8]


@st.composite
def requests(draw: st.DrawFn, names: tuple[str, ...] = tuple(LINES), *, needs_id: bool = False) -> Request:
    chosen = draw(st.lists(st.sampled_from(names), max_size=6, unique=True))
    if draw(st.integers(0, 9)) == 0 and "tracestate" in names:
        chosen.append("tracestate")
    if needs_id:
        chosen = ["x-request-id", *(name for name in chosen if name != "x-request-id")]
    lines = [(name, draw(LINES[name])) for name in chosen]
    if needs_id:
        lines[0] = ("x-request-id", draw(st.sampled_from(UUIDS)))
    paths = ["/yes", "/yes", "/none", "/direct", "/re", "/edited", "/by", "/nowhere"]
    paths += ["/decorated", "/quiet", "/named", "/says", "/both", "/own"]
    if needs_id:
        paths += ["/half", "/third"]
    return Request("a.example", draw(st.sampled_from(paths)), headers=tuple(lines))


#: Envoy names itself in place of a client on its own host, by an address that the engine is not told.
OWN = re.compile(r"(?<=,)\d+\.\d+\.\d+\.\d+$|^\d+\.\d+\.\d+\.\d+$")


def masked(view: View, request: Request) -> View:
    """What is drawn, by its shape: ids that the request does not name."""
    given = " ".join(value for _, value in request.headers).lower()
    ids = {value for name, value in request.headers if name == "x-request-id"}

    def of(value: str) -> str:
        uuid = re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", value)
        if uuid:
            kept = any(id[:14] == value[:14] and id[15:] == value[15:] for id in ids)
            return value if kept else f"<uuid:{uuid.group(1)}>"
        return re.sub(
            r"[0-9a-f]{16}", lambda found: found.group() if found.group() in given else "<hex16>", value
        )

    def all_of(lines: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return sorted(
            (name, OWN.sub("<own>", of(value)) if name == "x-forwarded-for" else of(value))
            for name, value in lines
        )

    return replace(view, response=all_of(view.response), received=all_of(view.received))


def check(pair: LivePair, listener: str, request: Request) -> None:
    envoy, engine = (masked(view, request) for view in pair.ask(listener, request))
    assert envoy.differences(engine) == {}, f"(Envoy's, ours) of {request} at {listener}"


@pytest.mark.parametrize("listener", LISTENERS)
def test_lines(pair: LivePair, listener: str) -> None:
    needs_id = LISTENERS[listener][1]
    traced = any(word in listener for word in ("zipkin", "otel", "by-no-id"))

    @LIVE
    @given(requests(tuple(LINES) if traced else PLAIN, needs_id=needs_id))
    def run(request: Request) -> None:
        check(pair, listener, request)

    run()
