"""Clusters and endpoints."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import replace

from meshcore.config.envoy.runtime import fraction
from meshcore.config.envoy.schema import endpoint as endpoint_schema
from meshcore.config.envoy.schema.base import RoutingPriority
from meshcore.config.envoy.schema.cluster import Cluster as ClusterSchema
from meshcore.config.envoy.schema.cluster import DiscoveryType, LbPolicy, OutlierDetection, Thresholds
from meshcore.config.envoy.schema.protocol import HttpProtocolOptions, UpstreamHttpOptions
from meshcore.config.envoy.translate.balancing import balancing
from meshcore.config.envoy.translate.concurrency import cluster_concurrency
from meshcore.config.envoy.translate.context import Context
from meshcore.config.envoy.translate.dns import dns_settings, with_discovery_type
from meshcore.config.envoy.translate.health_check import endpoint_health_check, health_check
from meshcore.config.envoy.translate.metadata import lb_metadata
from meshcore.config.envoy.translate.transport import upstream_tls
from meshcore.config.findings import quoted
from meshcore.config.schema import Record, origin_of, path_of
from meshcore.config.tree import join_path
from meshcore.model import (
    CircuitBreakers,
    Cluster,
    Discovery,
    Endpoint,
    Fraction,
    HealthStatus,
    Locality,
    LocalityEndpoints,
)
from meshcore.model import OutlierDetection as OutlierModel

__all__ = ["cluster"]

_MAX_WEIGHT = 2**32 - 1
#: Seconds that a first ejection lasts where nothing is said of it.
_EJECTION_TIME = 30.0
_HTTP_OPTIONS: dict[str, type[Record]] = {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": UpstreamHttpOptions
}


def cluster(
    context: Context,
    source: ClusterSchema,
    assignments: Mapping[str, endpoint_schema.ClusterLoadAssignment],
) -> Cluster:
    """A cluster; ``assignments`` gives the endpoints of EDS clusters by service name."""
    source, by_dns = with_discovery_type(context, source)
    _check_discovery(context, source)
    assignment = source.load_assignment
    if source.type is DiscoveryType.EDS:
        service = source.eds_cluster_config.service_name if source.eds_cluster_config is not None else ""
        assignment = assignments.get(service or source.name, assignment)
        if assignment is None:
            context.warn(source, "type", "no ClusterLoadAssignment among the documents: no endpoints")
    chosen = balancing(context, source)
    options, http2 = _protocol(context, source)
    default, high = _breakers(context, source)
    policy = assignment.policy if assignment is not None else None
    return Cluster(
        name=source.name,
        discovery=Discovery[source.type.name],
        localities=_localities(context, source, assignment),
        dns=dns_settings(context, source, by_dns),
        policy=chosen.policy,
        ring_hash=chosen.ring_hash,
        maglev=chosen.maglev,
        least_request=chosen.least_request,
        peak_ewma=chosen.peak_ewma,
        client_side_weighted=chosen.client_side_weighted,
        slow_start=chosen.slow_start,
        hash_policies=chosen.hash_policies,
        common_lb=chosen.common,
        subsets=chosen.subsets,
        override_headers=chosen.override_headers,
        overprovisioning_factor=policy.overprovisioning_factor if policy is not None else 140,
        weighted_priority_health=policy is not None and policy.weighted_priority_health,
        drop_overload=_drop_overload(context, policy),
        circuit_breakers=default,
        circuit_breakers_high=high,
        outlier_detection=_outlier_detection(context, source.outlier_detection),
        tls=upstream_tls(context, source.transport_socket),
        connect_timeout=source.connect_timeout,
        idle_timeout=options.idle_timeout if options is not None else None,
        max_connection_duration=options.max_connection_duration if options is not None else None,
        max_requests_per_connection=(
            options.max_requests_per_connection
            if options is not None and options.max_requests_per_connection is not None
            else source.max_requests_per_connection
        ),
        http2=http2,
        concurrency=cluster_concurrency(context, source.metadata),
        health_check=health_check(context, source, http2),
        ignore_health_on_host_removal=source.ignore_health_on_host_removal,
        origin=origin_of(source),
    )


def _drop_overload(context: Context, policy: endpoint_schema.LoadAssignmentPolicy | None) -> Fraction:
    if policy is None or not policy.drop_overloads:
        return Fraction(0)
    if len(policy.drop_overloads) > 1:
        found = f"{len(policy.drop_overloads)} categories"
        context.error(policy, "drop_overloads", found=found, expected="one, as Envoy supports no more")
    drop = policy.drop_overloads[0]
    share = fraction(drop.drop_percentage) if drop.drop_percentage is not None else Fraction(0)
    if share.numerator > share.denominator:
        found = f"{share.numerator} of {share.denominator}"
        context.error(drop, "drop_percentage", found=found, expected="a share of 1 or less")
    return share


def _check_discovery(context: Context, source: ClusterSchema) -> None:
    kind = source.type
    groups = source.load_assignment.endpoints if source.load_assignment is not None else []
    if kind is DiscoveryType.EDS and source.eds_cluster_config is None:
        context.error(source, "eds_cluster_config", "missing, but EDS clusters require it")
    if kind is not DiscoveryType.EDS and source.eds_cluster_config is not None:
        context.error(source, "eds_cluster_config", f"does not go with the type {kind.name}")
    if kind is DiscoveryType.LOGICAL_DNS and (len(groups) != 1 or len(groups[0].lb_endpoints) != 1):
        context.error(source, "load_assignment", "LOGICAL_DNS clusters have exactly one endpoint")
    if kind is DiscoveryType.ORIGINAL_DST:
        if source.load_assignment is not None:
            context.error(source, "load_assignment", "ORIGINAL_DST clusters have no endpoints of their own")
        if source.lb_policy is not LbPolicy.CLUSTER_PROVIDED:
            context.error(source, "lb_policy", found=source.lb_policy.name, expected="CLUSTER_PROVIDED")
    elif source.lb_policy is LbPolicy.CLUSTER_PROVIDED:
        context.error(source, "lb_policy", f"CLUSTER_PROVIDED does not go with the type {kind.name}")


def _localities(
    context: Context, source: ClusterSchema, assignment: endpoint_schema.ClusterLoadAssignment | None
) -> tuple[LocalityEndpoints, ...]:
    if assignment is None:
        return ()
    addresses = source.type in (DiscoveryType.STATIC, DiscoveryType.EDS)
    groups = []
    sums: dict[int, int] = {}
    for group in assignment.endpoints:
        if group.load_balancing_weight is not None:
            sums[group.priority] = sums.get(group.priority, 0) + group.load_balancing_weight
            if sums[group.priority] > _MAX_WEIGHT:
                message = f"the weights of the localities of a priority exceed {_MAX_WEIGHT:,}"
                context.error(group, "load_balancing_weight", message)
        place = group.locality
        endpoints = tuple(
            made
            for item in group.lb_endpoints
            if (made := _endpoint(context, item, addresses_only=addresses)) is not None
        )
        if sum(endpoint.weight for endpoint in endpoints) > _MAX_WEIGHT:
            context.error(group, "lb_endpoints", f"the weights of the endpoints exceed {_MAX_WEIGHT:,}")
        groups.append(
            LocalityEndpoints(
                endpoints,
                Locality(place.region, place.zone, place.sub_zone) if place is not None else Locality(),
                group.priority,
                group.load_balancing_weight if place is not None else None,  # Envoy minds no other weight
            )
        )
    return tuple(groups)


def _endpoint(context: Context, item: endpoint_schema.LbEndpoint, *, addresses_only: bool) -> Endpoint | None:
    if item.endpoint is None or item.endpoint.address is None:
        field = "endpoint_name" if item.endpoint_name is not None else "endpoint"
        expected = "an endpoint with an address"
        context.error(item.endpoint or item, "" if item.endpoint else field, expected=expected)
        return None
    address = item.endpoint.address
    health = HealthStatus[item.health_status.name]
    hostname = item.endpoint.hostname
    if address.socket_address is not None:
        host, port = address.socket_address.address, address.socket_address.port_value or 0
        if not addresses_only:
            hostname = hostname or host  # what was looked up, for auto_host_rewrite
        if addresses_only and not _is_ip(host):
            context.error(
                address.socket_address,
                "address",
                found=quoted(host),
                expected="an IP address, or a cluster of type STRICT_DNS or LOGICAL_DNS",
            )
    else:
        assert address.pipe is not None
        host, port = address.pipe.path, 0
    return Endpoint(
        host,
        port,
        hostname=hostname,
        weight=1 if item.load_balancing_weight is None else item.load_balancing_weight,
        health=health,
        metadata=lb_metadata(item.metadata),
        health_check=endpoint_health_check(context, item.endpoint.health_check_config),
        origin=origin_of(item),
    )


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _breakers(
    context: Context, source: ClusterSchema
) -> tuple[CircuitBreakers | None, CircuitBreakers | None]:
    if source.circuit_breakers is None:
        return None, None
    found: dict[RoutingPriority, CircuitBreakers] = {}
    for thresholds in source.circuit_breakers.thresholds:
        # Envoy takes the first of each priority.
        found.setdefault(thresholds.priority, _thresholds(source, thresholds))
    of_hosts: dict[RoutingPriority, int] = {}
    for thresholds in source.circuit_breakers.per_host_thresholds:
        _check_host_thresholds(context, thresholds)
        if thresholds.max_connections is not None:
            of_hosts.setdefault(thresholds.priority, thresholds.max_connections)
    for priority, most in of_hosts.items():
        of_cluster = found.get(priority, CircuitBreakers())
        found[priority] = replace(of_cluster, max_host_connections=most)
    return found.get(RoutingPriority.DEFAULT), found.get(RoutingPriority.HIGH)


def _check_host_thresholds(context: Context, thresholds: Thresholds) -> None:
    for field in ("max_pending_requests", "max_requests", "max_retries", "retry_budget"):
        if getattr(thresholds, field) is not None:
            context.error(thresholds, field, "nothing is limited for each host but its connections")


def _thresholds(source: ClusterSchema, thresholds: Thresholds) -> CircuitBreakers:
    budget = thresholds.retry_budget
    percent = budget.budget_percent if budget is not None else None
    default_percent = 20.0 if budget is not None else None
    return CircuitBreakers(
        max_connections=thresholds.max_connections,
        max_pending_requests=thresholds.max_pending_requests,
        max_requests=thresholds.max_requests,
        max_retries=thresholds.max_retries,
        max_requests_per_connection=source.max_requests_per_connection,
        retry_budget_percent=percent.value if percent is not None else default_percent,
        retry_budget_min_concurrency=budget.min_retry_concurrency if budget is not None else None,
        track_remaining=thresholds.track_remaining,
    )


def _outlier_detection(context: Context, config: OutlierDetection | None) -> OutlierModel | None:
    if config is None:
        return None
    base = _EJECTION_TIME if config.base_ejection_time is None else config.base_ejection_time
    if config.max_ejection_time is not None and config.max_ejection_time < base:
        found = f"{config.max_ejection_time:g}s"
        expected = f"base_ejection_time ({base:g}s) or more"
        context.error(config, "max_ejection_time", found=found, expected=expected)
    names = [name for name in config.__struct_fields__ if not name.startswith("record_")]
    return OutlierModel(**{name: getattr(config, name) for name in names})


def _protocol(context: Context, source: ClusterSchema) -> tuple[HttpProtocolOptions | None, bool]:
    """The options common to HTTP versions, and whether to speak HTTP/2."""
    options, http2 = source.common_http_protocol_options, source.http2_protocol_options is not None
    base = path_of(source, "typed_extension_protocol_options")
    for name, node in source.typed_extension_protocol_options.items():
        _, config = context.decode_typed(node, join_path(base, name), _HTTP_OPTIONS)
        if isinstance(config, UpstreamHttpOptions):
            options = config.common_http_protocol_options or options
            if options is not None and options.max_requests_per_connection is not None:
                old = source.max_requests_per_connection
                if old is not None:
                    message = "set in the options of HTTP already; only one of them may be"
                    context.error(source, "max_requests_per_connection", message)
            explicit = config.explicit_http_config
            http2 = explicit is not None and explicit.http2_protocol_options is not None
            if explicit is None:
                field = "auto_config" if config.auto_config is not None else "use_downstream_protocol_config"
                context.warn(config, field, "has no effect here: HTTP/1.1 is spoken to the endpoints")
    return options, http2
