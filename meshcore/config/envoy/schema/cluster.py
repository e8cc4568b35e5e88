"""Clusters (``envoy.config.cluster.v3``)."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from meshcore.config.envoy.schema.balancing import (
    CommonLbConfig,
    LbSubsetConfig,
    LeastRequestLbConfig,
    LoadBalancingPolicy,
    MaglevLbConfig,
    RingHashLbConfig,
    RoundRobinLbConfig,
)
from meshcore.config.envoy.schema.base import (
    Address,
    Metadata,
    NonEmpty,
    Percent,
    Percentage,
    RoutingPriority,
    TimeSpan,
    TypedExtensionConfig,
)
from meshcore.config.envoy.schema.dns import DnsLookupFamily, DnsResolutionConfig, RefreshRate
from meshcore.config.envoy.schema.endpoint import ClusterLoadAssignment
from meshcore.config.envoy.schema.health_check import HealthCheck
from meshcore.config.envoy.schema.protocol import Http2ProtocolOptions, HttpProtocolOptions
from meshcore.config.envoy.schema.retry import Extension, PositiveDuration
from meshcore.config.scalar_types import Duration, UInt32
from meshcore.config.schema import Meta, OneOf, Record
from meshcore.config.tree import MappingNode

__all__ = ["Cluster", "DiscoveryType", "LbPolicy", "OutlierDetection", "Thresholds"]


class DiscoveryType(Enum):
    STATIC = 0
    STRICT_DNS = 1
    LOGICAL_DNS = 2
    EDS = 3
    ORIGINAL_DST = 4


class LbPolicy(Enum):
    ROUND_ROBIN = 0
    LEAST_REQUEST = 1
    RING_HASH = 2
    RANDOM = 3
    MAGLEV = 5
    CLUSTER_PROVIDED = 6
    LOAD_BALANCING_POLICY_CONFIG = 7


class EdsClusterConfig(Record):
    """Where endpoints are asked for: we take them from the given ClusterLoadAssignments."""

    __ignored__ = frozenset({"eds_config"})

    service_name: str = ""


class RetryBudget(Record):
    budget_percent: Percent | None = None
    min_retry_concurrency: UInt32 | None = None


class Thresholds(Record):
    __noted__ = {"max_connection_pools": "connections are the proxy's affair"}

    priority: RoutingPriority = RoutingPriority.DEFAULT
    max_connections: UInt32 | None = None
    max_pending_requests: UInt32 | None = None
    max_requests: UInt32 | None = None
    max_retries: UInt32 | None = None
    retry_budget: RetryBudget | None = None
    track_remaining: bool = False


class CircuitBreakers(Record):
    thresholds: list[Thresholds] = []
    per_host_thresholds: list[Thresholds] = []


class OutlierDetection(Record):
    __unsupported__ = {"monitors": ""}

    consecutive_5xx: UInt32 | None = None
    interval: PositiveDuration | None = None
    base_ejection_time: PositiveDuration | None = None
    max_ejection_time: PositiveDuration | None = None
    max_ejection_time_jitter: TimeSpan | None = None
    max_ejection_percent: Percentage | None = None
    enforcing_consecutive_5xx: Percentage | None = None
    enforcing_success_rate: Percentage | None = None
    success_rate_minimum_hosts: UInt32 | None = None
    success_rate_request_volume: UInt32 | None = None
    success_rate_stdev_factor: UInt32 | None = None
    consecutive_gateway_failure: UInt32 | None = None
    enforcing_consecutive_gateway_failure: Percentage | None = None
    split_external_local_origin_errors: bool = False
    consecutive_local_origin_failure: UInt32 | None = None
    enforcing_consecutive_local_origin_failure: Percentage | None = None
    enforcing_local_origin_success_rate: Percentage | None = None
    failure_percentage_threshold: Percentage | None = None
    enforcing_failure_percentage: Percentage | None = None
    enforcing_failure_percentage_local_origin: Percentage | None = None
    failure_percentage_minimum_hosts: UInt32 | None = None
    failure_percentage_request_volume: UInt32 | None = None
    successful_active_health_check_uneject_host: bool | None = None
    always_eject_one_host: bool | None = None


_CONNECTIONS = "connections are the proxy's affair"


class Cluster(Record):
    __oneofs__ = (
        OneOf("cluster_discovery_type", ("type", "cluster_type")),
        OneOf(
            "lb_config",
            (
                "ring_hash_lb_config",
                "maglev_lb_config",
                "least_request_lb_config",
                "round_robin_lb_config",
            ),
        ),
    )
    __unsupported__ = {
        "original_dst_lb_config": "",
        "transport_socket_matches": "",
        "transport_socket_matcher": "",
        "filters": "",
        "upstream_config": "",
        "upstream_bind_config": "",
    }
    __noted__ = {
        "preconnect_policy": _CONNECTIONS,
        "upstream_connection_options": _CONNECTIONS,
        "upstream_http_protocol_options": _CONNECTIONS,
        "http_protocol_options": _CONNECTIONS,
        "protocol_selection": _CONNECTIONS,
        "connection_pool_per_downstream_connection": _CONNECTIONS,
        "close_connections_on_host_health_failure": _CONNECTIONS,
        "lrs_server": "no load is reported",
        "lrs_report_endpoint_metrics": "no load is reported",
    }
    __ignored__ = frozenset(
        {
            "alt_stat_name",
            "per_connection_buffer_limit_bytes",
            "track_timeout_budgets",
            "track_cluster_stats",
        }
    )

    name: NonEmpty
    type: DiscoveryType = DiscoveryType.STATIC
    cluster_type: Extension | None = None
    eds_cluster_config: EdsClusterConfig | None = None
    connect_timeout: PositiveDuration | None = None
    lb_policy: LbPolicy = LbPolicy.ROUND_ROBIN
    load_assignment: ClusterLoadAssignment | None = None
    health_checks: list[HealthCheck] = []
    ignore_health_on_host_removal: bool = False
    max_requests_per_connection: UInt32 | None = None
    circuit_breakers: CircuitBreakers | None = None
    common_http_protocol_options: HttpProtocolOptions | None = None
    http2_protocol_options: Http2ProtocolOptions | None = None
    typed_extension_protocol_options: dict[str, MappingNode] = {}
    dns_refresh_rate: Annotated[Duration, Meta(gt=0.001)] | None = None
    dns_failure_refresh_rate: RefreshRate | None = None
    dns_jitter: TimeSpan | None = None
    dns_lookup_family: DnsLookupFamily | None = None
    dns_resolution_config: DnsResolutionConfig | None = None
    dns_resolvers: list[Address] = []
    respect_dns_ttl: bool = False
    typed_dns_resolver_config: TypedExtensionConfig | None = None
    use_tcp_for_dns_lookups: bool = False
    wait_for_warm_on_init: bool = True
    outlier_detection: OutlierDetection | None = None
    cleanup_interval: PositiveDuration | None = None
    lb_subset_config: LbSubsetConfig | None = None
    ring_hash_lb_config: RingHashLbConfig | None = None
    maglev_lb_config: MaglevLbConfig | None = None
    least_request_lb_config: LeastRequestLbConfig | None = None
    round_robin_lb_config: RoundRobinLbConfig | None = None
    common_lb_config: CommonLbConfig | None = None
    transport_socket: Extension | None = None
    load_balancing_policy: LoadBalancingPolicy | None = None
    metadata: Metadata | None = None
