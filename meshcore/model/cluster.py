"""Clusters and their endpoints (Envoy v3 ``Cluster`` and ``ClusterLoadAssignment``).

Durations are seconds as floats; ``None`` means that the document said nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import field
from enum import Enum

from meshcore.model._dataclass import dataclass
from meshcore.model.balancing import (
    ClientSideWeighted,
    LeastRequest,
    Maglev,
    PeakEwma,
    Policy,
    RingHash,
    SlowStart,
)
from meshcore.model.concurrency import ConcurrencyController
from meshcore.model.dns import DnsSettings
from meshcore.model.health_check import EndpointHealthCheck, HealthCheck
from meshcore.model.matching import Fraction
from meshcore.model.origin import Origin
from meshcore.model.outlier import OutlierDetection
from meshcore.model.policy import HashPolicy

__all__ = [
    "CircuitBreakers",
    "Cluster",
    "CommonLbConfig",
    "Discovery",
    "Endpoint",
    "HealthStatus",
    "Locality",
    "LocalityEndpoints",
    "PeerLocality",
    "Peers",
    "SubsetConfig",
    "SubsetSelector",
    "UpstreamTls",
]


class Discovery(Enum):
    """Where endpoints come from."""

    STATIC = "STATIC"
    STRICT_DNS = "STRICT_DNS"
    LOGICAL_DNS = "LOGICAL_DNS"
    ORIGINAL_DST = "ORIGINAL_DST"
    EDS = "EDS"


class HealthStatus(Enum):
    UNKNOWN = "UNKNOWN"
    HEALTHY = "HEALTHY"
    UNHEALTHY = "UNHEALTHY"
    DRAINING = "DRAINING"
    TIMEOUT = "TIMEOUT"
    DEGRADED = "DEGRADED"


def _shortened(address: str) -> str:
    """An IPv6 address in its one short form, which hashes and sessions go by; what is none stays as it is."""
    try:
        return socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, address))
    except (OSError, ValueError):
        return address


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One host. ``address`` is an IP, a DNS name or a unix path (then ``port`` is 0)."""

    address: str
    port: int
    hostname: str = ""
    weight: int = 1
    health: HealthStatus = HealthStatus.UNKNOWN
    metadata: tuple[tuple[str, object], ...] = ()  #: labels, Envoy's ``envoy.lb``
    health_check: EndpointHealthCheck | None = None  #: None: checked where its traffic goes
    #: Where connections go while the name resolves to it (LOGICAL_DNS): the endpoint itself stays the name.
    current_address: str = ""
    origin: Origin | None = field(default=None, compare=False)

    @property
    def authority(self) -> str:
        """``address:port`` as the engine names the endpoint; IPv6 in brackets and in its short form."""
        if not self.port:
            return self.address
        host = f"[{_shortened(self.address)}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"

    @property
    def is_name(self) -> bool:
        """Whether the address is a DNS name."""
        if not self.port:
            return False
        try:
            ipaddress.ip_address(self.address)
        except ValueError:
            return True
        return False


@dataclass(frozen=True, slots=True)
class Locality:
    region: str = ""
    zone: str = ""
    sub_zone: str = ""


@dataclass(frozen=True, slots=True)
class LocalityEndpoints:
    """The endpoints of one locality at one priority (0 is the highest). ``weight`` None: not given."""

    endpoints: tuple[Endpoint, ...]
    locality: Locality = Locality()
    priority: int = 0
    weight: int | None = None


@dataclass(frozen=True, slots=True)
class PeerLocality:
    """Hosts of the cluster that the engine's own host is one of, in one locality."""

    locality: Locality
    hosts: int
    healthy: int
    healthy_weight: int


@dataclass(frozen=True, slots=True)
class Peers:
    """Where the engine is and where the others of its kind are (Envoy's ``local_cluster_name``): what zone
    aware routing goes by. ``hosts``: those that are not draining; ``usable``: healthy or degraded."""

    own: Locality
    localities: tuple[PeerLocality, ...]
    hosts: int
    usable: int


@dataclass(frozen=True, slots=True)
class CommonLbConfig:
    healthy_panic_threshold: float | None = None
    fail_traffic_on_panic: bool = False
    locality_weighted: bool = False
    #: A locality weighs as much as its endpoints together, and so it does when they change (Istio).
    locality_weights_follow: bool = False
    zone_aware_routing_percent: float | None = None
    zone_aware_min_cluster_size: int | None = None
    zone_aware_by_weight: bool = False  #: hosts count by their weights
    #: Nothing leaves the own locality while it has so many healthy hosts; None: what is fair does.
    force_local_zone_min_size: int | None = None
    use_hostname_for_hashing: bool = False
    hash_balance_factor: int | None = None
    update_merge_window: float | None = None
    close_connections_on_host_set_change: bool = False
    ignore_new_hosts_until_first_hc: bool = False  #: hosts count nowhere until their first check has ended
    #: What an endpoint may be for sessions to stay with it.
    override_host_status: tuple[HealthStatus, ...] = (
        HealthStatus.UNKNOWN,
        HealthStatus.HEALTHY,
        HealthStatus.DEGRADED,
    )


