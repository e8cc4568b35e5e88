"""Envoy and we agree on what loads: one bootstrap, changed in one place at a time."""

from __future__ import annotations

import copy
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from live_envoy import envoy_binary

from meshcore.config import ConfigError, load

pytestmark = pytest.mark.envoy

API = "type.googleapis.com/envoy."
FILTERS = API + "extensions.filters."
TEMPLATE = API + "extensions.path.match.uri_template.v3.UriTemplateMatchConfig"
REWRITE = API + "extensions.path.rewrite.uri_template.v3.UriTemplateRewriteConfig"
FAULT = {"@type": FILTERS + "http.fault.v3.HTTPFault", "abort": {"http_status": 503}}
LIMIT = {
    "@type": FILTERS + "http.local_ratelimit.v3.LocalRateLimit",
    "stat_prefix": "rl",
    "token_bucket": {"max_tokens": 5, "fill_interval": "1s"},
}

ADDRESS = {"socket_address": {"address": "127.0.0.1", "port_value": 1}}


def template(text: str) -> dict[str, str]:
    return {"@type": TEMPLATE, "path_template": text}


def rewriter(text: str) -> dict[str, Any]:
    return {"name": "r", "typed_config": {"@type": REWRITE, "path_template_rewrite": text}}


def value(name: str, text: str) -> dict[str, Any]:
    return {"header": {"key": name, "value": text}}


def mutating(mutation: dict[str, Any]) -> dict[str, Any]:
    """A mirror policy that edits its copies."""
    return {"cluster": "c", "request_headers_mutations": [mutation]}


ROUTE_CONFIG: dict[str, Any] = {
    "name": "rc",
    "virtual_hosts": [
        {
            "name": "v",
            "domains": ["a.example", "*"],
            "routes": [
                {
                    "match": {"prefix": "/a", "headers": [{"name": "x", "string_match": {"exact": "1"}}]},
                    "route": {"cluster": "c", "timeout": "1s", "retry_policy": {"retry_on": "5xx"}},
                    "request_headers_to_add": [{"header": {"key": "x-a", "value": "%REQ(b)%"}}],
                },
                {
                    "match": {"path_match_policy": {"name": "m", "typed_config": template("/{x}/b")}},
                    "route": {"weighted_clusters": {"clusters": [{"name": "c", "weight": 1}]}},
                },
                {"match": {"path": "/r"}, "redirect": {"path_redirect": "/s"}},
                {"match": {"path": "/d"}, "direct_response": {"status": 200}},
            ],
        }
    ],
}
CLUSTER: dict[str, Any] = {
    "name": "c",
    "type": "STATIC",
    "load_assignment": {
        "cluster_name": "c",
        "endpoints": [
            {"lb_endpoints": [{"endpoint": {"address": ADDRESS}}]},
        ],
    },
}
MANAGER: dict[str, Any] = {
    "@type": FILTERS + "network.http_connection_manager.v3.HttpConnectionManager",
    "stat_prefix": "x",
    "route_config": ROUTE_CONFIG,
    "http_filters": [
        {"name": "fault", "typed_config": FAULT},
        {"name": "rl", "typed_config": LIMIT},
        {"name": "router", "typed_config": {"@type": FILTERS + "http.router.v3.Router"}},
    ],
}

HOST = "route_config.virtual_hosts.0"
FIRST = f"{HOST}.routes.0"
SECOND = f"{HOST}.routes.1"
LB = "cluster.load_assignment"
DROP = object()

