"""``DestinationRule``: the fields of the networking API, version v1."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, ClassVar

from msgspec import Meta, field

from meshcore.config.balancing import limits
from meshcore.config.istio.schema.common import PortNumber, Selector
from meshcore.config.scalar_types import GoDuration, Int32, Number, UInt32, UInt64
from meshcore.config.schema import OneOf, Partial, Record
from meshcore.model import SlowStart

__all__ = [
    "BackendUtilization",
    "ClientTLS",
    "ConnectionPool",
    "ConsistentHash",
    "Cookie",
    "DestinationRule",
    "Distribute",
    "Failover",
    "H2UpgradePolicy",
    "HTTPPool",
    "LoadBalancer",
    "LocalityLb",
    "Maglev",
    "OutlierDetection",
    "PortPolicy",
    "ProxyProtocol",
    "RetryBudget",
    "RingHash",
    "Simple",
    "Subset",
    "TCPPool",
    "TLSMode",
    "TrafficPolicy",
    "Tunnel",
    "Warmup",
    "ZoneAwareLb",
]


class Simple(Enum):
    UNSPECIFIED = 0
    LEAST_CONN = 1
    RANDOM = 2
    PASSTHROUGH = 3
    ROUND_ROBIN = 4
    LEAST_REQUEST = 5


class CookieAttribute(Record):
    name: str = ""
    value: str = ""


class Cookie(Record):
    name: str = ""
    path: str = ""
    ttl: GoDuration | None = None
    attributes: list[CookieAttribute] = []


class RingHash(Record):
    minimum_ring_size: UInt64 = 0


class Maglev(Record):
    table_size: UInt64 = 0


class ConsistentHash(Record):
    __oneofs__: ClassVar[tuple[OneOf, ...]] = (
        OneOf("hash_key", ("http_header_name", "http_cookie", "use_source_ip", "http_query_parameter_name")),
        OneOf("hash_algorithm", ("ring_hash", "maglev")),
    )

    http_header_name: str | None = None
    http_cookie: Cookie | None = None
    use_source_ip: bool | None = None
    http_query_parameter_name: str | None = None
    ring_hash: RingHash | None = None
    maglev: Maglev | None = None
    minimum_ring_size: UInt64 = 0


class Distribute(Record):
    from_: str = field(default="", name="from")
    to: dict[str, UInt32] = {}


class Failover(Record):
    from_: str = field(default="", name="from")
    to: str = ""


class LocalityLb(Record):
    distribute: list[Distribute] = []
    failover: list[Failover] = []
    failover_priority: list[str] = []
    enabled: bool | None = None


class ZoneAwareLb(Record):
    enabled: bool | None = None
    failover: list[Failover] = []
    failover_priority: list[str] = []
    min_cluster_size: Annotated[UInt64, Meta(ge=1)] | None = None


class Warmup(Record):
    duration: GoDuration
    minimum_percent: Annotated[Number, limits(SlowStart, "min_weight_percent")] | None = None
    aggression: Annotated[Number, limits(SlowStart, "aggression")] | None = None


class BackendUtilization(Record):
    """Weights that endpoints report themselves (ORCA)."""

    metric_names_for_computing_utilization: list[str] = []
    error_utilization_penalty_percent: UInt32 | None = None
    weight_expiration_period: GoDuration | None = None
    weight_stabilization_period: GoDuration | None = None
    weight_update_period: GoDuration | None = None


class LoadBalancer(Record):
    __oneofs__: ClassVar[tuple[OneOf, ...]] = (
        OneOf("lb_policy", ("simple", "consistent_hash", "backend_utilization")),
    )

    simple: Simple | None = None
    consistent_hash: ConsistentHash | None = None
    backend_utilization: BackendUtilization | None = None
    locality_lb_setting: LocalityLb | None = None
    zone_aware_lb_setting: ZoneAwareLb | None = None
    warmup_duration_secs: GoDuration | None = None
    warmup: Warmup | None = None


class TCPKeepalive(Record):
    probes: UInt32 = 0
    time: GoDuration | None = None
    interval: GoDuration | None = None


class TCPPool(Record):
    max_connections: Int32 = 0
    connect_timeout: GoDuration | None = None
    tcp_keepalive: TCPKeepalive | None = None
    max_connection_duration: GoDuration | None = None
    idle_timeout: GoDuration | None = None


class H2UpgradePolicy(Enum):
    DEFAULT = 0
    DO_NOT_UPGRADE = 1
    UPGRADE = 2


class HTTP2KeepAlive(Record):
    interval: GoDuration | None = None
    timeout: GoDuration | None = None


class HTTPPool(Record):
    http1_max_pending_requests: Int32 = 0
    http2_max_requests: Int32 = 0
    max_requests_per_connection: Int32 = 0
    max_retries: Int32 = 0
    idle_timeout: GoDuration | None = None
    h2_upgrade_policy: H2UpgradePolicy = H2UpgradePolicy.DEFAULT
    use_client_protocol: bool = False
    max_concurrent_streams: Int32 = 0
    http2_keep_alive: HTTP2KeepAlive | None = None


class ConnectionPool(Record):
    tcp: TCPPool | None = None
    http: HTTPPool | None = None


class OutlierDetection(Record):
    consecutive_errors: Int32 = 0
    split_external_local_origin_errors: bool = False
    consecutive_local_origin_failures: UInt32 | None = None
    consecutive_gateway_errors: UInt32 | None = None
    consecutive5xx_errors: UInt32 | None = None
    interval: GoDuration | None = None
    base_ejection_time: GoDuration | None = None
    max_ejection_percent: Int32 = 0
    min_health_percent: Int32 = 0
    outlier_detection_http_error_codes: list[Annotated[int, Meta(ge=100, le=599)]] = []


class TLSMode(Enum):
    DISABLE = 0
    SIMPLE = 1
    MUTUAL = 2
    ISTIO_MUTUAL = 3


class ClientTLS(Record):
    mode: TLSMode = TLSMode.DISABLE
    client_certificate: str = ""
    private_key: str = ""
    ca_certificates: str = ""
    credential_name: str = ""
    subject_alt_names: list[str] = []
    sni: str = ""
    insecure_skip_verify: bool | None = None
    ca_crl: str = ""


class Tunnel(Record):
    protocol: str = ""
    target_host: str = ""
    target_port: UInt32 = 0


class ProxyProtocolVersion(Enum):
    V1 = 0
    V2 = 1


class ProxyProtocol(Record):
    version: ProxyProtocolVersion = ProxyProtocolVersion.V1


class RetryBudget(Record):
    percent: Annotated[Number, Meta(ge=0, le=100)] | None = None
    min_retry_concurrency: UInt32 = 0
    budget_interval: GoDuration | None = None


class PortPolicy(Record):
    port: PortNumber | None = None
    load_balancer: LoadBalancer | None = None
    connection_pool: ConnectionPool | None = None
    outlier_detection: OutlierDetection | None = None
    tls: ClientTLS | None = None


class TrafficPolicy(Record):
    load_balancer: LoadBalancer | None = None
    connection_pool: ConnectionPool | None = None
    outlier_detection: OutlierDetection | None = None
    tls: ClientTLS | None = None
    port_level_settings: Annotated[list[PortPolicy], Meta(max_length=4096)] = []
    tunnel: Tunnel | None = None
    proxy_protocol: ProxyProtocol | None = None
    retry_budget: RetryBudget | None = None


class Subset(Record):
    name: str = ""
    labels: dict[str, str] = {}
    traffic_policy: TrafficPolicy | None = None


class DestinationRule(Record):
    host: str = ""
    traffic_policy: TrafficPolicy | None = None
    subsets: Annotated[list[Subset], Partial] = []
    export_to: list[str] = []
    workload_selector: Selector | None = None
