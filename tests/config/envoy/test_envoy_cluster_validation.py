"""What Envoy refuses of clusters, filters and connection managers we refuse as well."""

from __future__ import annotations

from typing import Any

import pytest
from envoy_support import FAULT, LIMIT, cluster, cluster_problems, endpoints, problems, route, table

HASHING = "common_lb_config.consistent_hashing_lb_config"


TYPED = "load_balancing_policy.policies[0].typed_extension_config.typed_config."


def one(found: list[str]) -> str:
    assert len(found) == 1, found
    return found[0]


def ring(**config: Any) -> dict[str, Any]:
    return {"lb_policy": "RING_HASH", "ring_hash_lb_config": config}


def maglev(size: int) -> dict[str, Any]:
    return {"lb_policy": "MAGLEV", "maglev_lb_config": {"table_size": size}}


def typed(name: str, **config: Any) -> dict[str, Any]:
    kind = f"a/envoy.extensions.load_balancing_policies.{name}"
    entry = {"typed_extension_config": {"name": "p", "typed_config": {"@type": kind, **config}}}
    return {"load_balancing_policy": {"policies": [entry]}}


def selector(**fields: Any) -> dict[str, Any]:
    return {"lb_subset_config": {"subset_selectors": [fields]}}


def drops(*percents: int) -> dict[str, Any]:
    overloads = [{"category": "c", "drop_percentage": {"numerator": percent}} for percent in percents]
    return {"load_assignment": {"cluster_name": "c", "policy": {"drop_overloads": overloads}}}


def xff(**fields: Any) -> dict[str, Any]:
    kind = "a/envoy.extensions.http.original_ip_detection.xff.v3.XffConfig"
    return {"name": "x", "typed_config": {"@type": kind, **fields}}