CHANGES: list[tuple[str, object]] = [
    ("stat_prefix", "x"),  # the sample itself
    ("stat_prefix", ""),
    ("merge_slashes", 1.5),
    ("strip_any_host_port", True),
    ("scheme_header_transformation", {"scheme_to_overwrite": "ftp"}),
    ("internal_address_config", {"cidr_ranges": [{"address_prefix": "10.0.0.0", "prefix_len": 40}]}),
    ("internal_address_config", {"cidr_ranges": [{"address_prefix": "ten"}]}),
    ("upgrade_configs", [{"upgrade_type": "a"}, {"upgrade_type": "A"}]),
    ("http_filters.2", DROP),
    ("http_filters.0.typed_config.abort", {}),
    ("http_filters.0.typed_config.abort.percentage", {"numerator": 300}),
    ("http_filters.1.typed_config.token_bucket.fill_interval", "0.04s"),
    ("http_filters.1.typed_config.token_bucket.max_tokens", 0),
    ("http_filters.1.typed_config.token_bucket", DROP),
    ("http_filters.1.typed_config.stat_prefix", DROP),
    (f"{FIRST}.typed_per_filter_config", {"rl": {k: v for k, v in LIMIT.items() if k != "token_bucket"}}),
    (f"{FIRST}.typed_per_filter_config", {"fault": FAULT}),
    (f"{HOST}.domains", []),
    (f"{HOST}.domains", ["A.example", "a.example"]),
    (f"{HOST}.domains", ["*.x", "x.*", "a.*.b", ""]),
    (f"{HOST}.require_tls", 3),
    (f"{FIRST}.match.path", "/b"),
    (f"{FIRST}.match.prefix", DROP),
    (f"{FIRST}.match.prefix", ""),
    (f"{FIRST}.match.runtime_fraction", {"runtime_key": "k"}),
    (f"{FIRST}.match.headers.0.name", ""),
    (f"{FIRST}.match.headers.0.string_match", {"safe_regex": {"regex": "("}}),
    (f"{FIRST}.match.headers.0.string_match", {"safe_regex": {"regex": "a"}, "ignore_case": True}),
    (f"{FIRST}.match.headers.0.string_match", {"suffix": ""}),
    (f"{FIRST}.match.query_parameters", [{"name": ""}]),
    (f"{FIRST}.match.cookies", [{"name": "c"}]),
    (f"{FIRST}.route.cluster", "unknown"),
    (f"{FIRST}.route.timeout", "-1s"),
    (f"{FIRST}.route.timeout", "1m"),
    (f"{FIRST}.route.host_rewrite_literal", ""),
    (f"{FIRST}.route.host_rewrite_path_regex", {"pattern": {"regex": "a{2000}"}}),
    (f"{FIRST}.route.retry_policy.retry_back_off", {"base_interval": "0.0019s", "max_interval": "0.001s"}),
    (f"{FIRST}.route.retry_policy.retry_back_off", {"base_interval": "2s", "max_interval": "1s"}),
    (f"{FIRST}.route.retry_policy.retry_on", "nonsense"),
    (f"{FIRST}.route.hash_policy", [{"cookie": {"name": "s", "ttl": "0s"}}, {"header": {"header_name": ""}}]),
    (f"{FIRST}.route.request_mirror_policies", [{"cluster": "c", "cluster_header": "x"}]),
    (f"{FIRST}.route.request_mirror_policies", [{"cluster": "unknown"}]),
    (f"{FIRST}.route.request_mirror_policies", [{"cluster": "c", "host_rewrite_literal": "a:1"}]),
    (f"{FIRST}.route.request_mirror_policies", [{"cluster": "c", "host_rewrite_literal": ""}]),
    (f"{FIRST}.route.request_mirror_policies", [{"cluster": "c", "host_rewrite_literal": "a\nb"}]),
    (f"{FIRST}.route.request_mirror_policies", [{"cluster_header": "a b"}]),
    (f"{FIRST}.route.request_mirror_policies", [mutating({"remove": "x-a"})]),
    (f"{FIRST}.route.request_mirror_policies", [mutating({"remove": "Host"})]),
    (f"{FIRST}.route.request_mirror_policies", [mutating({"remove": ":path"})]),
    (f"{FIRST}.route.request_mirror_policies", [mutating({"remove": ""})]),
    (f"{FIRST}.route.request_mirror_policies", [mutating({"append": value(":path", "v")})]),
    (f"{FIRST}.route.request_mirror_policies", [mutating({"append": value("host", "v")})]),
    (f"{FIRST}.route.request_mirror_policies", [mutating({"append": value("x-a", "%NO()%")})]),
    (f"{FIRST}.route.request_mirror_policies", [mutating({})]),
    (f"{FIRST}.route.cors", {"allow_origin_string_match": [{}]}),
    (f"{FIRST}.route.cors", {"allow_origin_string_match": [{"safe_regex": {"regex": "("}}]}),
    (f"{FIRST}.route.cors", {"allow_methods": "GET,PUT", "allow_private_network_access": True}),
    (f"{FIRST}.route.cors", {"filter_enabled": {"runtime_key": "k"}}),
    (f"{HOST}.cors", {"expose_headers": "x-a", "shadow_enabled": {"default_value": {"numerator": 1}}}),
    (f"{FIRST}.route.rate_limits", [{"stage": 11, "actions": [{"remote_address": {}}]}]),
    (f"{FIRST}.request_headers_to_add.0.header.key", "Host"),
    (f"{FIRST}.request_headers_to_add.0.header.value", "100%"),
    (f"{FIRST}.request_headers_to_add.0.header.value", "%REQ(a?b):10%%%"),
    (f"{FIRST}.request_headers_to_add.0.append", True),
    (f"{FIRST}.request_headers_to_remove", [":path"]),
    (f"{SECOND}.match.path_match_policy.typed_config.path_template", "/{x}/{x}"),
    (f"{SECOND}.match.path_match_policy.typed_config.path_template", "/**/b"),
    (f"{SECOND}.route.prefix_rewrite", "/c"),
    (f"{SECOND}.route.path_rewrite_policy", rewriter("/{y}")),
    (f"{SECOND}.route.path_rewrite_policy", rewriter("/{x}")),
    (f"{SECOND}.route.weighted_clusters.clusters.0.weight", 0),
    (f"{SECOND}.route.weighted_clusters.total_weight", 7),
    (f"{SECOND}.route.weighted_clusters.clusters.0.cluster_header", "x"),
    (f"{HOST}.routes.2.redirect.prefix_rewrite", "/t"),
    (f"{HOST}.routes.2.redirect.response_code", "GONE"),
    (f"{HOST}.routes.3.direct_response.status", 199),
    (f"{HOST}.routes.3.direct_response.body", {"inline_string": "x" * 4097}),
    ("cluster.lb_policy", "CLUSTER_PROVIDED"),
    ("cluster.ring_hash_lb_config", {"maximum_ring_size": 8388609}),
    ("cluster.eds_cluster_config", {"service_name": "s"}),
    ("cluster.common_lb_config", {"consistent_hashing_lb_config": {"use_hostname_for_hashing": True}}),
    ("cluster.lb_subset_config", {"subset_selectors": [{"keys": ["a"], "fallback_keys_subset": ["a"]}]}),
    ("cluster.outlier_detection", {"max_ejection_percent": 101}),
    (f"{LB}.endpoints.0.lb_endpoints.0.endpoint.address.socket_address.address", "localhost"),
    (f"{LB}.endpoints.0.lb_endpoints.0.load_balancing_weight", 0),
    (f"{LB}.endpoints.0.priority", 2),
    (f"{LB}.policy", {"overprovisioning_factor": 0}),
]  # fmt: skip


