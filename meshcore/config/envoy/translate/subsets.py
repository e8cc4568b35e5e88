"""Subsets of clusters: the cluster's own field, and the typed policy."""

from __future__ import annotations

from meshcore.config.envoy.schema import balancing as schema
from meshcore.config.envoy.schema.cluster import Cluster, LbPolicy
from meshcore.config.envoy.translate.context import Context
from meshcore.config.tree import plain
from meshcore.model import SubsetConfig, SubsetSelector

__all__ = ["cluster_subsets", "typed_subsets"]


def cluster_subsets(context: Context, cluster: Cluster) -> SubsetConfig | None:
    """``lb_subset_config``; without selectors it is as if it was not there."""
    config = cluster.lb_subset_config
    if config is None:
        return None
    if cluster.lb_policy is LbPolicy.CLUSTER_PROVIDED:
        context.error(cluster, "lb_subset_config", "cannot be combined with CLUSTER_PROVIDED")
    common = cluster.common_lb_config
    weighted = common is not None and common.locality_weighted_lb_config is not None
    if config.locality_weight_aware and not weighted:
        message = "needs common_lb_config.locality_weighted_lb_config"
        context.error(config, "locality_weight_aware", message)
    made = _config(context, config, allow_redundant_keys=False)
    return made if config.subset_selectors else None


def typed_subsets(context: Context, config: schema.TypedSubset) -> SubsetConfig:
    return _config(context, config, allow_redundant_keys=config.allow_redundant_keys)


def _config(context: Context, config: schema.LbSubsetConfig, *, allow_redundant_keys: bool) -> SubsetConfig:
    default = config.default_subset
    selectors = [_selector(context, selector) for selector in config.subset_selectors]
    if allow_redundant_keys:
        selectors.sort(key=lambda selector: -len(selector.keys))  # Envoy tries the longest first
    return SubsetConfig(
        selectors=tuple(selectors),
        fallback_policy=config.fallback_policy.name,
        default_subset=(
            tuple((key, plain(value)) for key, value in default.entries.items())
            if default is not None
            else ()
        ),
        locality_weight_aware=config.locality_weight_aware,
        scale_locality_weight=config.scale_locality_weight,
        panic_mode_any=config.panic_mode_any,
        list_as_any=config.list_as_any,
        allow_redundant_keys=allow_redundant_keys,
        metadata_fallback_policy=config.metadata_fallback_policy.name,
    )


def _selector(context: Context, selector: schema.LbSubsetSelector) -> SubsetSelector:
    keys, fallback = set(selector.keys), set(selector.fallback_keys_subset)
    if selector.fallback_policy is schema.SelectorFallbackPolicy.KEYS_SUBSET:
        if not fallback:
            context.error(selector, "fallback_keys_subset", "missing, but KEYS_SUBSET requires it")
        elif not fallback < keys:
            context.error(selector, "fallback_keys_subset", expected="some of the keys, but not all")
    elif fallback:
        context.error(selector, "fallback_keys_subset", "goes with the fallback_policy KEYS_SUBSET only")
    if selector.single_host_per_subset and len(keys) != 1:
        context.error(selector, "single_host_per_subset", f"possible with exactly one key, not {len(keys)}")
    return SubsetSelector(
        tuple(sorted(keys)),
        selector.fallback_policy.name,
        tuple(sorted(fallback)),
        selector.single_host_per_subset,
    )