def hashing(**fields: Any) -> dict[str, Any]:
    return {"common_lb_config": {"consistent_hashing_lb_config": fields}}


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"name": ""}, "name: found ''"),
        ({"connect_timeout": "0s"}, "connect_timeout: found '0s'"),
        ({"type": "DNS"}, "type: found 'DNS'"),
        ({"lb_policy": 4}, "lb_policy: found the number 4"),
        ({"lb_policy": "CLUSTER_PROVIDED"}, "lb_policy: CLUSTER_PROVIDED does not go with the type STATIC"),
        ({"type": "EDS"}, "eds_cluster_config: missing"),
        ({"eds_cluster_config": {}}, "eds_cluster_config: does not go with the type STATIC"),
        ({"type": "EDS", "eds_cluster_config": {}, **hashing(use_hostname_for_hashing=True)}, HASHING),
        (
            {
                "max_requests_per_connection": 1,
                "typed_extension_protocol_options": {
                    "x": {
                        "@type": "a/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                        "explicit_http_config": {"http_protocol_options": {}},
                        "common_http_protocol_options": {"max_requests_per_connection": 1},
                    }
                },
            },
            "max_requests_per_connection: set in the options of HTTP already",
        ),
        ({"type": "ORIGINAL_DST", "lb_policy": "CLUSTER_PROVIDED"}, "load_assignment: ORIGINAL_DST"),
        ({"type": "LOGICAL_DNS", "load_assignment": endpoints("a", "b")}, "load_assignment: LOGICAL_DNS"),
        (
            ring(minimum_ring_size=10, maximum_ring_size=5),
            "ring_hash_lb_config.minimum_ring_size: minimum_ring_size (10) is more",
        ),
        (ring(maximum_ring_size=1000), "ring_hash_lb_config.maximum_ring_size: minimum_ring_size (1024) is"),
        (ring(maximum_ring_size=8388609), "ring_hash_lb_config.maximum_ring_size: found"),
        (maglev(100), "maglev_lb_config.table_size: found 100, expected a prime number"),
        (maglev(1), "maglev_lb_config.table_size: found 1, expected a prime number"),
        (maglev(5000012), "maglev_lb_config.table_size: found"),
        ({"least_request_lb_config": {"choice_count": 1}}, "least_request_lb_config.choice_count: found"),
        (
            typed("least_request.v3.LeastRequest", choice_count=1),
            TYPED + "choice_count: found the number 1, expected a value from 2",
        ),
        (
            typed("peak_ewma.v3alpha.PeakEwma", penalty_value=-1),
            TYPED + "penalty_value: found -1, expected 0 or more",
        ),
        (
            typed(
                "client_side_weighted_round_robin.v3.ClientSideWeightedRoundRobin",
                error_utilization_penalty=-0.5,
            ),
            TYPED + "error_utilization_penalty: found the number -0.5, expected a value 0 or more",
        ),
        (
            typed(
                "client_side_weighted_round_robin.v3.ClientSideWeightedRoundRobin",
                enable_oob_load_report=True,
            ),
            TYPED + "enable_oob_load_report: reports are not fetched",
        ),
        (
            {"ring_hash_lb_config": {}, "maglev_lb_config": {}},
            "maglev_lb_config: 'ring_hash_lb_config' is set",
        ),
        (
            {"common_lb_config": {"healthy_panic_threshold": {"value": 100.5}}},
            "common_lb_config.healthy_panic_threshold.value: found",
        ),
        (
            {"common_lb_config": {"zone_aware_lb_config": {}, "locality_weighted_lb_config": {}}},
            "common_lb_config.locality_weighted_lb_config: 'zone_aware_lb_config' is set already",
        ),
        (hashing(hash_balance_factor=99), f"{HASHING}.hash_balance_factor: found"),
        (hashing(use_hostname_for_hashing=True), f"{HASHING}.use_hostname_for_hashing: not possible"),
        (
            {"outlier_detection": {"max_ejection_percent": 101}},
            "outlier_detection.max_ejection_percent: found",
        ),
        ({"outlier_detection": {"interval": "0s"}}, "outlier_detection.interval: found '0s'"),
        (
            {"outlier_detection": {"max_ejection_time": "29s"}},
            "outlier_detection.max_ejection_time: found 29s",
        ),
        (
            {"outlier_detection": {"enforcing_consecutive_5xx": 101}},
            "outlier_detection.enforcing_consecutive_5",
        ),
        (
            {"circuit_breakers": {"thresholds": [{"retry_budget": {"budget_percent": {"value": 101}}}]}},
            "circuit_breakers.thresholds[0].retry_budget.budget_percent.value: found",
        ),
        (
            {"circuit_breakers": {"per_host_thresholds": [{"max_connections": 1, "max_requests": 2}]}},
            "circuit_breakers.per_host_thresholds[0].max_requests: nothing is limited for each host",
        ),
        (
            selector(keys=["a"], fallback_policy="KEYS_SUBSET"),
            "lb_subset_config.subset_selectors[0].fallback_keys_subset: missing",
        ),
        (
            selector(keys=["a"], fallback_policy="KEYS_SUBSET", fallback_keys_subset=["a"]),
            "lb_subset_config.subset_selectors[0].fallback_keys_subset: expected some of the keys",
        ),
        (
            selector(keys=["a", "b"], fallback_keys_subset=["a"]),
            "lb_subset_config.subset_selectors[0].fallback_keys_subset: goes with",
        ),
        (
            selector(keys=["a", "b"], single_host_per_subset=True),
            "lb_subset_config.subset_selectors[0].single_host_per_subset: possible with exactly one key",
        ),
        (
            {"lb_subset_config": {"locality_weight_aware": True}},
            "lb_subset_config.locality_weight_aware: needs",
        ),
        ({"load_balancing_policy": {"policies": []}}, "load_balancing_policy: expected at least one policy"),
        ({"lb_policy": "LOAD_BALANCING_POLICY_CONFIG"}, "load_balancing_policy: expected at least one"),
        ({"load_assignment": {"cluster_name": ""}}, "load_assignment.cluster_name: found ''"),
        (drops(1, 1), "load_assignment.policy.drop_overloads: found 2 categories, expected one"),
        (
            drops(101),
            "load_assignment.policy.drop_overloads[0].drop_percentage: found 101 of 100",
        ),
        ({"load_assignment": endpoints("localhost")}, "load_assignment.endpoints[0].lb_endpoints[0]"),
        (
            {"load_assignment": {**endpoints("1.1.1.1"), "policy": {"overprovisioning_factor": 0}}},
            "load_assignment.policy.overprovisioning_factor: found",
        ),
        ({"health_checks": [{"tcp_health_check": {}}]}, "health_checks[0].timeout: missing"),
        (
            {"transport_socket": {"name": "x", "typed_config": {}}},
            "transport_socket.typed_config.@type: missing",
        ),
        (
            {"cluster_type": {"name": "x"}},
            "cluster_type.name: found 'x', expected type, or one of envoy.cluster.dns",
        ),
    ],
)
def test_clusters_that_are_refused(fields: dict[str, Any], problem: str) -> None:
    assert cluster_problems(**fields)[0].startswith(problem)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"connect_timeout": "0.25s"},
        maglev(2),
        {"lb_policy": "MAGLEV", "maglev_lb_config": {"table_size": "1009"}},
        {"lb_subset_config": {"subset_selectors": [{"keys": ["a"]}, {"keys": ["a"]}]}},
        {"load_assignment": endpoints("::1")},
        {"type": "STRICT_DNS", "load_assignment": endpoints("localhost")},
        {"lb_policy": "RING_HASH", "load_assignment": endpoints("1.1.1.1", "1.1.1.1")},
    ],
)
def test_clusters_that_are_accepted(fields: dict[str, Any]) -> None:
    assert cluster_problems(**fields) == []


