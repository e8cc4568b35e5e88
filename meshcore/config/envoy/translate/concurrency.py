"""Adaptive concurrency: that of a cluster is an extension of ours in its metadata, which Envoy lets be.

::

    metadata: {filter_metadata: {meshcore.concurrency: {aimd: {max_limit: 100, latency_threshold: 0.5s}}}}
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from meshcore.config.envoy.schema.base import Metadata, Percent
from meshcore.config.envoy.schema.concurrency import Aimd, ClusterConcurrency, GradientControllerConfig
from meshcore.config.envoy.translate.context import Context
from meshcore.config.schema import decode, path_of
from meshcore.config.tree import join_path
from meshcore.model import AimdController, ConcurrencyController, GradientController, check_controller

__all__ = ["NAME", "cluster_concurrency", "gradient_controller"]

#: What names the extension (docs/adaptive-concurrency.md).
NAME = "meshcore.concurrency"


def cluster_concurrency(context: Context, metadata: Metadata | None) -> ConcurrencyController | None:
    """What limits a cluster; None: nothing does."""
    node = metadata.filter_metadata.get(NAME) if metadata is not None else None
    if node is None or metadata is None:
        return None
    path = join_path(path_of(metadata, "filter_metadata"), NAME)
    given = decode(node, ClusterConcurrency, context.findings, path)
    if given is None:
        return None
    if given.gradient_controller_config is not None:
        return gradient_controller(context, given.gradient_controller_config)
    return _aimd(context, given.aimd) if given.aimd is not None else None


def gradient_controller(context: Context, config: GradientControllerConfig) -> GradientController:
    limits, rtt = config.concurrency_limit_params, config.min_rtt_calc_params
    if rtt.interval is None and rtt.fixed_value is None:
        context.error(rtt, "", "either interval or fixed_value is required")
    made = GradientController(
        **_given(
            max_concurrency_limit=limits.max_concurrency_limit,
            min_concurrency_limit=limits.min_concurrency_limit,
            concurrency_update_interval=limits.concurrency_update_interval,
            min_rtt_interval=rtt.interval,
            min_rtt=rtt.fixed_value,
            request_count=rtt.request_count,
            jitter=_percent(rtt.jitter),
            min_concurrency=rtt.min_concurrency,
            buffer=_percent(rtt.buffer),
            sample_aggregate_percentile=_percent(config.sample_aggregate_percentile),
        )
    )
    least = made.min_concurrency_limit or made.min_concurrency
    if least > made.max_concurrency_limit:
        message = f"more than max_concurrency_limit ({made.max_concurrency_limit}): it is the limit, always"
        if made.min_concurrency_limit:
            context.warn(limits, "min_concurrency_limit", message)
        else:
            context.warn(rtt, "min_concurrency", message)
    return made


def _aimd(context: Context, config: Aimd) -> AimdController | None:
    made = AimdController(**_given(**{one.name: getattr(config, one.name) for one in fields(AimdController)}))
    for problem in check_controller(made):
        name, _, rest = problem.partition(": ")
        context.error(config, name, rest)
        return None
    return made


def _given(**values: Any) -> dict[str, Any]:
    """What is said; the model has the defaults."""
    return {name: value for name, value in values.items() if value is not None}


def _percent(percent: Percent | None) -> float | None:
    return None if percent is None else percent.value
