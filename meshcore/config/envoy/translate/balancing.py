"""Load balancing of clusters."""

from __future__ import annotations

from dataclasses import dataclass, replace

from meshcore.config.envoy.schema import balancing as schema
from meshcore.config.envoy.schema.cluster import Cluster, DiscoveryType, LbPolicy
from meshcore.config.envoy.translate.balancing_parameters import (
    client_side_weighted_parameters,
    least_request_parameters,
    maglev_parameters,
    peak_ewma_parameters,
    ring_hash_parameters,
    slow_start_parameters,
)
from meshcore.config.envoy.translate.context import Context
from meshcore.config.envoy.translate.policies import hash_policies
from meshcore.config.envoy.translate.subsets import cluster_subsets, typed_subsets
from meshcore.config.schema import Record, is_set, path_of
from meshcore.model import (
    ClientSideWeighted,
    CommonLbConfig,
    HashPolicy,
    HealthStatus,
    LeastRequest,
    Maglev,
    PeakEwma,
    Policy,
    RingHash,
    SlowStart,
    SubsetConfig,
)

__all__ = ["Balancing", "balancing"]


@dataclass(frozen=True, slots=True)
class Balancing:
    """How a cluster chooses: what its own fields say, or its typed policy."""

    policy: Policy
    common: CommonLbConfig
    ring_hash: RingHash | None = None
    maglev: Maglev | None = None
    least_request: LeastRequest | None = None
    peak_ewma: PeakEwma | None = None
    client_side_weighted: ClientSideWeighted | None = None
    slow_start: SlowStart | None = None
    subsets: SubsetConfig | None = None
    override_headers: tuple[str, ...] = ()
    hash_policies: tuple[HashPolicy, ...] | None = None


_PREFIX = "envoy.extensions.load_balancing_policies."
_TYPED: dict[str, type[Record]] = {
    _PREFIX + "round_robin.v3.RoundRobin": schema.TypedRoundRobin,
    _PREFIX + "random.v3.Random": schema.TypedRandom,
    _PREFIX + "least_request.v3.LeastRequest": schema.TypedLeastRequest,
    _PREFIX + "peak_ewma.v3alpha.PeakEwma": schema.TypedPeakEwma,
    _PREFIX
    + "client_side_weighted_round_robin.v3.ClientSideWeightedRoundRobin": schema.TypedClientSideWeighted,
    _PREFIX + "ring_hash.v3.RingHash": schema.TypedRingHash,
    _PREFIX + "maglev.v3.Maglev": schema.TypedMaglev,
    _PREFIX + "subset.v3.Subset": schema.TypedSubset,
    _PREFIX + "override_host.v3.OverrideHost": schema.TypedOverrideHost,
}


def balancing(context: Context, cluster: Cluster) -> Balancing:
    common = _common(context, cluster)
    if (
        cluster.load_balancing_policy is not None
        or cluster.lb_policy is LbPolicy.LOAD_BALANCING_POLICY_CONFIG
    ):
        return _typed(context, cluster, common)
    policy = Policy[cluster.lb_policy.name]
    ring = maglev = least = None
    if policy is Policy.RING_HASH:
        ring = ring_hash_parameters(context, cluster.ring_hash_lb_config or schema.RingHashLbConfig())
    elif policy is Policy.MAGLEV:
        maglev = maglev_parameters(context, cluster.maglev_lb_config or schema.MaglevLbConfig())
    elif policy is Policy.LEAST_REQUEST:
        least = least_request_parameters(
            context, cluster.least_request_lb_config or schema.LeastRequestLbConfig()
        )
    slow = None
    if policy is Policy.LEAST_REQUEST and cluster.least_request_lb_config is not None:
        slow = slow_start_parameters(context, cluster.least_request_lb_config.slow_start_config)
    elif policy is Policy.ROUND_ROBIN and cluster.round_robin_lb_config is not None:
        slow = slow_start_parameters(context, cluster.round_robin_lb_config.slow_start_config)
    found = cluster_subsets(context, cluster)
    return Balancing(policy, common, ring, maglev, least, slow_start=slow, subsets=found)


def _typed(context: Context, cluster: Cluster, common: CommonLbConfig) -> Balancing:
    if cluster.lb_subset_config is not None:
        context.error(cluster, "lb_subset_config", "cannot be combined with load_balancing_policy")
    if cluster.common_lb_config is not None:
        for field in ("zone_aware_lb_config", "locality_weighted_lb_config", "consistent_hashing_lb_config"):
            if is_set(cluster.common_lb_config, field):
                context.error(
                    cluster.common_lb_config, field, "cannot be combined with load_balancing_policy"
                )
    return _of_policies(context, cluster, "load_balancing_policy", cluster.load_balancing_policy, common)