ADDRESS = {"socket_address": {"address": "1.1.1.1", "port_value": 1}}


@pytest.mark.parametrize(
    "endpoint",
    [
        {"endpoint": {"address": ADDRESS}, "load_balancing_weight": 0},
        {"endpoint": {"address": ADDRESS}, "health_status": 6},
        {"endpoint": {}},
        {"endpoint": {"address": {}}},
        {"endpoint": {"address": {"socket_address": {"address": "1.1.1.1"}}}},
        {"endpoint": {"address": {"socket_address": {"address": "1.1.1.1", "port_value": 65536}}}},
        {"endpoint": {"address": {"socket_address": {"address": "", "port_value": 1}}}},
        {"endpoint_name": "x"},
    ],
)
def test_endpoints_that_are_refused(endpoint: dict[str, Any]) -> None:
    assignment = {"cluster_name": "c", "endpoints": [{"lb_endpoints": [endpoint]}]}
    found = one(cluster_problems(load_assignment=assignment))
    assert found.startswith("load_assignment.endpoints[0].lb_endpoints[0]")


def test_priorities_and_weights_of_localities() -> None:
    def check(*groups: dict[str, Any]) -> list[str]:
        return cluster_problems(load_assignment={"cluster_name": "c", "endpoints": list(groups)})

    assert check({"priority": 0}, {"priority": 2}) == []
    assert "priority: found the number 129" in one(check({"priority": 129}))
    assert "load_balancing_weight: found" in one(check({"load_balancing_weight": 0}))
    heavy = {"load_balancing_weight": 2**32 - 1}
    assert "exceed" in one(check(heavy, heavy))
    assert check(heavy, {**heavy, "priority": 1}) == []


def test_two_clusters_of_one_name_are_refused() -> None:
    assert one(problems(table(), [cluster(), cluster()])) == "name: another cluster is named 'c'"