@dataclass(frozen=True, slots=True)
class SubsetSelector:
    keys: tuple[str, ...]
    fallback_policy: str = "NOT_DEFINED"
    fallback_keys: tuple[str, ...] = ()
    single_host_per_subset: bool = False


@dataclass(frozen=True, slots=True)
class SubsetConfig:
    selectors: tuple[SubsetSelector, ...] = ()
    fallback_policy: str = "NO_FALLBACK"
    default_subset: tuple[tuple[str, object], ...] = ()
    locality_weight_aware: bool = False
    scale_locality_weight: bool = False
    panic_mode_any: bool = False
    list_as_any: bool = False
    allow_redundant_keys: bool = False
    metadata_fallback_policy: str = "METADATA_NO_FALLBACK"


@dataclass(frozen=True, slots=True)
class CircuitBreakers:
    """Thresholds of one priority; ``None``: the document said nothing (Envoy: 1024, retries 3).

    A retry budget (either of its fields) takes the place of ``max_retries``. ``max_host_connections``: of
    each endpoint (Envoy's ``per_host_thresholds``; None: any number).
    """

    max_connections: int | None = None
    max_pending_requests: int | None = None
    max_requests: int | None = None
    max_retries: int | None = None
    max_requests_per_connection: int | None = None
    retry_budget_percent: float | None = None
    retry_budget_min_concurrency: int | None = None
    track_remaining: bool = False
    max_host_connections: int | None = None


@dataclass(frozen=True, slots=True)
class UpstreamTls:
    """How to speak to the endpoints. ``mode`` is Istio's name (DISABLE, SIMPLE, MUTUAL, ISTIO_MUTUAL)."""

    mode: str
    sni: str = ""
    subject_alt_names: tuple[str, ...] = ()
    ca_certificates: str = ""
    client_certificate: str = ""
    private_key: str = ""
    credential_name: str = ""
    insecure_skip_verify: bool = False


@dataclass(frozen=True, slots=True)
class Cluster:
    """A named group of endpoints and how to choose among them."""

    name: str
    discovery: Discovery = Discovery.STATIC
    localities: tuple[LocalityEndpoints, ...] = ()
    dns: DnsSettings = DnsSettings()  #: of STRICT_DNS and LOGICAL_DNS
    policy: Policy = Policy.ROUND_ROBIN
    ring_hash: RingHash | None = None
    maglev: Maglev | None = None
    least_request: LeastRequest | None = None
    peak_ewma: PeakEwma | None = None
    client_side_weighted: ClientSideWeighted | None = None
    slow_start: SlowStart | None = None
    #: What a policy that hashes goes by in place of what the route says; None: the route's count.
    hash_policies: tuple[HashPolicy, ...] | None = None
    common_lb: CommonLbConfig = CommonLbConfig()
    peers: Peers | None = None  #: None: nothing is routed by zone
    subsets: SubsetConfig | None = None
    #: Request headers (lower-case) with lists of addresses, which come before what the policy would choose.
    override_headers: tuple[str, ...] = ()
    overprovisioning_factor: int = 140
    weighted_priority_health: bool = False  #: endpoints count by their weights for what a priority can take
    drop_overload: Fraction = Fraction(0)  #: requests that are answered with 503 before an endpoint is chosen
    circuit_breakers: CircuitBreakers | None = None
    circuit_breakers_high: CircuitBreakers | None = None
    outlier_detection: OutlierDetection | None = None
    concurrency: ConcurrencyController | None = None  #: None: what is under way is limited by breakers alone
    tls: UpstreamTls | None = None
    connect_timeout: float | None = None
    idle_timeout: float | None = None
    max_connection_duration: float | None = None
    max_requests_per_connection: int | None = None
    http2: bool = False
    health_check: HealthCheck | None = None
    #: Endpoints leave when they are no longer named, even while their checks succeed.
    ignore_health_on_host_removal: bool = False
    origin: Origin | None = field(default=None, compare=False)

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """All endpoints, localities one after another."""
        return tuple(endpoint for group in self.localities for endpoint in group.endpoints)

    @property
    def by_dns(self) -> bool:
        """Whether endpoints have names that are to be looked up."""
        return self.discovery in (Discovery.STRICT_DNS, Discovery.LOGICAL_DNS) and any(
            endpoint.is_name for endpoint in self.endpoints
        )
