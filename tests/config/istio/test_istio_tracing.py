"""Tracing of Istio's documents: Telemetry over the settings of the mesh, and what requests get of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from meshcore import Engine
from meshcore.config import ConfigError, Node, load_text
from meshcore.model import (
    Config,
    CustomTag,
    CustomTagKind,
    Decorator,
    ForwardAction,
    Fraction,
    HostRewrite,
    HostRewriteKind,
    TracingOptions,
)

Mesh = Mapping[str, object]
SERVICE = "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 80, name: http}]}}"
COLLECTOR = {"service": "zipkin.tracing.svc.cluster.local", "port": 9411}
ZIPKIN = {"name": "zipkin", "zipkin": COLLECTOR}
OTEL = {"name": "otel", "opentelemetry": {"service": "tracing/otel.example.com", "port": 4317}}
DATADOG = {"name": "dd", "datadog": {"service": "10.0.0.9", "port": 8126}}
LOGS = {"name": "logs", "envoyFileAccessLog": {"path": "/dev/stdout"}}
PROVIDERS: Mesh = {"extensionProviders": [ZIPKIN, OTEL, DATADOG, LOGS]}
GATEWAYS = """
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge}
spec: {selector: {istio: edge}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: front}
spec: {gatewayClassName: istio, listeners: [{name: http, port: 80, protocol: HTTP}]}
"""
RULES = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: a}
spec: {hosts: [a.example], gateways: [edge], http: [{route: [{destination: {host: a}}]}]}
"""
ID = "0e4a7ee1-2b49-4f1e-8e5f-6a3c0a1b2c3d"  # 0x0e4a7ee1 % 10000 is 3169


def telemetry(name: str, spec: str, namespace: str = "istio-system", created: str = "") -> str:
    when = f", creationTimestamp: '{created}'" if created else ""
    return (
        f"apiVersion: telemetry.istio.io/v1\nkind: Telemetry\n"
        f"metadata: {{name: {name}, namespace: {namespace}{when}}}\nspec: {spec}\n"
    )


def loaded(documents: Sequence[str], mesh: Mesh | None = PROVIDERS, node: Node | None = None) -> Config:
    text = "---\n".join([SERVICE + "\n", *documents])
    return load_text(
        text, mesh_config=mesh, node=node or Node(), endpoints={"a": [{"address": "127.0.0.1", "port": 1}]}
    )


def tracing(
    documents: Sequence[str] = (), mesh: Mesh | None = PROVIDERS, node: Node | None = None
) -> TracingOptions | None:
    found = {it.options.tracing for it in loaded(documents, mesh, node).listeners}
    assert len(found) == 1, "listeners differ"
    return found.pop()


def percent(options: TracingOptions | None) -> float:
    assert options is not None
    assert options.sampling.client == options.sampling.overall == Fraction(100)
    return 100 * options.sampling.random.numerator / options.sampling.random.denominator


# ------------------------------------------------------------------ without Telemetry


def test_one_in_a_hundred_requests_is_traced_where_nobody_says_a_word() -> None:
    options = tracing(mesh=None)
    assert percent(options) == 1
    assert options is not None
    assert (options.provider, options.outbound, options.use_request_id) == ("", True, True)
    assert tracing(mesh={"enableTracing": False}) is None
    assert tracing(mesh={"enableTracing": False, "extensionProviders": [ZIPKIN]}) is None


def test_proxies_may_be_started_with_a_tracer() -> None:
    zipkin = {"sampling": 12.5, "zipkin": {"address": "$(HOST_IP):9411"}, "maxPathTagLength": 99}
    options = tracing(mesh={"defaultConfig": {"tracing": zipkin}})
    assert percent(options) == 12.5
    assert options is not None
    assert (options.provider, options.trace_context) == ("zipkin", "USE_B3")
    assert options.trace_id_128bit
    assert not options.shared_span_context
    assert not options.spawn_upstream_span
    other = tracing(mesh={"defaultConfig": {"tracing": {"datadog": {"address": "agent:8126"}}}})
    assert other is not None
    assert other.provider == ""


