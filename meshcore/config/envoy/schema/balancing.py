"""Load balancing: the cluster's own fields and the typed policies that came after them."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from meshcore.config.balancing import limits
from meshcore.config.envoy.schema.base import (
    Empty,
    OptionalHeaderName,
    Percent,
    RuntimeDouble,
    TimeSpan,
    TypedExtensionConfig,
)
from meshcore.config.envoy.schema.endpoint import HealthStatus
from meshcore.config.envoy.schema.retry import HashPolicy
from meshcore.config.scalar_types import UInt32, UInt64
from meshcore.config.schema import Meta, OneOf, Record
from meshcore.config.tree import MappingNode
from meshcore.model import ClientSideWeighted, LeastRequest, RingHash

__all__ = [
    "CommonLbConfig",
    "LbSubsetConfig",
    "LbSubsetFallbackPolicy",
    "LeastRequestLbConfig",
    "LoadBalancingPolicy",
    "LocalityBasis",
    "LocalityLbConfig",
    "MaglevLbConfig",
    "RingHashLbConfig",
    "RoundRobinLbConfig",
    "SelectionMethod",
    "SelectorFallbackPolicy",
    "SlowStartConfig",
    "TypedClientSideWeighted",
    "TypedLeastRequest",
    "TypedMaglev",
    "TypedOverrideHost",
    "TypedPeakEwma",
    "TypedRandom",
    "TypedRingHash",
    "TypedRoundRobin",
    "TypedSubset",
    "TypedZoneAware",
]

RingSize = Annotated[UInt64, Meta(le=limits(RingHash, "maximum_ring_size").le)]
ChoiceCount = Annotated[UInt32, limits(LeastRequest, "choice_count")]
BalanceFactor = Annotated[UInt32, Meta(ge=100)]


class SlowStartConfig(Record):
    slow_start_window: TimeSpan | None = None
    aggression: RuntimeDouble | None = None
    min_weight_percent: Percent | None = None


class RoundRobinLbConfig(Record):
    slow_start_config: SlowStartConfig | None = None


class LeastRequestLbConfig(Record):
    choice_count: ChoiceCount = 2
    active_request_bias: RuntimeDouble | None = None
    slow_start_config: SlowStartConfig | None = None


class HashFunction(Enum):
    XX_HASH = 0
    MURMUR_HASH_2 = 1


class RingHashLbConfig(Record):
    minimum_ring_size: RingSize = 1024
    hash_function: HashFunction = HashFunction.XX_HASH
    maximum_ring_size: RingSize = 8388608


class MaglevLbConfig(Record):
    table_size: Annotated[UInt64, Meta(le=5000011)] = 65537


class ZoneAwareLbConfig(Record):
    routing_enabled: Percent | None = None
    min_cluster_size: UInt64 | None = None
    fail_traffic_on_panic: bool = False


class ConsistentHashingLbConfig(Record):
    use_hostname_for_hashing: bool = False
    hash_balance_factor: BalanceFactor | None = None


class HealthStatusSet(Record):
    statuses: list[HealthStatus] = []


class CommonLbConfig(Record):
    __oneofs__ = (
        OneOf("locality_config_specifier", ("zone_aware_lb_config", "locality_weighted_lb_config")),
    )

    healthy_panic_threshold: Percent | None = None
    zone_aware_lb_config: ZoneAwareLbConfig | None = None
    locality_weighted_lb_config: Empty | None = None
    update_merge_window: TimeSpan | None = None
    close_connections_on_host_set_change: bool = False
    ignore_new_hosts_until_first_hc: bool = False
    consistent_hashing_lb_config: ConsistentHashingLbConfig | None = None
    override_host_status: HealthStatusSet | None = None


class LbSubsetFallbackPolicy(Enum):
    NO_FALLBACK = 0
    ANY_ENDPOINT = 1
    DEFAULT_SUBSET = 2


class SelectorFallbackPolicy(Enum):
    NOT_DEFINED = 0
    NO_FALLBACK = 1
    ANY_ENDPOINT = 2
    DEFAULT_SUBSET = 3
    KEYS_SUBSET = 4


class LbSubsetSelector(Record):
    keys: list[str] = []
    single_host_per_subset: bool = False
    fallback_policy: SelectorFallbackPolicy = SelectorFallbackPolicy.NOT_DEFINED
    fallback_keys_subset: list[str] = []


class MetadataFallbackPolicy(Enum):
    METADATA_NO_FALLBACK = 0
    FALLBACK_LIST = 1


class LbSubsetConfig(Record):
    fallback_policy: LbSubsetFallbackPolicy = LbSubsetFallbackPolicy.NO_FALLBACK
    default_subset: MappingNode | None = None
    subset_selectors: list[LbSubsetSelector] = []
    locality_weight_aware: bool = False
    scale_locality_weight: bool = False
    panic_mode_any: bool = False
    list_as_any: bool = False
    metadata_fallback_policy: MetadataFallbackPolicy = MetadataFallbackPolicy.METADATA_NO_FALLBACK


class LbPolicyEntry(Record):
    typed_extension_config: TypedExtensionConfig | None = None


class LoadBalancingPolicy(Record):
    policies: list[LbPolicyEntry] = []


# -- envoy.extensions.load_balancing_policies.*.v3 ----------------------------------------------


class LocalityBasis(Enum):
    HEALTHY_HOSTS_NUM = 0
    HEALTHY_HOSTS_WEIGHT = 1


class ForceLocalZone(Record):
    min_size: UInt32 | None = None


class TypedZoneAware(ZoneAwareLbConfig):
    force_locality_direct_routing: bool = False
    force_local_zone: ForceLocalZone | None = None
    locality_basis: LocalityBasis = LocalityBasis.HEALTHY_HOSTS_NUM


class LocalityLbConfig(Record):
    __oneofs__ = (
        OneOf("locality_config_specifier", ("zone_aware_lb_config", "locality_weighted_lb_config"), True),
    )

    zone_aware_lb_config: TypedZoneAware | None = None
    locality_weighted_lb_config: Empty | None = None


class TypedConsistentHashing(ConsistentHashingLbConfig):
    hash_policy: list[HashPolicy] = []


class TypedHashFunction(Enum):
    DEFAULT_HASH = 0
    XX_HASH = 1
    MURMUR_HASH_2 = 2


class TypedRingHash(Record):
    hash_function: TypedHashFunction = TypedHashFunction.DEFAULT_HASH
    minimum_ring_size: Annotated[RingSize, Meta(ge=1)] = 1024
    maximum_ring_size: RingSize = 8388608
    use_hostname_for_hashing: bool = False
    hash_balance_factor: BalanceFactor | None = None
    consistent_hashing_lb_config: TypedConsistentHashing | None = None
    locality_weighted_lb_config: Empty | None = None


class TypedMaglev(Record):
    table_size: Annotated[UInt64, Meta(le=5000011)] = 65537
    consistent_hashing_lb_config: TypedConsistentHashing | None = None
    locality_weighted_lb_config: Empty | None = None


class SelectionMethod(Enum):
    N_CHOICES = 0
    FULL_SCAN = 1


class TypedLeastRequest(Record):
    choice_count: ChoiceCount = 2
    active_request_bias: RuntimeDouble | None = None
    slow_start_config: SlowStartConfig | None = None
    locality_lb_config: LocalityLbConfig | None = None
    enable_full_scan: bool | None = None
    selection_method: SelectionMethod = SelectionMethod.N_CHOICES


class TypedRoundRobin(Record):
    slow_start_config: SlowStartConfig | None = None
    locality_lb_config: LocalityLbConfig | None = None


class TypedRandom(Record):
    locality_lb_config: LocalityLbConfig | None = None


class OverrideHostSource(Record):
    __oneofs__ = (OneOf("override_host_source", ("header", "metadata"), True),)

    header: OptionalHeaderName = ""
    metadata: MappingNode | None = None


class TypedOverrideHost(Record):
    __noted__ = {"selected_host_key": "there is no dynamic metadata"}

    override_host_sources: Annotated[list[OverrideHostSource], Meta(min_length=1)]
    fallback_policy: LoadBalancingPolicy


class TypedSubset(LbSubsetConfig):
    allow_redundant_keys: bool = False
    subset_lb_policy: LoadBalancingPolicy | None = None


class TypedClientSideWeighted(Record):
    __noted__ = dict.fromkeys(
        ("oob_reporting_period", "oob_reporting_config"),
        "reports come with answers, or by Engine.report_load()",
    )

    enable_oob_load_report: bool = False
    blackout_period: TimeSpan | None = None
    weight_expiration_period: TimeSpan | None = None
    weight_update_period: TimeSpan | None = None
    error_utilization_penalty: Annotated[float, limits(ClientSideWeighted, "error_utilization_penalty")] = 1.0
    metric_names_for_computing_utilization: list[str] = []
    slow_start_config: SlowStartConfig | None = None


class TypedPeakEwma(Record):
    """``v3alpha``, in Envoy's contrib build."""

    __noted__ = {
        "aggregation_interval": "reports count at once",
        "max_samples_per_host": "reports count at once",
    }

    decay_time: TimeSpan | None = None
    default_rtt: TimeSpan | None = None
    penalty_value: float | None = None
