"""How the names of a cluster are looked up."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

import msgspec

from meshcore.config.envoy.schema.base import Address, TypedExtensionConfig
from meshcore.config.envoy.schema.bootstrap import Bootstrap
from meshcore.config.envoy.schema.cluster import Cluster, DiscoveryType
from meshcore.config.envoy.schema.dns import (
    CaresDnsResolverConfig,
    DnsCluster,
    DnsResolutionConfig,
    OtherDnsResolverConfig,
    RefreshRate,
)
from meshcore.config.envoy.translate.context import Context, NameServers
from meshcore.config.findings import quoted
from meshcore.config.schema import Record, path_of
from meshcore.config.tree import join_path
from meshcore.model import DnsSettings, LookupFamily

__all__ = ["bootstrap_name_servers", "dns_settings", "with_discovery_type"]

_RESOLVER = "envoy.extensions.network.dns_resolver."
_RESOLVERS: dict[str, type[Record]] = {
    _RESOLVER + "cares.v3.CaresDnsResolverConfig": CaresDnsResolverConfig,
    _RESOLVER + "getaddrinfo.v3.GetAddrInfoDnsResolverConfig": OtherDnsResolverConfig,
    _RESOLVER + "apple.v3.AppleDnsResolverConfig": OtherDnsResolverConfig,
}
_CLUSTERS: dict[str, type[Record]] = {"envoy.extensions.clusters.dns.v3.DnsCluster": DnsCluster}
#: Cluster types by their extension's name, beside ``envoy.cluster.dns``. They go by the cluster's own fields.
_NAMED = {
    "envoy.cluster.strict_dns": DiscoveryType.STRICT_DNS,
    "envoy.cluster.logical_dns": DiscoveryType.LOGICAL_DNS,
}
_DNS = "envoy.cluster.dns"
_DEFAULT = DnsSettings()
#: Fields of a cluster that its ``DnsCluster`` stands for.
_OLDER = (
    "dns_refresh_rate",
    "dns_failure_refresh_rate",
    "dns_jitter",
    "dns_lookup_family",
    "dns_resolution_config",
    "dns_resolvers",
    "respect_dns_ttl",
    "typed_dns_resolver_config",
    "use_tcp_for_dns_lookups",
)


def with_discovery_type(context: Context, source: Cluster) -> tuple[Cluster, DnsCluster | None]:
    """The cluster with the ``type`` that its ``cluster_type`` means, and what that says of DNS."""
    given = source.cluster_type
    if given is None:
        return source, None
    if given.name != _DNS:
        if given.name not in _NAMED:
            expected = f"type, or one of {', '.join((_DNS, *_NAMED))}"
            context.error(given, "name", found=quoted(given.name), expected=expected)
            return source, None
        if given.typed_config is not None:
            context.warn(given, "typed_config", f"has no effect with the name {given.name}")
        return msgspec.structs.replace(source, type=_NAMED[given.name]), None
    config: Record | None = DnsCluster()
    if given.typed_config is not None:
        _, config = context.decode_typed(given.typed_config, path_of(given, "typed_config"), _CLUSTERS)
    if not isinstance(config, DnsCluster):
        return source, None
    single = config.all_addresses_in_single_endpoint
    kind = DiscoveryType.LOGICAL_DNS if single else DiscoveryType.STRICT_DNS
    return msgspec.structs.replace(source, type=kind), config


def dns_settings(context: Context, source: Cluster, own: DnsCluster | None) -> DnsSettings:
    """``own`` is the cluster's ``DnsCluster``, which stands for all its older fields."""
    if source.type not in (DiscoveryType.STRICT_DNS, DiscoveryType.LOGICAL_DNS):
        return _DEFAULT
    given: Cluster | DnsCluster = source if own is None else own
    if own is not None:
        for field in _OLDER:
            if getattr(source, field):
                context.warn(source, field, "has no effect beside the DnsCluster")
    rate, jitter, failing = given.dns_refresh_rate, given.dns_jitter, given.dns_failure_refresh_rate
    _check_failing(context, failing)
    family = given.dns_lookup_family
    known = family is not None and family.name in LookupFamily.__members__
    asked = _name_servers(context, source, own)
    return DnsSettings(
        family=LookupFamily[family.name] if family is not None and known else LookupFamily.AUTO,
        refresh_rate=_DEFAULT.refresh_rate if rate is None else rate,
        failure_base=None if failing is None else failing.base_interval,
        failure_max=None if failing is None else failing.max_interval,
        jitter=_DEFAULT.jitter if jitter is None else jitter,
        respect_ttl=given.respect_dns_ttl,
        wait_for_warm=source.wait_for_warm_on_init,
        servers=asked.servers,
        use_tcp=asked.use_tcp,
        search=asked.search,
    )