def test_no_percentage_is_the_default() -> None:
    for sampling in (0, 101):
        config = loaded([], {"defaultConfig": {"tracing": {"sampling": sampling}}})
        assert percent(config.listeners[0].options.tracing) == 1
        (warning,) = config.warnings
        assert f"found {sampling}, expected more than 0, at most 100" in str(warning)


# ------------------------------------------------------------------ providers


@pytest.mark.parametrize("named", ["zipkin", "ZipKin"])
def test_zipkin_writes_b3(named: str) -> None:
    expected = TracingOptions(
        "zipkin",
        tracing(mesh=None).sampling,  # type: ignore[union-attr]
        shared_span_context=False,
        trace_id_128bit=True,
        outbound=True,
        custom_tags=(CustomTag("istio.namespace", CustomTagKind.LITERAL, "default"),),
    )
    assert tracing([telemetry("a", f"{{tracing: [{{providers: [{{name: {named}}}]}}]}}")]) == expected
    assert tracing(mesh={**PROVIDERS, "defaultProviders": {"tracing": [named]}}) == expected


def test_zipkins_own_settings() -> None:
    option = "USE_B3_WITH_W3C_PROPAGATION"
    settings = {**COLLECTOR, "enable64bitTraceId": True, "path": "/x", "traceContextOption": option}
    mesh = {
        "extensionProviders": [{"name": "z", "zipkin": settings}],
        "defaultProviders": {"tracing": ["z"]},
    }
    options = tracing(mesh=mesh)
    assert options is not None
    assert not options.trace_id_128bit
    assert options.trace_context == option


def test_samplers_of_a_provider_see_every_request() -> None:
    sampled = {"name": "s", "opentelemetry": {**COLLECTOR, "dynatraceSampler": {"tenant": "t"}}}
    mesh = {"extensionProviders": [sampled], "defaultProviders": {"tracing": ["s"]}}
    options = tracing([telemetry("a", "{tracing: [{randomSamplingPercentage: 3}]}")], mesh)
    assert percent(options) == 100
    assert options is not None
    assert options.provider == "opentelemetry"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("zipkn", "no extension provider 'zipkn'; did you mean 'zipkin'?; there is no tracing"),
        ("logs", "the provider 'logs' does not trace; there is no tracing"),
        ("Prometheus", "the provider 'Prometheus' does not trace; there is no tracing"),
    ],
)
def test_a_provider_that_is_none_is_told(name: str, message: str) -> None:
    config = loaded([telemetry("a", f"{{tracing: [{{providers: [{{name: {name}}}]}}]}}")])
    assert config.listeners[0].options.tracing is None
    (warning,) = config.warnings
    assert message in str(warning)
    assert str(warning).startswith("<string>:6:")
    assert "spec.tracing[0].providers[0].name" in str(warning)


def test_of_providers_whose_lines_are_not_written_the_sampling_holds() -> None:
    config = loaded([telemetry("a", "{tracing: [{providers: [{name: dd}], randomSamplingPercentage: 5}]}")])
    options = config.listeners[0].options.tracing
    assert percent(options) == 5
    assert options is not None
    assert options.provider == ""
    assert "lines of datadog are not written" in str(config.warnings[0])


def test_without_a_provider_there_is_no_tracing() -> None:
    assert tracing([telemetry("a", "{tracing: [{randomSamplingPercentage: 5}]}")]) is None
    assert tracing([telemetry("a", "{accessLogging: [{disabled: true}]}")]) is not None  # as without it


# ------------------------------------------------------------------ which Telemetry

MESH = telemetry("mesh", "{tracing: [{providers: [{name: zipkin}], randomSamplingPercentage: 10}]}")
SHOP = telemetry("shop", "{tracing: [{randomSamplingPercentage: 20}]}", "shop")
ONE = telemetry(
    "one",
    "{selector: {matchLabels: {app: one}}, "
    "tracing: [{providers: [{name: otel}], useRequestIdForTraceSampling: false}]}",
    "shop",
)


