"""How names are looked up, by Envoy's documents: older fields, DnsCluster, resolvers; and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from envoy_support import cluster, cluster_problems, endpoints, loaded_cluster, table

from meshcore.config import load_text
from meshcore.config.envoy import load_parts
from meshcore.model import Discovery, DnsSettings, LookupFamily

STRICT = {"type": "STRICT_DNS", "load_assignment": endpoints("a.test")}
CARES = "type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig"
GETADDRINFO = (
    "type.googleapis.com/envoy.extensions.network.dns_resolver.getaddrinfo.v3.GetAddrInfoDnsResolverConfig"
)
DNS_CLUSTER = "type.googleapis.com/envoy.extensions.clusters.dns.v3.DnsCluster"


def address(host: str = "10.0.0.53", port: int = 53) -> dict[str, Any]:
    return {"socket_address": {"address": host, "port_value": port}}


def cares(**fields: Any) -> dict[str, Any]:
    return {"typed_dns_resolver_config": {"name": "r", "typed_config": {"@type": CARES, **fields}}}


def dns(name: str = "envoy.cluster.dns", **fields: Any) -> dict[str, Any]:
    typed = {"@type": DNS_CLUSTER, **fields}
    return {
        "cluster_type": {"name": name, "typed_config": typed},
        "load_assignment": endpoints("a.test"),
    }


@pytest.mark.parametrize(
    ("fields", "settings"),
    [
        ({}, DnsSettings()),
        (
            {"dns_refresh_rate": "7s", "dns_jitter": "1s", "respect_dns_ttl": True},
            DnsSettings(refresh_rate=7.0, jitter=1.0, respect_ttl=True),
        ),
        ({"dns_lookup_family": "V4_PREFERRED"}, DnsSettings(LookupFamily.V4_PREFERRED)),
        ({"dns_lookup_family": "ALL"}, DnsSettings(LookupFamily.ALL)),
        ({"dns_failure_refresh_rate": {"base_interval": "2s"}}, DnsSettings(failure_base=2.0)),
        (
            {"dns_failure_refresh_rate": {"base_interval": "2s", "max_interval": "2s"}},
            DnsSettings(failure_base=2.0, failure_max=2.0),
        ),
        ({"wait_for_warm_on_init": False}, DnsSettings(wait_for_warm=False)),
        (cares(resolvers=[address()]), DnsSettings(servers=("10.0.0.53:53",))),
        (cares(resolvers=[address("::1", 5353)]), DnsSettings(servers=("[::1]:5353",))),
        (cares(udp_max_queries=100), DnsSettings()),
        (cares(resolvers=[address()], use_resolvers_as_fallback=True), DnsSettings()),
        (
            cares(dns_resolver_options={"use_tcp_for_dns_lookups": True, "no_default_search_domain": True}),
            DnsSettings(use_tcp=True, search=False),
        ),
        (
            {
                "typed_dns_resolver_config": {
                    "name": "r",
                    "typed_config": {"@type": GETADDRINFO, "num_retries": 1},
                }
            },
            DnsSettings(),
        ),
        (
            {"dns_resolution_config": {"resolvers": [address()]}, "dns_resolvers": [address("10.0.0.54")]},
            DnsSettings(servers=("10.0.0.53:53",)),
        ),
        (
            {"dns_resolvers": [address()], "use_tcp_for_dns_lookups": True},
            DnsSettings(servers=("10.0.0.53:53",), use_tcp=True),
        ),
    ],
)
def test_the_fields_of_clusters(fields: dict[str, Any], settings: DnsSettings) -> None:
    made = loaded_cluster(**STRICT, **fields)
    assert (made.discovery, made.dns) == (Discovery.STRICT_DNS, settings)


@pytest.mark.parametrize(
    ("fields", "discovery", "settings"),
    [
        (dns(), Discovery.STRICT_DNS, DnsSettings()),
        (dns(all_addresses_in_single_endpoint=True), Discovery.LOGICAL_DNS, DnsSettings()),
        (dns("envoy.cluster.strict_dns"), Discovery.STRICT_DNS, DnsSettings()),
        (dns("envoy.cluster.logical_dns", dns_refresh_rate="7s"), Discovery.LOGICAL_DNS, DnsSettings()),
        (
            dns(
                dns_refresh_rate="7s",
                dns_failure_refresh_rate={"base_interval": "2s", "max_interval": "3s"},
                respect_dns_ttl=True,
                dns_jitter="1s",
                dns_lookup_family="V6_ONLY",
            ),
            Discovery.STRICT_DNS,
            DnsSettings(LookupFamily.V6_ONLY, 7.0, 2.0, 3.0, 1.0, True),
        ),
        (
            {**dns(dns_lookup_family="V4_ONLY"), "dns_refresh_rate": "9s"},  # the older field does not count
            Discovery.STRICT_DNS,
            DnsSettings(LookupFamily.V4_ONLY),
        ),
        ({**dns(), **cares(resolvers=[address()])}, Discovery.STRICT_DNS, DnsSettings()),
        (
            {**dns(**cares(resolvers=[address()])), **cares(resolvers=[address("10.0.0.54")])},
            Discovery.STRICT_DNS,
            DnsSettings(servers=("10.0.0.53:53",)),
        ),
        (
            {
                "cluster_type": {"name": "envoy.cluster.strict_dns"},
                "load_assignment": endpoints("a.test"),
                "dns_refresh_rate": "9s",
            },
            Discovery.STRICT_DNS,
            DnsSettings(refresh_rate=9.0),
        ),
    ],
)
def test_the_typed_configuration(fields: dict[str, Any], discovery: Discovery, settings: DnsSettings) -> None:
    made = loaded_cluster(**fields)
    assert (made.discovery, made.dns) == (discovery, settings)
    assert made.endpoints[0].address == "a.test"


@pytest.mark.parametrize(
    ("fields", "warning"),
    [
        ({**dns(), "dns_refresh_rate": "9s"}, "dns_refresh_rate: has no effect beside the DnsCluster"),
        (
            dns("envoy.cluster.strict_dns"),
            "typed_config: has no effect with the name envoy.cluster.strict_dns",
        ),
    ],
)
def test_what_has_no_effect_is_told(fields: dict[str, Any], warning: str) -> None:
    warnings = load_parts(table(), [cluster(**fields)]).warnings
    assert any(warning in str(one) for one in warnings), warnings


def test_other_clusters_have_no_settings() -> None:
    assert loaded_cluster(dns_refresh_rate="7s").dns == DnsSettings()


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (
            {"dns_refresh_rate": "0.001s"},
            "dns_refresh_rate: found '0.001s', expected a value more than 0.001",
        ),
        ({"dns_jitter": "-1s"}, "dns_jitter: found '-1s'"),
        ({"dns_failure_refresh_rate": {}}, "dns_failure_refresh_rate.base_interval: missing"),
        (
            {"dns_failure_refresh_rate": {"base_interval": "0s"}},
            "dns_failure_refresh_rate.base_interval: found '0s'",
        ),
        (
            {"dns_failure_refresh_rate": {"base_interval": "5s", "max_interval": "4s"}},
            "dns_failure_refresh_rate.max_interval: found 4s, expected base_interval (5s) or more",
        ),
        ({"dns_lookup_family": "V5_ONLY"}, "dns_lookup_family: found 'V5_ONLY'"),
        ({"dns_resolution_config": {"resolvers": []}}, "dns_resolution_config.resolvers: found"),
        (
            cares(resolvers=[address("ns.test")]),
            "typed_dns_resolver_config.typed_config.resolvers[0].socket_address.address: found 'ns.test'",
        ),
        (
            cares(resolvers=[{"pipe": {"path": "/x"}}]),
            "typed_dns_resolver_config.typed_config.resolvers[0]: expected a socket_address",
        ),
        (
            {"typed_dns_resolver_config": {"name": "r", "typed_config": {"@type": "a/b"}}},
            "typed_dns_resolver_config.typed_config.@type: the type 'b' is not supported",
        ),
        ({"cluster_type": {"name": "envoy.cluster.dns"}}, "cluster_type: 'type' is set already"),
    ],
)
def test_what_is_refused(fields: dict[str, Any], problem: str) -> None:
    found = cluster_problems(**STRICT, **fields)
    assert any(one.startswith(problem) for one in found), found


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (
            dns("envoy.cluster.mine"),
            "cluster_type.name: found 'envoy.cluster.mine', expected type, or one of",
        ),
        (dns(dns_refresh_rate="0s"), "cluster_type.typed_config.dns_refresh_rate: found '0s'"),
        (
            dns(dns_failure_refresh_rate={"base_interval": "5s", "max_interval": "4s"}),
            "cluster_type.typed_config.dns_failure_refresh_rate.max_interval: found 4s",
        ),
        (
            {**dns(all_addresses_in_single_endpoint=True), "load_assignment": endpoints("a", "b")},
            "load_assignment: LOGICAL_DNS clusters have exactly",
        ),
    ],
)
def test_what_is_refused_of_the_typed_configuration(fields: dict[str, Any], problem: str) -> None:
    found = cluster_problems(**fields)
    assert any(one.startswith(problem) for one in found), found


BOOTSTRAP = """
static_resources:
  clusters:
  - name: c
    type: STRICT_DNS
    load_assignment: {cluster_name: c, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {
      address: a.test, port_value: 80}}}}]}]}
%s
"""


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("use_tcp_for_dns_lookups: true", DnsSettings(use_tcp=True)),
        (
            "dns_resolution_config: {resolvers: [{socket_address: {address: 10.0.0.53, port_value: 54}}]}",
            DnsSettings(servers=("10.0.0.53:54",)),
        ),
        (
            "typed_dns_resolver_config: {name: r, typed_config: {'@type': " + CARES + ", resolvers: ["
            "{socket_address: {address: 10.0.0.53, port_value: 53}}]}}",
            DnsSettings(servers=("10.0.0.53:53",)),
        ),
    ],
)
def test_the_bootstraps_resolver_is_that_of_clusters_without_one(text: str, settings: DnsSettings) -> None:
    assert load_text(BOOTSTRAP % text).clusters[0].dns == settings