def bootstrap_name_servers(context: Context, bootstrap: Bootstrap | None) -> NameServers:
    """Whom clusters ask that say nothing of it."""
    if bootstrap is None:
        return NameServers()
    if bootstrap.typed_dns_resolver_config is not None:
        return _typed(context, bootstrap, bootstrap.typed_dns_resolver_config)
    if bootstrap.dns_resolution_config is not None:
        return _older(context, bootstrap.dns_resolution_config)
    return NameServers(use_tcp=bootstrap.use_tcp_for_dns_lookups)


def _check_failing(context: Context, failing: RefreshRate | None) -> None:
    if failing is None or failing.max_interval is None or failing.max_interval >= failing.base_interval:
        return
    expected = f"base_interval ({failing.base_interval:g}s) or more"
    context.error(failing, "max_interval", found=f"{failing.max_interval:g}s", expected=expected)


def _name_servers(context: Context, source: Cluster, own: DnsCluster | None) -> NameServers:
    if own is not None:
        given = own.typed_dns_resolver_config
        return context.name_servers if given is None else _typed(context, own, given)
    if source.typed_dns_resolver_config is not None:
        return _typed(context, source, source.typed_dns_resolver_config)
    if source.dns_resolution_config is not None:
        return _older(context, source.dns_resolution_config)
    if source.dns_resolvers or source.use_tcp_for_dns_lookups:
        return NameServers(_servers(context, source.dns_resolvers), source.use_tcp_for_dns_lookups)
    return context.name_servers


def _typed(context: Context, record: Record, given: TypedExtensionConfig) -> NameServers:
    path = join_path(path_of(record, "typed_dns_resolver_config"), "typed_config")
    _, config = context.decode_typed(given.typed_config, path, _RESOLVERS)
    if not isinstance(config, CaresDnsResolverConfig):
        return NameServers()
    # There are name servers of the system, so none is fallen back upon.
    servers = () if config.use_resolvers_as_fallback else _servers(context, config.resolvers)
    options = config.dns_resolver_options
    if options is None:
        return NameServers(servers)
    return NameServers(servers, options.use_tcp_for_dns_lookups, not options.no_default_search_domain)


def _older(context: Context, config: DnsResolutionConfig) -> NameServers:
    options, servers = config.dns_resolver_options, _servers(context, config.resolvers)
    if options is None:
        return NameServers(servers)
    return NameServers(servers, options.use_tcp_for_dns_lookups, not options.no_default_search_domain)


def _servers(context: Context, addresses: Sequence[Address]) -> tuple[str, ...]:
    found = []
    for address in addresses:
        socket = address.socket_address
        if socket is None:
            context.error(address, "", expected="a socket_address with an IP address")
            continue
        try:
            ip = ipaddress.ip_address(socket.address)
        except ValueError:
            context.error(socket, "address", found=quoted(socket.address), expected="an IP address")
            continue
        host = f"[{ip}]" if ip.version == 6 else str(ip)
        found.append(f"{host}:{socket.port_value or 53}")
    return tuple(found)
