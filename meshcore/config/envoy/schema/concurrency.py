"""Adaptive concurrency (``envoy.extensions.filters.http.adaptive_concurrency.v3``), and ours for clusters."""

from __future__ import annotations

from typing import Annotated

from meshcore.config.envoy.schema.base import NonEmpty, Percent
from meshcore.config.envoy.schema.ratelimit import HttpStatus
from meshcore.config.scalar_types import Duration, UInt32
from meshcore.config.schema import Meta, OneOf, Record

__all__ = ["AdaptiveConcurrency", "Aimd", "ClusterConcurrency", "GradientControllerConfig"]

_Count = Annotated[UInt32, Meta(ge=1)]
#: Envoy counts them in whole milliseconds.
_Interval = Annotated[Duration, Meta(ge=0.001)]


class ConcurrencyLimitParams(Record):
    concurrency_update_interval: _Interval
    max_concurrency_limit: _Count | None = None
    min_concurrency_limit: _Count | None = None


class MinRttParams(Record):
    interval: _Interval | None = None
    fixed_value: _Interval | None = None
    request_count: _Count | None = None
    jitter: Percent | None = None
    min_concurrency: _Count | None = None
    buffer: Percent | None = None


class GradientControllerConfig(Record):
    concurrency_limit_params: ConcurrencyLimitParams
    min_rtt_calc_params: MinRttParams
    sample_aggregate_percentile: Percent | None = None


class FeatureFlag(Record):
    """``envoy.config.core.v3.RuntimeFeatureFlag``."""

    default_value: bool
    runtime_key: NonEmpty


class AdaptiveConcurrency(Record):
    """``envoy.extensions.filters.http.adaptive_concurrency.v3.AdaptiveConcurrency``."""

    __oneofs__ = (OneOf("concurrency_controller_config", ("gradient_controller_config",), True),)

    gradient_controller_config: GradientControllerConfig | None = None
    enabled: FeatureFlag | None = None
    concurrency_limit_exceeded_status: HttpStatus | None = None


class Aimd(Record):
    initial_limit: _Count | None = None
    min_limit: _Count | None = None
    max_limit: _Count | None = None
    increase: Annotated[float, Meta(gt=0, le=2**32 - 1)] | None = None
    backoff_ratio: Annotated[float, Meta(gt=0, lt=1)] | None = None
    latency_threshold: _Interval | None = None


class ClusterConcurrency(Record):
    """An extension of ours, in a cluster's metadata."""

    __oneofs__ = (OneOf("controller", ("gradient_controller_config", "aimd"), True),)

    gradient_controller_config: GradientControllerConfig | None = None
    aimd: Aimd | None = None