def _of_policies(
    context: Context,
    owner: Record,
    field: str,
    given: schema.LoadBalancingPolicy | None,
    common: CommonLbConfig,
) -> Balancing:
    """The first of the typed policies in the owner's field."""
    result = Balancing(Policy.ROUND_ROBIN, common)
    entry = given.policies[0] if given is not None and given.policies else None
    if entry is None or entry.typed_extension_config is None:
        context.error(owner, field, expected="at least one policy")
        return result
    extension = entry.typed_extension_config
    path = path_of(extension, "typed_config")
    _, config = context.decode_typed(extension.typed_config, path, _TYPED)
    if isinstance(config, schema.TypedRoundRobin):
        common = _locality(context, common, config.locality_lb_config)
        return Balancing(
            Policy.ROUND_ROBIN, common, slow_start=slow_start_parameters(context, config.slow_start_config)
        )
    if config is None:
        return result
    if isinstance(config, schema.TypedSubset):
        inner = _of_policies(context, config, "subset_lb_policy", config.subset_lb_policy, common)
        if inner.override_headers:
            context.error(config, "subset_lb_policy", "no override host policy can be in it: put it around")
        return replace(inner, subsets=typed_subsets(context, config))
    if isinstance(config, schema.TypedOverrideHost):
        inner = _of_policies(context, config, "fallback_policy", config.fallback_policy, common)
        if inner.override_headers:
            context.error(config, "fallback_policy", "no override host policy can be in another")
        return replace(inner, override_headers=_override_headers(context, config))
    if isinstance(config, schema.TypedRandom):
        return Balancing(Policy.RANDOM, _locality(context, common, config.locality_lb_config))
    if isinstance(config, schema.TypedLeastRequest):
        full = config.selection_method is schema.SelectionMethod.FULL_SCAN or bool(config.enable_full_scan)
        least = replace(least_request_parameters(context, config), full_scan=full)
        common = _locality(context, common, config.locality_lb_config)
        slow = slow_start_parameters(context, config.slow_start_config)
        return Balancing(Policy.LEAST_REQUEST, common, least_request=least, slow_start=slow)
    if isinstance(config, schema.TypedPeakEwma):
        return Balancing(Policy.PEAK_EWMA, common, peak_ewma=peak_ewma_parameters(context, config))
    if isinstance(config, schema.TypedClientSideWeighted):
        weighted = client_side_weighted_parameters(context, config)
        slow, policy = (
            slow_start_parameters(context, config.slow_start_config),
            Policy.CLIENT_SIDE_WEIGHTED_ROUND_ROBIN,
        )
        return Balancing(policy, common, client_side_weighted=weighted, slow_start=slow)
    assert isinstance(config, schema.TypedRingHash | schema.TypedMaglev)
    if config.locality_weighted_lb_config is not None:
        common = replace(common, locality_weighted=True)
    hashing = config.consistent_hashing_lb_config
    common = _consistent(common, hashing)
    own = hash_policies(context, hashing.hash_policy) if hashing is not None and hashing.hash_policy else None
    if isinstance(config, schema.TypedMaglev):
        return Balancing(Policy.MAGLEV, common, maglev=maglev_parameters(context, config), hash_policies=own)
    if hashing is None:
        common = _consistent(common, config)
    return Balancing(
        Policy.RING_HASH, common, ring_hash=ring_hash_parameters(context, config), hash_policies=own
    )


def _common(context: Context, cluster: Cluster) -> CommonLbConfig:
    config = cluster.common_lb_config
    if config is None:
        return CommonLbConfig()
    threshold = config.healthy_panic_threshold
    common = CommonLbConfig(
        healthy_panic_threshold=threshold.value if threshold is not None else None,
        update_merge_window=config.update_merge_window,
        close_connections_on_host_set_change=config.close_connections_on_host_set_change,
        ignore_new_hosts_until_first_hc=config.ignore_new_hosts_until_first_hc,
    )
    if config.override_host_status is not None:
        statuses = dict.fromkeys(config.override_host_status.statuses)
        common = replace(common, override_host_status=tuple(HealthStatus[one.name] for one in statuses))
    if config.locality_weighted_lb_config is not None:
        common = replace(common, locality_weighted=True)
    if config.zone_aware_lb_config is not None:
        common = _zone_aware(common, config.zone_aware_lb_config)
    hashing = config.consistent_hashing_lb_config
    if (
        hashing is not None
        and hashing.use_hostname_for_hashing
        and cluster.type is not DiscoveryType.STRICT_DNS
    ):
        message = f"not possible where the cluster's type is {cluster.type.name}"
        context.error(hashing, "use_hostname_for_hashing", message, expected="STRICT_DNS")
    return _consistent(common, hashing)


def _override_headers(context: Context, config: schema.TypedOverrideHost) -> tuple[str, ...]:
    for source in config.override_host_sources:
        if source.metadata is not None:
            context.warn(source, "metadata", "has no effect: there is no dynamic metadata")
    return tuple(source.header.lower() for source in config.override_host_sources if source.header)


def _zone_aware(common: CommonLbConfig, config: schema.ZoneAwareLbConfig) -> CommonLbConfig:
    share = config.routing_enabled
    if isinstance(config, schema.TypedZoneAware):
        force = config.force_local_zone
        least = 1 if force is not None or config.force_locality_direct_routing else None
        common = replace(
            common,
            zone_aware_by_weight=config.locality_basis is schema.LocalityBasis.HEALTHY_HOSTS_WEIGHT,
            force_local_zone_min_size=least if force is None or force.min_size is None else force.min_size,
        )
    return replace(
        common,
        zone_aware_routing_percent=share.value if share is not None else None,
        zone_aware_min_cluster_size=config.min_cluster_size,
        fail_traffic_on_panic=config.fail_traffic_on_panic,
    )


def _locality(
    context: Context, common: CommonLbConfig, config: schema.LocalityLbConfig | None
) -> CommonLbConfig:
    if config is None:
        return common
    if config.zone_aware_lb_config is not None:
        return _zone_aware(common, config.zone_aware_lb_config)
    return replace(common, locality_weighted=True)


def _consistent(
    common: CommonLbConfig,
    config: schema.ConsistentHashingLbConfig | schema.TypedRingHash | None,
) -> CommonLbConfig:
    if config is None:
        return common
    return replace(
        common,
        use_hostname_for_hashing=config.use_hostname_for_hashing,
        hash_balance_factor=config.hash_balance_factor,
    )