def filter_problems(**config: Any) -> list[str]:
    return problems(table(route()), http_filters=[{"name": "f", "typed_config": config}])


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ({"@type": FAULT, "delay": {"fixed_delay": "0s"}}, "delay.fixed_delay: found '0s'"),
        ({"@type": FAULT, "delay": {}}, "delay: found none of them"),
        ({"@type": FAULT, "abort": {"http_status": 199}}, "abort.http_status: found"),
        ({"@type": FAULT, "abort": {"percentage": {"numerator": 1}}}, "abort: found none of them"),
        ({"@type": FAULT, "response_rate_limit": {}}, "response_rate_limit: found none of them"),
        (
            {"@type": FAULT, "response_rate_limit": {"fixed_limit": {"limit_kbps": 0}}},
            "response_rate_limit.fixed_limit.limit_kbps: found the number 0",
        ),
        ({"@type": LIMIT}, "stat_prefix: missing"),
        ({"@type": LIMIT, "stat_prefix": "a", "token_bucket": {}}, "token_bucket.fill_interval: missing"),
        (
            {
                "@type": LIMIT,
                "stat_prefix": "a",
                "token_bucket": {"max_tokens": 1, "fill_interval": "0.049s"},
            },
            "token_bucket.fill_interval: found",
        ),
        (
            {"@type": LIMIT, "stat_prefix": "a", "token_bucket": {"fill_interval": "9223372036s"}},
            "token_bucket.fill_interval: found",
        ),
        ({"@type": LIMIT, "stat_prefix": "a", "descriptors": [{}]}, "descriptors[0].entries: missing"),
        ({"@type": LIMIT, "stat_prefix": "a", "status": {"code": 299}}, "status.code: found"),
        ({"@type": "a/envoy.extensions.filters.http.lua.v3.Lua"}, "@type: the type"),
        ({}, "@type: missing"),
    ],
)
def test_filters_that_are_refused(config: dict[str, Any], problem: str) -> None:
    assert filter_problems(**config)[0].startswith(f"http_filters[0].typed_config.{problem}")


def test_a_limit_of_a_route_needs_a_bucket() -> None:
    limit = {"rl": {"@type": LIMIT, "stat_prefix": "a"}}
    chain = [{"name": "rl", "typed_config": limit["rl"]}]
    assert problems(table(route()), http_filters=chain) == []
    found = one(problems(table(route(typed_per_filter_config=limit)), http_filters=chain))
    assert "typed_per_filter_config.rl.token_bucket: missing" in found


def test_a_bucket_without_tokens_loads() -> None:
    assert (
        filter_problems(**{"@type": LIMIT, "stat_prefix": "a", "token_bucket": {"fill_interval": "1s"}}) == []
    )


@pytest.mark.parametrize(
    ("hcm", "problem"),
    [
        ({"strip_matching_host_port": True, "strip_any_host_port": True}, "strip_matching_host_port: cannot"),
        ({"path_with_escaped_slashes_action": "REJECT"}, "path_with_escaped_slashes_action: found"),
        (
            {"scheme_header_transformation": {"scheme_to_overwrite": "ftp"}},
            "scheme_header_transformation.scheme",
        ),
        (
            {"internal_address_config": {"cidr_ranges": [{"address_prefix": "x"}]}},
            "internal_address_config.cidr",
        ),
        (
            {"upgrade_configs": [{"upgrade_type": "a"}, {"upgrade_type": "A"}]},
            "upgrade_configs[1].upgrade_type",
        ),
        ({"via": "a\nb"}, "via: found"),
        ({"max_request_headers_kb": 8193}, "max_request_headers_kb: found"),
        (
            {"normalise_path": True},
            "normalise_path: unknown field 'normalise_path'; did you mean 'normalize_pa",
        ),
        ({"local_reply_config": {}}, "local_reply_config: not supported"),
        (
            {"original_ip_detection_extensions": [xff()], "use_remote_address": True},
            "original_ip_detection_extensions: may not be combined with use_remote_address",
        ),
        ({"original_ip_detection_extensions": [xff(), xff()]}, "original_ip_detection_extensions: found 2"),
        (
            {"original_ip_detection_extensions": [xff(skip_xff_append=False)]},
            "original_ip_detection_extensions[0].typed_config.skip_xff_append: false is not supported",
        ),
    ],
)
def test_connection_manager_options_that_are_refused(hcm: dict[str, Any], problem: str) -> None:
    assert one(problems(table(), hcm=hcm)).startswith(problem)
