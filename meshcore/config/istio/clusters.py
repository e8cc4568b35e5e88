"""Clusters: a service's port, or a subset of it, with the policy that a DestinationRule gives it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from meshcore.config.ejection import DEFAULT_PERCENT
from meshcore.config.istio import locality
from meshcore.config.istio.mesh import Mesh
from meshcore.config.istio.names import is_address
from meshcore.config.istio.registry import Protocol, Resolution, Service, ServicePort, Workload
from meshcore.config.istio.resources import same_labels
from meshcore.config.istio.rules import Policy
from meshcore.config.istio.schema.destination_rule import (
    BackendUtilization,
    ConnectionPool,
    ConsistentHash,
    H2UpgradePolicy,
    LoadBalancer,
    OutlierDetection,
    RetryBudget,
    Simple,
)
from meshcore.model import (
    CircuitBreakers,
    ClientSideWeighted,
    Cluster,
    CommonLbConfig,
    Discovery,
    DnsSettings,
    Endpoint,
    LocalityEndpoints,
    LookupFamily,
    Maglev,
    Origin,
    RingHash,
    SlowStart,
    UpstreamTls,
)
from meshcore.model import OutlierDetection as Outlier
from meshcore.model import Policy as Balancing

__all__ = ["PASSTHROUGH", "build_cluster", "cluster_name", "passthrough_cluster"]

#: Where requests go whose host the mesh does not know.
PASSTHROUGH = "PassthroughCluster"
#: What stands for "no limit".
UNLIMITED = 2**32 - 1
#: Seconds that lookups are spread by (PILOT_DNS_JITTER_DURATION).
_DNS_JITTER = 0.1
DISCOVERY = {
    Resolution.STATIC: Discovery.STATIC,
    Resolution.DNS: Discovery.STRICT_DNS,
    Resolution.DNS_ROUND_ROBIN: Discovery.LOGICAL_DNS,
    Resolution.NONE: Discovery.ORIGINAL_DST,
    Resolution.DYNAMIC_DNS: Discovery.STRICT_DNS,
}


def cluster_name(port: int, subset: str, host: str) -> str:
    return f"outbound|{port}|{subset}|{host}"


def passthrough_cluster(mesh: Mesh) -> Cluster:
    return Cluster(
        PASSTHROUGH,
        Discovery.ORIGINAL_DST,
        policy=Balancing.CLUSTER_PROVIDED,
        connect_timeout=mesh.connect_timeout,
        circuit_breakers=_breakers(mesh.connection_pool, None),
    )


def build_cluster(
    service: Service,
    port: ServicePort,
    policy: Policy,
    client_labels: Mapping[str, str],
    mesh: Mesh,
    *,
    subset: str = "",
    labels: Mapping[str, str] | None = None,
    origin: Origin | None = None,
) -> Cluster:
    """The cluster of one port of a service; with ``labels``, of the workloads that carry them."""
    balancer, pool = policy.load_balancer, policy.connection_pool or mesh.connection_pool
    outlier = policy.outlier_detection or mesh.outlier_detection
    discovery = DISCOVERY[service.resolution]
    if balancer is not None and balancer.simple is Simple.PASSTHROUGH:
        discovery = Discovery.ORIGINAL_DST
    localities: tuple[LocalityEndpoints, ...] = ()
    weighted = follow = False
    if discovery is not Discovery.ORIGINAL_DST:
        localities, weighted, follow = locality.arrange(
            _placed(service, port, dict(labels or {})),
            locality.setting_of(balancer, service.distribution, mesh.locality),
            client_labels,
            failover=outlier is not None,
        )
    balancing = _balancing(balancer, discovery)
    tcp, http = (pool.tcp, pool.http) if pool else (None, None)
    idle = http.idle_timeout if http and http.idle_timeout is not None else tcp.idle_timeout if tcp else None
    connect = tcp.connect_timeout if tcp else None
    upgrade = http.h2_upgrade_policy if http else H2UpgradePolicy.DEFAULT
    return Cluster(
        name=cluster_name(port.number, subset, service.host),
        discovery=discovery,
        localities=localities,
        dns=_dns(discovery, mesh),
        policy=balancing.policy,
        ring_hash=balancing.ring_hash,
        maglev=balancing.maglev,
        client_side_weighted=balancing.client_side_weighted,
        slow_start=balancing.slow_start,
        common_lb=CommonLbConfig(
            healthy_panic_threshold=float(outlier.min_health_percent) if outlier else None,
            locality_weighted=weighted,
            locality_weights_follow=follow,
        ),
        circuit_breakers=_breakers(pool, policy.retry_budget),
        outlier_detection=_outlier(outlier) if outlier else None,
        health_check=policy.health_check,
        concurrency=policy.concurrency,
        tls=_tls(policy),
        connect_timeout=mesh.connect_timeout if connect is None else connect,
        idle_timeout=idle,
        max_connection_duration=tcp.max_connection_duration if tcp else None,
        max_requests_per_connection=(http.max_requests_per_connection or None) if http else None,
        http2=port.protocol.is_http2 or _upgraded(port, upgrade, mesh),
        origin=origin or service.origin,
    )


def _dns(discovery: Discovery, mesh: Mesh) -> DnsSettings:
    """As istiod asks for it on a machine with IPv4."""
    if discovery not in (Discovery.STRICT_DNS, Discovery.LOGICAL_DNS):
        return DnsSettings()
    return DnsSettings(LookupFamily.V4_ONLY, mesh.dns_refresh_rate, jitter=_DNS_JITTER, respect_ttl=True)


def _upgraded(port: ServicePort, policy: H2UpgradePolicy, mesh: Mesh) -> bool:
    """A rule's wish counts on any port, the mesh's on those that are known to speak HTTP."""
    if policy is H2UpgradePolicy.DEFAULT:
        return mesh.upgrade_to_http2 and port.protocol is Protocol.HTTP
    return policy is H2UpgradePolicy.UPGRADE


def _placed(service: Service, port: ServicePort, labels: dict[str, str]) -> list[locality.Placed]:
    placed = []
    for workload in service.workloads:
        number = workload.port_for(port)
        if number is not None and same_labels(labels, workload.labels):
            placed.append((workload.locality, _endpoint(workload, number)))
    return placed


def _endpoint(workload: Workload, port: int) -> Endpoint:
    address = workload.address
    unix = address.startswith(("/", "@"))
    return Endpoint(
        address=address,
        port=0 if unix else port,
        hostname="" if unix or is_address(address) else address,
        weight=workload.weight,
        metadata=tuple(sorted(workload.labels.items())),
        origin=workload.origin,
    )


class _Balancing(NamedTuple):
    policy: Balancing
    ring_hash: RingHash | None = None
    maglev: Maglev | None = None
    client_side_weighted: ClientSideWeighted | None = None
    slow_start: SlowStart | None = None


def _balancing(balancer: LoadBalancer | None, discovery: Discovery) -> _Balancing:
    if discovery is Discovery.ORIGINAL_DST:
        return _Balancing(Balancing.CLUSTER_PROVIDED)
    if balancer is None:
        return _Balancing(Balancing.LEAST_REQUEST)
    if balancer.consistent_hash is not None:
        return _hashing(balancer.consistent_hash)
    if balancer.backend_utilization is not None:
        return _Balancing(
            Balancing.CLIENT_SIDE_WEIGHTED_ROUND_ROBIN,
            client_side_weighted=_by_utilization(balancer.backend_utilization),
            slow_start=_slow_start(balancer),
        )
    if balancer.simple is Simple.RANDOM:
        return _Balancing(Balancing.RANDOM)
    robin = balancer.simple is Simple.ROUND_ROBIN
    policy = Balancing.ROUND_ROBIN if robin else Balancing.LEAST_REQUEST
    return _Balancing(policy, slow_start=_slow_start(balancer))


def _hashing(hashing: ConsistentHash) -> _Balancing:
    if hashing.maglev is not None:
        return _Balancing(Balancing.MAGLEV, maglev=Maglev(hashing.maglev.table_size or 65537))
    ring = hashing.ring_hash
    size = (ring.minimum_ring_size if ring else hashing.minimum_ring_size) or 1024
    return _Balancing(Balancing.RING_HASH, ring_hash=RingHash(minimum_ring_size=size))


def _by_utilization(given: BackendUtilization) -> ClientSideWeighted:
    default = ClientSideWeighted()
    blackout, update = given.weight_stabilization_period, given.weight_update_period
    expiration, penalty = given.weight_expiration_period, given.error_utilization_penalty_percent
    return ClientSideWeighted(
        default.blackout_period if blackout is None else blackout,
        default.weight_expiration_period if expiration is None else expiration,
        default.weight_update_period if update is None else update,
        default.error_utilization_penalty if penalty is None else penalty / 100,
        tuple(given.metric_names_for_computing_utilization),
    )


def _slow_start(balancer: LoadBalancer) -> SlowStart | None:
    warmup = balancer.warmup
    if warmup is not None:
        default, aggression, percent = SlowStart(), warmup.aggression, warmup.minimum_percent
        return SlowStart(
            warmup.duration,
            default.aggression if aggression is None else aggression,
            default.min_weight_percent if percent is None else percent,
        )
    if balancer.warmup_duration_secs is not None:
        return SlowStart(balancer.warmup_duration_secs)
    return None


def _breakers(pool: ConnectionPool | None, budget: RetryBudget | None) -> CircuitBreakers:
    """Zero means "not set" in Istio, and what is not set has no limit."""
    tcp, http = (pool.tcp, pool.http) if pool else (None, None)
    return CircuitBreakers(
        max_connections=(tcp.max_connections if tcp else 0) or UNLIMITED,
        max_pending_requests=(http.http1_max_pending_requests if http else 0) or UNLIMITED,
        max_requests=(http.http2_max_requests if http else 0) or UNLIMITED,
        max_retries=(http.max_retries if http else 0) or UNLIMITED,
        retry_budget_percent=None if budget is None else 20.0 if budget.percent is None else budget.percent,
        retry_budget_min_concurrency=None if budget is None else budget.min_retry_concurrency or 3,
        track_remaining=True,
    )


def _outlier(outlier: OutlierDetection) -> Outlier:
    """Istio's defaults are written out; detection by success rate is always off."""
    five, gateway = outlier.consecutive5xx_errors, outlier.consecutive_gateway_errors
    split = outlier.split_external_local_origin_errors
    local = outlier.consecutive_local_origin_failures or 5
    return Outlier(
        consecutive_5xx=5 if five is None else five,
        enforcing_consecutive_5xx=0 if five == 0 else 100,
        consecutive_gateway_failure=gateway,
        enforcing_consecutive_gateway_failure=100 if gateway else 0,
        interval=10.0 if outlier.interval is None else outlier.interval,
        base_ejection_time=30.0 if outlier.base_ejection_time is None else outlier.base_ejection_time,
        max_ejection_percent=outlier.max_ejection_percent or DEFAULT_PERCENT,
        enforcing_success_rate=0,
        split_external_local_origin_errors=split,
        consecutive_local_origin_failure=local if split else None,
        enforcing_consecutive_local_origin_failure=100 if split else None,
        enforcing_local_origin_success_rate=0 if split else None,
        http_error_codes=tuple((code, code + 1) for code in outlier.outlier_detection_http_error_codes),
    )


def _tls(policy: Policy) -> UpstreamTls | None:
    tls = policy.tls
    if tls is None:
        return None
    return UpstreamTls(
        mode=tls.mode.name,
        sni=tls.sni,
        subject_alt_names=tuple(tls.subject_alt_names),
        ca_certificates=tls.ca_certificates,
        client_certificate=tls.client_certificate,
        private_key=tls.private_key,
        credential_name=tls.credential_name,
        insecure_skip_verify=bool(tls.insecure_skip_verify),
    )