def test_the_nearest_word_counts_field_by_field() -> None:
    documents = [ONE, SHOP, MESH]
    everywhere = tracing(documents)
    assert percent(everywhere) == 10
    shop = tracing(documents, node=Node("shop"))
    assert percent(shop) == 20
    one = tracing(documents, node=Node("shop", {"app": "one", "version": "v1"}))
    assert percent(one) == 20
    assert everywhere is not None
    assert shop is not None
    assert one is not None
    assert [it.provider for it in (everywhere, shop, one)] == ["zipkin", "zipkin", "opentelemetry"]
    assert [it.use_request_id for it in (everywhere, shop, one)] == [True, True, False]


def test_the_root_namespace_is_the_meshs() -> None:
    mesh = {**PROVIDERS, "rootNamespace": "shop"}
    assert percent(tracing([MESH, SHOP], {**mesh, "defaultProviders": {"tracing": ["otel"]}})) == 20
    own = tracing([SHOP], {**mesh, "defaultProviders": {"tracing": ["otel"]}}, Node("shop"))
    assert percent(own) == 20


def test_of_a_namespaces_the_oldest_counts_and_of_a_workloads_the_youngest() -> None:
    wide = [
        telemetry("b", "{tracing: [{randomSamplingPercentage: 2}]}", "shop", "2024-01-01T00:00:00Z"),
        telemetry("a", "{tracing: [{randomSamplingPercentage: 1}]}", "shop", "2025-01-01T00:00:00Z"),
    ]
    assert percent(tracing([MESH, *wide], node=Node("shop"))) == 2
    narrow = [it.replace("spec: {", "spec: {selector: {matchLabels: {app: one}}, ") for it in wide]
    assert percent(tracing([MESH, *narrow], node=Node("shop", {"app": "one"}))) == 1
    assert percent(tracing([MESH, *narrow], node=Node("shop", {"app": "two"}))) == 10


def test_later_entries_go_before_earlier_ones() -> None:
    spec = (
        "{tracing: [{randomSamplingPercentage: 2, providers: [{name: otel}]}, {randomSamplingPercentage: 3}]}"
    )
    options = tracing([telemetry("a", spec)])
    assert percent(options) == 3
    assert options is not None
    assert options.provider == "opentelemetry"


def test_spans_may_be_forbidden_and_allowed_below() -> None:
    off = telemetry("mesh", "{tracing: [{providers: [{name: zipkin}], disableSpanReporting: true}]}")
    on = telemetry("shop", "{tracing: [{disableSpanReporting: false}]}", "shop")
    assert tracing([off, on]) is None
    assert tracing([off, on], node=Node("shop")) is not None


def test_of_a_client_its_own_side_counts() -> None:
    sides = "{tracing: [{match: {mode: %s}, randomSamplingPercentage: 50, providers: [{name: otel}]}]}"
    assert percent(tracing([telemetry("a", sides % "CLIENT")])) == 50
    assert percent(tracing([telemetry("a", sides % "CLIENT_AND_SERVER")])) == 50
    config = loaded([telemetry("a", sides % "SERVER")])
    assert config.listeners[0].options.tracing is None
    assert "spec.tracing[0].match.mode: has no effect here" in str(config.warnings[0])


def test_gateways_make_a_span_for_each_attempt() -> None:
    options = tracing([GATEWAYS, MESH], node=Node(gateway="edge"))
    assert options is not None
    assert options.spawn_upstream_span
    assert options.outbound


def test_targets_are_gateways_of_the_gateway_api() -> None:
    front = (
        "{targetRefs: [{kind: Gateway, group: gateway.networking.k8s.io, name: front}], "
        "tracing: [{randomSamplingPercentage: 30}]}"
    )
    edge = "{selector: {matchLabels: {istio: edge}}, tracing: [{randomSamplingPercentage: 40}]}"
    documents = [GATEWAYS, MESH, telemetry("f", front, "default"), telemetry("e", edge, "default")]
    assert percent(tracing(documents, node=Node(gateway="front"))) == 30
    assert percent(tracing(documents, node=Node(gateway="edge"))) == 40
    assert percent(tracing([MESH, telemetry("f", front, "default")])) == 10


