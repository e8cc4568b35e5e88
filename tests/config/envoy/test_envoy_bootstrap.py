"""Whole documents: bootstraps, listeners, clusters, discovery responses, and many files together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from envoy_support import endpoints, loaded_cluster, refused

from meshcore.config import load, load_text
from meshcore.config.envoy import load_parts
from meshcore.model import (
    CircuitBreakers,
    ClientSideWeighted,
    CorsFilter,
    Discovery,
    Endpoint,
    EscapedSlashes,
    Fraction,
    HealthStatus,
    LeastRequest,
    Locality,
    LocalityEndpoints,
    Maglev,
    PeakEwma,
    Policy,
    RingHash,
    SlowStart,
    UpstreamTls,
)

BOOTSTRAP = """
node: {id: n, cluster: c}
admin: {address: {socket_address: {address: 127.0.0.1, port_value: 9901}}}
layered_runtime:
  layers:
  - name: static
    static_layer: {canary: {share: 25}}
  - {name: admin, admin_layer: {}}
static_resources:
  listeners:
  - name: web
    address: {socket_address: {address: 0.0.0.0, port_value: 8080}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": a/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: web
          normalize_path: true
          merge_slashes: true
          path_with_escaped_slashes_action: UNESCAPE_AND_FORWARD
          use_remote_address: true
          internal_address_config: {cidr_ranges: [{address_prefix: 10.0.0.0, prefix_len: 8}]}
          upgrade_configs: [{upgrade_type: WebSocket}]
          http_filters:
          - name: envoy.filters.http.router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
              suppress_envoy_headers: true
          route_config:
            name: inline
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes:
              - match:
                  prefix: /
                  runtime_fraction: {default_value: {numerator: 100}, runtime_key: canary.share}
                route: {cluster: reviews}
  - name: tls
    address: {socket_address: {address: 0.0.0.0, port_value: 8443}}
    filter_chains:
    - transport_socket:
        name: envoy.transport_sockets.tls
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
          common_tls_context: {}
      filters:
      - name: hcm
        typed_config:
          "@type": a/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          statPrefix: tls
          rds: {routeConfigName: shared, configSource: {ads: {}}}
          httpFilters:
          - name: envoy.filters.http.router
            typedConfig: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
  clusters:
  - name: reviews
    type: EDS
    eds_cluster_config: {eds_config: {ads: {}}}
"""
SHARED = '{"@type": "a/envoy.config.route.v3.RouteConfiguration", "name": "shared"}'
ASSIGNMENT = {
    "resources": [{"@type": "a/envoy.config.endpoint.v3.ClusterLoadAssignment", **endpoints("10.0.0.7")}]
}
ASSIGNMENT["resources"][0]["cluster_name"] = "reviews"


def test_a_bootstrap_with_its_parts_in_other_files(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(BOOTSTRAP)
    (tmp_path / "b.json").write_text(SHARED)
    (tmp_path / "c.json").write_text(json.dumps(ASSIGNMENT, indent="\t"))
    config = load(tmp_path)
    web, tls = config.listeners
    assert (web.name, web.address, web.port, web.tls) == ("web", "0.0.0.0", 8080, False)
    assert (tls.name, tls.port, tls.tls) == ("tls", 8443, True)
    assert web.options.normalize_path
    assert web.options.escaped_slashes is EscapedSlashes.UNESCAPE_AND_FORWARD
    assert web.options.internal_cidrs == ("10.0.0.0/8",)
    assert web.options.upgrades == (("websocket", True),)
    assert web.options.suppress_envoy_headers
    (route,) = web.route_configuration.virtual_hosts[0].routes
    assert route.match.fraction is not None
    assert route.match.fraction.numerator == 25
    assert tls.route_configuration.name == "shared"
    (reviews,) = config.clusters
    assert [endpoint.authority for endpoint in reviews.endpoints] == ["10.0.0.7:80"]
    assert str(web.origin) == f"{tmp_path / 'a.yaml'}:11:5"
    assert [Path(source).name for source in config.sources] == ["a.yaml", "b.json", "c.json"]
    assert len(config.digest) == 32
    assert [warning.message for warning in config.warnings if "admin" in warning.message] == [
        "admin: has no effect here: the server's own settings hold"
    ]


def test_runtime_of_the_caller_wins() -> None:
    text = BOOTSTRAP.replace("rds: {routeConfigName: shared, configSource: {ads: {}}}", "route_config: {}")
    config = load_text(text, runtime={"canary.share": 3})
    fraction = config.listeners[0].route_configuration.virtual_hosts[0].routes[0].match.fraction
    assert fraction is not None
    assert fraction.numerator == 3


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("port_value: 8443", "port_value: 8080", "the listener 'web' has this address already"),
        ("name: tls\n    address", "name: web\n    address", "another listener is named 'web'"),
        ("routeConfigName: shared", "routeConfigName: sharde", "no RouteConfiguration is named 'sharde'"),
        (
            "static_resources:\n",
            "dynamic_resources: {}\nstatic_resources:\n",
            "dynamic_resources: not supported",
        ),
        (
            "suppress_envoy_headers: true",
            "supress_envoy_headers: true",
            "did you mean 'suppress_envoy_headers'?",
        ),
        ("{name: admin, admin_layer: {}}", "{name: disk, disk_layer: {}}", "disk_layer: not supported"),
        (
            "HttpConnectionManager\n          stat_prefix",
            "TcpProxy\n          stat_prefix",
            "is not supported",
        ),
        ("stat_prefix: web\n", 'stat_prefix: ""\n', "stat_prefix: found ''"),
        (
            "    - filters:\n",
            "    - filter_chain_match: {server_names: [a]}\n      filters:\n",
            "not supported",
        ),
    ],
)
def test_bootstraps_that_are_refused(old: str, new: str, words: str) -> None:
    assert old in BOOTSTRAP
    assert words in refused(BOOTSTRAP.replace(old, new) + f"---\n{SHARED}\n")


ROUTER = {"name": "r", "typed_config": {"@type": "a/envoy.extensions.filters.http.router.v3.Router"}}
CORS = {"name": "c", "typed_config": {"@type": "a/envoy.extensions.filters.http.cors.v3.Cors"}}


def listener(filters: list[dict[str, Any]]) -> str:
    name = "a/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
    manager = {"@type": name, "stat_prefix": "x", "route_config": {}, "http_filters": filters}
    document = {
        "name": "l",
        "address": {"socket_address": {"address": "::1", "port_value": 80}},
        "filter_chains": [{"filters": [{"name": "h", "typed_config": manager}]}],
    }
    return json.dumps(document)


def test_a_cluster_with_a_mistake_is_not_an_unknown_one() -> None:
    text = BOOTSTRAP.replace("type: EDS", "type: EDS\n    lb_policy: NEAREST") + f"---\n{SHARED}\n"
    for static in ("static_resources", "staticResources"):
        findings = refused(text.replace("static_resources", static)).splitlines()
        assert ["lb_policy: found 'NEAREST'" in it for it in findings] == [True]
    single = "{name: reviews, lb_policy: NEAREST}"
    findings = refused(
        BOOTSTRAP.replace("- name: reviews", "- name: others") + f"---\n{SHARED}\n---\n{single}\n"
    )
    assert "unknown cluster" not in findings
    gone = refused(BOOTSTRAP.replace("- name: reviews", "- name: others") + f"---\n{SHARED}\n")
    assert "unknown cluster 'reviews'" in gone


def test_the_router_comes_last() -> None:
    assert load_text(listener([CORS, ROUTER])).listeners[0].filters == (("c", CorsFilter()),)
    assert "must be the last filter" in refused(listener([ROUTER, CORS]))
    assert "the last filter must be the router" in refused(listener([CORS]))
    assert "another filter has this name" in refused(listener([CORS, CORS, ROUTER]))
    assert load_text(listener([{**CORS, "disabled": True}, ROUTER])).listeners[0].disabled_filters == {"c"}
    assert "the router cannot be disabled" in refused(listener([{**ROUTER, "disabled": True}]))
    lua = {"name": "lua", "is_optional": True, "typed_config": {"@type": "a/envoy.Lua"}}
    config = load_text(listener([lua, ROUTER]))
    assert "the optional filter 'lua' is not supported and left out" in str(config.warnings[0])


def test_a_route_table_alone_serves_any_port() -> None:
    config = load({"name": "rc", "virtual_hosts": []})
    assert [(item.name, item.port) for item in config.listeners] == [("rc", None)]
    assert "one RouteConfiguration only" in refused(
        "{name: a, virtual_hosts: []}\n---\n{name: b, virtual_hosts: []}"
    )


def test_several_mappings_and_paths_together(tmp_path: Path) -> None:
    file = tmp_path / "cluster.yaml"
    file.write_text("name: c\nload_assignment: {cluster_name: c}\n")
    config = load([{"name": "rc", "virtual_hosts": []}, file])
    assert [item.name for item in config.clusters] == ["c"]
    assert config.sources == ("<mapping>", str(file))


def test_resources_that_are_wrapped() -> None:
    wrapped = {
        "@type": "a/envoy.service.discovery.v3.DiscoveryResponse",
        "version_info": "1",
        "resources": [
            {
                "@type": "a/envoy.service.discovery.v3.Resource",
                "name": "rc",
                "resource": {"@type": "a/envoy.config.route.v3.RouteConfiguration", "name": "rc"},
            }
        ],
    }
    assert load(wrapped).listeners[0].name == "rc"
    assert "unknown field 'resource'" in refused('{"resources": [], "resource": 1}')
    assert "resources[0].@type: the type 'envoy.Nope' is not supported" in refused(
        '{"resources": [{"@type": "a/envoy.Nope"}]}'
    )


def test_endpoints_that_nobody_asks_for_are_noted() -> None:
    config = load_text("{cluster_name: x, endpoints: []}\n---\n{name: rc, virtual_hosts: []}")
    assert "no cluster of type EDS asks for these endpoints" in str(config.warnings[0])


def test_clusters_alone_are_noted() -> None:
    config = load({"name": "c", "connect_timeout": "1s"})
    assert config.listeners == ()
    assert "there is no route table" in str(config.warnings[0])


# -- clusters -------------------------------------------------------------------------------------


def test_endpoints_and_localities() -> None:
    assignment = {
        "cluster_name": "c",
        "policy": {"overprovisioning_factor": 100, "weighted_priority_health": True},
        "endpoints": [
            {
                "locality": {"region": "r", "zone": "z"},
                "load_balancing_weight": 3,
                "priority": 1,
                "lb_endpoints": [
                    {
                        "endpoint": {
                            "address": {"socket_address": {"address": "::1", "port_value": 80}},
                            "hostname": "h",
                        },
                        "load_balancing_weight": 7,
                        "health_status": "DEGRADED",
                        "metadata": {"filter_metadata": {"envoy.lb": {"v": [1, "a"]}}},
                    },
                    {"endpoint": {"address": {"pipe": {"path": "/run/s"}}}},
                ],
            }
        ],
    }
    made = loaded_cluster(load_assignment=assignment)
    assert made.overprovisioning_factor == 100
    assert made.weighted_priority_health
    assert made.localities == (
        LocalityEndpoints(
            (
                Endpoint("::1", 80, "h", 7, HealthStatus.DEGRADED, (("v", [1, "a"]),)),
                Endpoint("/run/s", 0),
            ),
            Locality("r", "z"),
            1,
            3,
        ),
    )
    assert [endpoint.authority for endpoint in made.endpoints] == ["[::1]:80", "/run/s"]


POLICIES = "a/envoy.extensions.load_balancing_policies."


def typed(name: str, **fields: Any) -> dict[str, Any]:
    config = {"@type": POLICIES + name, **fields}
    entry = {"typed_extension_config": {"name": "p", "typed_config": config}}
    return {"load_balancing_policy": {"policies": [entry]}}


@pytest.mark.parametrize(
    ("fields", "policy", "attribute", "expected"),
    [
        ({}, Policy.ROUND_ROBIN, "ring_hash", None),
        ({"lb_policy": "RANDOM"}, Policy.RANDOM, "maglev", None),
        ({"lb_policy": "RING_HASH"}, Policy.RING_HASH, "ring_hash", RingHash()),
        (
            {"lb_policy": "RING_HASH", "ring_hash_lb_config": {"hash_function": 1, "minimum_ring_size": 3}},
            Policy.RING_HASH,
            "ring_hash",
            RingHash("MURMUR_HASH_2", 3),
        ),
        ({"lb_policy": "MAGLEV"}, Policy.MAGLEV, "maglev", Maglev(65537)),
        ({"lb_policy": 1}, Policy.LEAST_REQUEST, "least_request", LeastRequest()),
        (
            {
                "lb_policy": "LEAST_REQUEST",
                "least_request_lb_config": {
                    "choice_count": 3,
                    "active_request_bias": {"default_value": 0.5, "runtime_key": "k"},
                },
            },
            Policy.LEAST_REQUEST,
            "least_request",
            LeastRequest(3, 0.5),
        ),
        (
            {"round_robin_lb_config": {"slow_start_config": {"slow_start_window": "60s"}}},
            Policy.ROUND_ROBIN,
            "slow_start",
            SlowStart(60.0),
        ),
        (
            typed("ring_hash.v3.RingHash", minimum_ring_size=8),
            Policy.RING_HASH,
            "ring_hash",
            RingHash("XX_HASH", 8),
        ),
        (typed("maglev.v3.Maglev", table_size=503), Policy.MAGLEV, "maglev", Maglev(503)),
        (
            typed("least_request.v3.LeastRequest", selection_method="FULL_SCAN"),
            Policy.LEAST_REQUEST,
            "least_request",
            LeastRequest(full_scan=True),
        ),
        (
            typed("least_request.v3.LeastRequest", active_request_bias={"default_value": -1}, choice_count=4),
            Policy.LEAST_REQUEST,
            "least_request",
            LeastRequest(4, 1.0),
        ),
        (
            typed("peak_ewma.v3alpha.PeakEwma", decay_time="5s", default_rtt="0.02s"),
            Policy.PEAK_EWMA,
            "peak_ewma",
            PeakEwma(5.0, 0.02),
        ),
        (
            typed(
                "client_side_weighted_round_robin.v3.ClientSideWeightedRoundRobin",
                blackout_period="5s",
                error_utilization_penalty=0.5,
                metric_names_for_computing_utilization=["named_metrics.queue"],
            ),
            Policy.CLIENT_SIDE_WEIGHTED_ROUND_ROBIN,
            "client_side_weighted",
            ClientSideWeighted(5.0, error_utilization_penalty=0.5, metric_names=("named_metrics.queue",)),
        ),
        (typed("random.v3.Random"), Policy.RANDOM, "maglev", None),
        (typed("round_robin.v3.RoundRobin"), Policy.ROUND_ROBIN, "maglev", None),
    ],
)
def test_policies(fields: dict[str, Any], policy: Policy, attribute: str, expected: object) -> None:
    made = loaded_cluster(**fields)
    assert made.policy is policy
    assert getattr(made, attribute) == expected


def test_the_rest_of_clusters() -> None:
    made = loaded_cluster(
        type="STRICT_DNS",
        connect_timeout="0.25s",
        circuit_breakers={
            "thresholds": [
                {"max_requests": 5, "retry_budget": {}},
                {"priority": "HIGH", "max_retries": 1},
                {"max_requests": 9},
            ],
            "per_host_thresholds": [
                {"max_connections": 7},
                {"max_connections": 8},
                {"priority": "HIGH", "max_connections": 9},
            ],
        },
        outlier_detection={"consecutive_5xx": 2, "interval": "1s", "max_ejection_percent": 50},
        lb_subset_config={
            "subset_selectors": [{"keys": ["b", "a"]}],
            "fallback_policy": "DEFAULT_SUBSET",
            "default_subset": {"a": "1"},
        },
        common_lb_config={
            "healthy_panic_threshold": {"value": 0},
            "locality_weighted_lb_config": {},
            "consistent_hashing_lb_config": {"use_hostname_for_hashing": True, "hash_balance_factor": 150},
            "update_merge_window": "0s",
        },
        typed_extension_protocol_options={
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "a/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": {"http2_protocol_options": {}},
                "common_http_protocol_options": {"idle_timeout": "5s", "max_requests_per_connection": 3},
            }
        },
        transport_socket={
            "name": "envoy.transport_sockets.tls",
            "typed_config": {
                "@type": "a/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
                "sni": "h",
                "common_tls_context": {"validation_context": {"trusted_ca": {"filename": "/ca.pem"}}},
            },
        },
    )
    assert made.discovery is Discovery.STRICT_DNS
    assert made.connect_timeout == 0.25
    assert made.circuit_breakers == CircuitBreakers(
        max_requests=5, retry_budget_percent=20.0, max_host_connections=7
    )
    assert made.circuit_breakers_high == CircuitBreakers(max_retries=1, max_host_connections=9)
    assert made.outlier_detection is not None
    assert made.outlier_detection.consecutive_5xx == 2
    assert made.outlier_detection.max_ejection_percent == 50
    assert made.outlier_detection.base_ejection_time is None
    assert made.subsets is not None
    assert made.subsets.selectors[0].keys == ("a", "b")
    assert made.subsets.default_subset == (("a", "1"),)
    assert made.common_lb.healthy_panic_threshold == 0
    assert made.common_lb.locality_weighted
    assert made.common_lb.use_hostname_for_hashing
    assert made.common_lb.hash_balance_factor == 150
    assert made.common_lb.update_merge_window == 0
    assert made.http2
    assert (made.idle_timeout, made.max_requests_per_connection) == (5.0, 3)
    assert made.tls == UpstreamTls("SIMPLE", "h", ca_certificates="/ca.pem")


def test_connection_manager_options() -> None:
    def options(**hcm: Any) -> Any:
        return load_parts({"name": "rc"}, hcm=hcm).listeners[0].options

    assert options().generate_request_id
    assert options().internal_cidrs is None
    assert options(internal_address_config={}).internal_cidrs == ()
    made = options(
        generate_request_id=False,
        xff_num_trusted_hops=2,
        via="v",
        scheme_header_transformation={"scheme_to_overwrite": "https"},
        strip_any_host_port=True,
        tracing={
            "random_sampling": {"value": 50},
            "provider": {
                "name": "envoy.tracers.zipkin",
                "typed_config": {
                    "@type": "a/envoy.config.trace.v3.ZipkinConfig",
                    "collector_cluster": "z",
                    "trace_context_option": "USE_B3_WITH_W3C_PROPAGATION",
                },
            },
        },
    )
    assert not made.generate_request_id
    assert (made.xff_num_trusted_hops, made.via, made.scheme_to_overwrite) == (2, "v", "https")
    assert made.strip_any_host_port
    assert (made.tracing.provider, made.tracing.sampling.random) == ("zipkin", Fraction(5000, 10_000))
    assert made.tracing.trace_context == "USE_B3_WITH_W3C_PROPAGATION"
