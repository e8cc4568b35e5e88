"""Adaptive concurrency: Envoy's filter, and ours for a cluster, in metadata, which Envoy lets be.

::

    metadata: {filter_metadata: {meshcore.concurrency: {aimd: {max_limit: 100, latency_threshold: 0.5s}}}}
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from meshcore.config.envoy.schema.base import Metadata, Percent
from meshcore.config.envoy.schema.concurrency import AdaptiveConcurrency as FilterSchema
from meshcore.config.envoy.schema.concurrency import Aimd, ClusterConcurrency, GradientControllerConfig
from meshcore.config.envoy.translate.context import Context
from meshcore.config.schema import decode, path_of
from meshcore.config.tree import join_path
from meshcore.model import (
    AdaptiveConcurrency,
    AimdController,
    ConcurrencyController,
    GradientController,
    check_controller,
)

__all__ = ["NAME", "adaptive_concurrency", "cluster_concurrency"]

#: What names the extension (docs/adaptive-concurrency.md).
NAME = "meshcore.concurrency"


#: Under "adaptive_concurrency.gradient_controller.": Envoy's keys, and what they stand in for.
_KEYS = "adaptive_concurrency.gradient_controller."
_COUNTS = {
    "max_concurrency_limit": "max_concurrency_limit",
    "min_rtt_aggregate_request_count": "request_count",
    "min_concurrency": "min_concurrency",
}
_PERCENTS = {
    "sample_aggregate_percentile": "sample_aggregate_percentile",
    "jitter": "jitter",
    "min_rtt_buffer": "buffer",
}
_MILLISECONDS = {
    "min_rtt_calc_interval_ms": "min_rtt_interval",
    "sample_rtt_calc_interval_ms": "concurrency_update_interval",
}


def adaptive_concurrency(context: Context, config: FilterSchema) -> AdaptiveConcurrency | None:
    """The filter; None: it lets everything pass."""
    gradient = config.gradient_controller_config
    if gradient is None:
        return None  # which has been reported
    controller = _overridden(context, config, gradient_controller(context, gradient))
    flag = config.enabled
    if flag is not None and not context.runtime.flag(flag.runtime_key, flag.default_value):
        return None
    status = config.concurrency_limit_exceeded_status
    code = status.code.value if status is not None else 0
    return AdaptiveConcurrency(controller, code if code >= 400 else 503)


def _overridden(context: Context, config: FilterSchema, controller: GradientController) -> GradientController:
    """What the runtime says, key by key; a value that cannot be is left aside."""
    runtime = context.runtime
    counts = dict(_COUNTS)
    if controller.min_concurrency_limit is not None:
        counts["min_concurrency_limit"] = "min_concurrency_limit"
    said: dict[str, Any] = {}
    for key, field in counts.items():
        said[_KEYS + key] = (field, runtime.number(_KEYS + key))
    for key, field in _PERCENTS.items():
        percent = runtime.decimal(_KEYS + key)
        said[_KEYS + key] = (field, None if percent is None else min(percent, 100.0))
    for key, field in _MILLISECONDS.items():
        milliseconds = runtime.number(_KEYS + key)
        said[_KEYS + key] = (field, None if milliseconds is None else milliseconds / 1000)
    for key, (field, value) in said.items():
        if value is None:
            continue
        changed = replace(controller, **{field: value})
        problems = list(check_controller(changed))
        if problems:
            context.warn(config, "", f"the runtime's {key} is left aside: {problems[0]}")
        else:
            controller = changed
    return controller


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
