"""Virtual hosts and route configurations."""

from __future__ import annotations

from collections.abc import Sequence

from meshcore.config.envoy.schema import route as schema
from meshcore.config.envoy.translate.context import Context
from meshcore.config.envoy.translate.descriptors import outer_rate_limits
from meshcore.config.envoy.translate.filters import per_route_filters
from meshcore.config.envoy.translate.headers import edits
from meshcore.config.envoy.translate.matching import header_matches
from meshcore.config.envoy.translate.policies import (
    buffer_limit,
    cors_field,
    hedge_policy,
    mirrors,
    retry_policy,
)
from meshcore.config.envoy.translate.route import route
from meshcore.config.envoy.translate.sticky import refuse_sticky
from meshcore.config.findings import quoted
from meshcore.config.schema import node_of, origin_of, path_of
from meshcore.config.tree import SequenceNode
from meshcore.model import RequireTls, RouteConfiguration, VirtualCluster, VirtualHost

__all__ = ["route_configuration"]


def route_configuration(context: Context, source: schema.RouteConfiguration) -> RouteConfiguration:
    _check_domains(context, source.virtual_hosts)
    refuse_sticky(context, source.metadata, "put it into the metadata of each")
    return RouteConfiguration(
        name=source.name,
        virtual_hosts=tuple(_virtual_host(context, host, source) for host in source.virtual_hosts),
        edits=edits(context, source),
        vhost_header=source.vhost_header.lower(),
        ignore_port_in_host_matching=source.ignore_port_in_host_matching,
        internal_only_headers=tuple(name.lower() for name in source.internal_only_headers),
        most_specific_header_mutations_wins=source.most_specific_header_mutations_wins,
        mirrors=mirrors(context, source, source.request_mirror_policies),
        max_direct_response_body_size=source.max_direct_response_body_size_bytes,
        typed_per_filter_config=per_route_filters(context, source, source.typed_per_filter_config),
        origin=origin_of(source),
    )


def _virtual_host(
    context: Context, source: schema.VirtualHost, table: schema.RouteConfiguration
) -> VirtualHost:
    refuse_sticky(context, source.metadata, "put it into the metadata of each")
    return VirtualHost(
        name=source.name,
        domains=tuple(source.domains),
        routes=tuple(route(context, item, table) for item in source.routes),
        require_tls=RequireTls[source.require_tls.name],
        edits=edits(context, source),
        retry_policy=retry_policy(context, source.retry_policy),
        hedge_policy=hedge_policy(source.hedge_policy),
        cors=cors_field(context, source, source.cors),
        rate_limits=outer_rate_limits(context, source),
        mirrors=mirrors(context, source, source.request_mirror_policies),
        virtual_clusters=tuple(
            VirtualCluster(item.name, header_matches(context, item.headers))
            for item in source.virtual_clusters
        ),
        request_buffer_limit=buffer_limit(source),
        include_request_attempt_count=source.include_request_attempt_count,
        include_attempt_count_in_response=source.include_attempt_count_in_response,
        include_is_timeout_retry_header=source.include_is_timeout_retry_header,
        typed_per_filter_config=per_route_filters(context, source, source.typed_per_filter_config),
        origin=origin_of(source),
        require_tls_origin=origin_of(source, "require_tls"),
    )


def _check_domains(context: Context, hosts: Sequence[schema.VirtualHost]) -> None:
    """A domain belongs to one virtual host only; case does not tell domains apart."""
    owners: dict[str, str] = {}
    for host in hosts:
        node = node_of(host, "domains")
        for index, domain in enumerate(host.domains):
            owner = owners.get(domain.lower())
            if owner is None:
                owners[domain.lower()] = host.name
                continue
            where = node.items[index] if isinstance(node, SequenceNode) else node
            context.findings.error(
                where,
                f"{path_of(host, 'domains')}[{index}]",
                f"the domain {quoted(domain)} belongs to the virtual host {quoted(owner)} already",
            )