def test_proxies_before_a_gateway_are_trusted_as_far_as_the_mesh_says() -> None:
    mesh = {"defaultConfig": {"gatewayTopology": {"numTrustedProxies": 2}}}
    edge = loaded([GATEWAYS], mesh, Node(gateway="edge")).listeners[0].options
    assert (edge.use_remote_address, edge.xff_num_trusted_hops) == (True, 2)
    assert loaded([], mesh).listeners[0].options.xff_num_trusted_hops == 0


def test_proxies_add_the_headers_that_the_mesh_wants() -> None:
    settings = {
        "requestId": {"disabled": True},
        "attemptCount": {"disabled": True},
        "envoyDebugHeaders": {"disabled": True},
        "xForwardedPort": {"enabled": True},
    }
    for node in (Node(), Node(gateway="edge")):
        for headers, given in ((settings, True), ({}, False), ({"requestId": {"disabled": False}}, False)):
            config = loaded([GATEWAYS, RULES], {"defaultConfig": {"proxyHeaders": headers}}, node)
            for listener in config.listeners:
                options = listener.options
                assert options.generate_request_id is not given
                assert options.suppress_envoy_headers is given
                assert options.append_x_forwarded_port is given
                hosts = listener.route_configuration.virtual_hosts
                assert hosts
                assert all(it.include_request_attempt_count is not given for it in hosts)


@pytest.mark.parametrize("enabled", [False, True])
def test_rewritten_hosts_are_told_where_the_mesh_wants_it(enabled: bool) -> None:
    rewriting = """
kind: VirtualService
apiVersion: networking.istio.io/v1
metadata: {name: rewriting}
spec:
  hosts: [b.example]
  http:
  - name: both
    match: [{uri: {prefix: /x}}]
    rewrite: {authority: c.example}
    route: [{destination: {host: b}}]
  - {name: path, match: [{uri: {prefix: /y}}], rewrite: {uri: /z}, route: [{destination: {host: b}}]}
  - {name: set, headers: {request: {set: {host: c.example}}}, route: [{destination: {host: b}}]}
"""
    headers = {"xForwardedHost": {"enabled": enabled}}
    config = loaded([rewriting], {"defaultConfig": {"proxyHeaders": headers}})
    (host,) = [
        it
        for listener in config.listeners
        for it in listener.route_configuration.virtual_hosts
        if "b.example" in it.domains and listener.port == 80
    ]
    rewrites = {it.name: it.action.host_rewrite for it in host.routes if isinstance(it.action, ForwardAction)}
    assert rewrites["both"] == HostRewrite(
        HostRewriteKind.LITERAL, "c.example", append_x_forwarded_host=enabled
    )
    assert rewrites["path"] is None
    assert rewrites["set"] == HostRewrite(HostRewriteKind.LITERAL, "c.example")


# ------------------------------------------------------------------ what requests get


def lines(documents: Sequence[str], **headers: str) -> tuple[dict[str, str], bool]:
    engine = Engine(loaded(documents))
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    with engine.decide("GET", "a", "/", sent, port=80) as decision:
        return dict(decision.request_headers()), decision.traced


def test_ids_tell_why_a_request_is_traced() -> None:
    document = MESH.replace("Percentage: 10", "Percentage: 31.69")
    assert lines([document], x_request_id=ID)[1] is False
    upstream, traced = lines([document.replace("31.69", "31.7")], x_request_id=ID)
    assert traced
    assert upstream["x-request-id"] == ID[:14] + "9" + ID[15:]


def test_a_trace_goes_on_in_the_providers_format() -> None:
    trace, span = "463ac35c9f6413ad48485a3953bb6124", "a2fb4a1d1a96d312"
    upstream, _ = lines([MESH], x_b3_traceid=trace, x_b3_spanid=span, x_b3_sampled="1")
    assert upstream["x-b3-traceid"] == trace
    assert upstream["x-b3-parentspanid"] == span
    assert upstream["x-b3-sampled"] == "1"
    document = MESH.replace("zipkin", "otel").replace("Percentage: 10", "Percentage: 100")
    upstream, _ = lines([document], traceparent=f"00-{trace}-{span}-01")
    version, trace_id, span_id, flags = upstream["traceparent"].split("-")
    assert (version, trace_id, flags) == ("00", trace, "01")
    assert span_id != span


