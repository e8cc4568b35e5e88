"""How names are looked up (``envoy.config.cluster.v3``, ``envoy.extensions.clusters.dns.v3``)."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from meshcore.config.envoy.schema.base import Address, TimeSpan, TypedExtensionConfig
from meshcore.config.scalar_types import Duration
from meshcore.config.schema import Meta, Record

__all__ = [
    "CaresDnsResolverConfig",
    "DnsCluster",
    "DnsLookupFamily",
    "DnsResolutionConfig",
    "OtherDnsResolverConfig",
    "RefreshRate",
]

Interval = Annotated[Duration, Meta(gt=0.001)]


class DnsLookupFamily(Enum):
    AUTO = 0
    V4_ONLY = 1
    V6_ONLY = 2
    V4_PREFERRED = 3
    ALL = 4


class ClusterDnsLookupFamily(Enum):
    """``envoy.extensions.clusters.common.dns.v3.DnsLookupFamily``: the same with other numbers."""

    UNSPECIFIED = 0
    AUTO = 1
    V4_ONLY = 2
    V6_ONLY = 3
    V4_PREFERRED = 4
    ALL = 5


class RefreshRate(Record):
    base_interval: Interval
    max_interval: Interval | None = None


class DnsResolverOptions(Record):
    use_tcp_for_dns_lookups: bool = False
    no_default_search_domain: bool = False


class DnsResolutionConfig(Record):
    resolvers: Annotated[list[Address], Meta(min_length=1)]
    dns_resolver_options: DnsResolverOptions | None = None


class CaresDnsResolverConfig(Record):
    __noted__ = {
        "filter_unroutable_families": "addresses of every family are taken",
        "query_timeout_seconds": "a lookup takes 5 seconds at most",
        "query_tries": "a lookup takes 5 seconds at most",
    }
    __ignored__ = frozenset(
        {
            "udp_max_queries",
            "rotate_nameservers",
            "edns0_max_payload_size",
            "max_udp_channel_duration",
            "reinit_channel_on_timeout",
        }
    )

    resolvers: list[Address] = []
    use_resolvers_as_fallback: bool = False
    dns_resolver_options: DnsResolverOptions | None = None


class OtherDnsResolverConfig(Record):
    """The machine's resolver by another name (getaddrinfo, Apple's); it has nothing that we could set."""

    __open__ = True


class DnsCluster(Record):
    dns_refresh_rate: Interval | None = None
    dns_failure_refresh_rate: RefreshRate | None = None
    respect_dns_ttl: bool = False
    dns_jitter: TimeSpan | None = None
    typed_dns_resolver_config: TypedExtensionConfig | None = None
    dns_lookup_family: ClusterDnsLookupFamily = ClusterDnsLookupFamily.UNSPECIFIED
    all_addresses_in_single_endpoint: bool = False