def changed(place: str, value: object) -> dict[str, Any]:
    manager, cluster = copy.deepcopy(MANAGER), copy.deepcopy(CLUSTER)
    holder: Any = {**manager, "cluster": cluster}
    steps: list[Any] = [int(step) if step.isdigit() else step for step in place.split(".")]
    root = manager if steps[0] in manager or len(steps) == 1 else holder
    for step in steps[:-1]:
        root = root[step]
    if value is DROP:
        del root[steps[-1]]
    else:
        root[steps[-1]] = value
    chain = {"filters": [{"name": "hcm", "typed_config": manager}]}
    listener = {"name": "l", "address": ADDRESS, "filter_chains": [chain]}
    return {"static_resources": {"listeners": [listener], "clusters": [cluster]}}


@pytest.fixture(scope="module")
def validate() -> Callable[[Path], subprocess.CompletedProcess[str]]:
    binary = envoy_binary()
    if binary is None:
        pytest.skip("no envoy binary: set MESHCORE_ENVOY, or see tests/README.md")
    command = [binary, "--mode", "validate", "--disable-hot-restart", "--log-level", "critical", "-c"]
    return lambda path: subprocess.run([*command, str(path)], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("place", "value"), CHANGES, ids=lambda part: str(part)[:60])
def test_envoy_agrees_on_what_loads(
    place: str,
    value: object,
    validate: Callable[[Path], subprocess.CompletedProcess[str]],
    tmp_path: Path,
) -> None:
    path = tmp_path / "bootstrap.json"
    path.write_text(json.dumps(changed(place, value)))
    theirs = validate(path)
    ours = ""
    try:
        load(path)
    except ConfigError as error:
        ours = str(error)
    assert (ours == "") == (theirs.returncode == 0), theirs.stderr or ours