def test_contexts_are_left_alone_where_they_are_not_to_be_propagated() -> None:
    spec = "{tracing: [{providers: [{name: otel}], %s: true, randomSamplingPercentage: 100}]}"
    given = "00-463ac35c9f6413ad48485a3953bb6124-a2fb4a1d1a96d312-00"
    upstream, traced = lines([telemetry("a", spec % "disableContextPropagation")], traceparent=given)
    assert traced
    assert upstream["traceparent"] == given


# ------------------------------------------------------------------ mistakes


@pytest.mark.parametrize(
    ("mesh", "message"),
    [
        ({"extensionProviders": [{"zipkin": COLLECTOR}]}, r"extensionProviders\[0\].name: missing"),
        ({"extensionProviders": [ZIPKIN, ZIPKIN]}, r"\[1\].name: there is a provider 'zipkin' already"),
        ({"extensionProviders": [{"name": "a"}]}, r"extensionProviders\[0\]: .*one of zipkin"),
        ({"extensionProviders": [{**ZIPKIN, **OTEL}]}, "'zipkin' is set already"),
        ({"extensionProviders": [{"name": "a", "zipkn": {}}]}, "did you mean 'zipkin'"),
        ({"extensionProviders": [{"name": "a", "zipkin": {"port": 1}}]}, r"zipkin.service: missing"),
        ({"extensionProviders": [{"name": "a", "zipkin": {"service": "a b", "port": 1}}]}, "'a b', expected"),
        (
            {"extensionProviders": [{"name": "a", "datadog": {"service": "*/a.b", "port": 1}}]},
            "namespace/host",
        ),
        ({"extensionProviders": [{"name": "a", "zipkin": {"service": "a.b"}}]}, "zipkin.port: found 0"),
        (
            {"extensionProviders": [{"name": "a", "lightstep": {"service": "a.b", "port": 1}}]},
            "lightstep.accessToken: missing",
        ),
        (
            {"extensionProviders": [{"name": "a", "opentelemetry": {**COLLECTOR, "http": {}, "grpc": {}}}]},
            "opentelemetry.http: cannot be together with grpc",
        ),
        ({"defaultConfig": {"tracing": {"zipkin": {"address": "zipkin"}}}}, "zipkin.address: found 'zipkin'"),
        ({"defaultConfig": {"tracing": {"zipkin": {"address": "z:0"}}}}, "expected host:port"),
        ({"defaultConfig": {"tracing": {"zipkin": {}, "datadog": {}}}}, "'zipkin' is set already"),
        ({"defaultConfig": {"tracing": {"tlsSettings": {"mode": "MUTUAL"}}}}, "required for mode MUTUAL"),
        ({"defaultConfig": {"tracng": {}}}, "did you mean 'tracing'"),
        ({"enableTracing": "maybe"}, "enableTracing: found 'maybe'"),
    ],
)
def test_mistakes_of_the_mesh(mesh: Mesh, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        loaded([], mesh)


def test_what_has_no_effect_is_told() -> None:
    spec = "{metrics: [{}], accessLogging: [{}], tracing: [{providers: [{name: zipkin}]}]}"
    warnings = [str(it) for it in loaded([telemetry("a", spec)]).warnings]
    assert len(warnings) == 2
    for text in (
        "spec.metrics: has no effect",
        "spec.accessLogging: has no effect",
    ):
        assert any(text in it for it in warnings)
    (headers,) = loaded([], {"defaultConfig": {"proxyHeaders": {"server": {}}, "concurrency": 2}}).warnings
    assert "proxyHeaders.server: has no effect here" in str(headers)


# ------------------------------------------------------------------ what spans tell


def tags(options: TracingOptions | None) -> dict[str, tuple[str, str, str]]:
    assert options is not None
    return {it.tag: (it.kind.name, it.value, it.default) for it in options.custom_tags}


ALL_TAGS = (
    "{tracing: [{providers: [{name: zipkin}], customTags: {"
    "z: {literal: {value: b}}, e: {environment: {name: POD, defaultValue: none}}, "
    "h: {header: {name: X-Tenant}}, f: {formatter: {value: '%REQ(x-a)%'}}}}]}"
)


def test_tags_of_telemetry_and_of_the_workload() -> None:
    node = Node("shop", {"app": "cart", "version": "v2"})
    found = tags(tracing([telemetry("a", ALL_TAGS)], node=node))
    assert found == {
        "e": ("ENVIRONMENT", "POD", "none"),
        "f": ("FORMAT", "%REQ(x-a)%", ""),
        "h": ("REQUEST_HEADER", "x-tenant", ""),
        "istio.canonical_revision": ("LITERAL", "v2", ""),
        "istio.canonical_service": ("LITERAL", "cart", ""),
        "istio.namespace": ("LITERAL", "shop", ""),
        "z": ("LITERAL", "b", ""),
    }
    assert list(found) == sorted(found)


def test_tags_of_the_proxy_hold_where_telemetry_has_none() -> None:
    own = {"customTags": {"a": {"literal": {"value": "b"}}}, "enableIstioTags": False, "maxPathTagLength": 9}
    mesh = {**PROVIDERS, "defaultConfig": {"tracing": own}}
    options = tracing(mesh=mesh)
    assert tags(options) == {"a": ("LITERAL", "b", "")}
    assert options is not None
    assert options.max_path_tag_length == 9
    zipkin = telemetry("a", "{tracing: [{providers: [{name: zipkin}]}]}")
    options = tracing([zipkin], mesh)
    assert tags(options) == {"a": ("LITERAL", "b", "")}
    assert options is not None
    assert options.max_path_tag_length == 256  # the provider's own setting
    assert sorted(tags(tracing([telemetry("a", ALL_TAGS)], mesh))) == ["e", "f", "h", "z"]


def test_the_providers_length_of_paths() -> None:
    mesh = {"extensionProviders": [{"name": "zipkin", "zipkin": {**COLLECTOR, "maxTagLength": 7}}]}
    options = tracing([telemetry("a", "{tracing: [{providers: [{name: zipkin}]}]}")], mesh)
    assert options is not None
    assert options.max_path_tag_length == 7


def test_of_requests_that_come_in_reports_may_be_disabled() -> None:
    zipkin = telemetry("a", "{tracing: [{providers: [{name: zipkin}]}]}")
    off = telemetry("b", "{tracing: [{match: {mode: SERVER}, disableSpanReporting: true}]}", "default")
    config = loaded([zipkin, off])
    options = config.listeners[0].options.tracing
    assert options is not None
    assert not options.server_spans
    assert not config.warnings
    assert tracing([zipkin]).server_spans  # type: ignore[union-attr]


def test_a_format_that_is_none() -> None:
    spec = "{tracing: [{providers: [{name: zipkin}], customTags: {f: {formatter: {value: '%NOPE%'}}}}]}"
    with pytest.raises(ConfigError, match=r"customTags\.f\.formatter\.value: not a format"):
        tracing([telemetry("a", spec)])


def test_routes_name_their_operations_as_istio_does() -> None:
    rules = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop}
spec:
  hosts: [a]
  http:
  - {match: [{uri: {prefix: /api}}], route: [{destination: {host: a}}]}
  - {match: [{uri: {exact: /x}}], redirect: {uri: /y}}
  - {route: [{destination: {host: a}, weight: 50}, {destination: {host: b}, weight: 50}]}
"""
    config = loaded([rules, SERVICE.replace("name: a}", "name: b}")])
    operations = {
        route.decorator
        for it in config.listeners
        for host in it.route_configuration.virtual_hosts
        for route in host.routes
    }
    names = [
        "a.default.svc.cluster.local:80/api*",
        "shop:80/x",
        "shop:80/*",
        "b.default.svc.cluster.local:80/*",
    ]
    assert operations == {None, *(Decorator(name, propagate=False) for name in names)}
