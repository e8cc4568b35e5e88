"""Outlier detection (Envoy v3 ``OutlierDetection``): its parameters, their defaults and ranges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field, fields, replace
from math import isfinite
from typing import Any

from meshcore.model._dataclass import dataclass
from meshcore.model.balancing import Range

__all__ = ["OutlierDetection", "check_outlier_detection", "with_outlier_defaults"]


def _parameter(default: Any, **bounds: Any) -> Any:
    """What Envoy takes where nothing is said, and the values that may be said."""
    return field(default=None, metadata={"default": default, "range": Range(**bounds)})


def _count(default: int) -> Any:
    return _parameter(default, least=0, most=2**32 - 1)


def _percent(default: int) -> Any:
    return _parameter(default, least=0, most=100)


@dataclass(frozen=True, slots=True)
class OutlierDetection:
    """Field by field Envoy's ``OutlierDetection``; ``None``: its default. Durations are seconds."""

    consecutive_5xx: int | None = _count(5)
    interval: float | None = _parameter(10.0, above=0)
    base_ejection_time: float | None = _parameter(30.0, above=0)
    #: None: 300 s, or the base time where that is longer.
    max_ejection_time: float | None = _parameter(300.0, above=0)
    max_ejection_time_jitter: float | None = _parameter(0.0, least=0)
    max_ejection_percent: int | None = _percent(10)
    enforcing_consecutive_5xx: int | None = _percent(100)
    enforcing_success_rate: int | None = _percent(100)
    success_rate_minimum_hosts: int | None = _count(5)
    success_rate_request_volume: int | None = _count(100)
    success_rate_stdev_factor: int | None = _count(1900)  #: thousandths
    consecutive_gateway_failure: int | None = _count(5)
    enforcing_consecutive_gateway_failure: int | None = _percent(0)
    split_external_local_origin_errors: bool = False
    consecutive_local_origin_failure: int | None = _count(5)
    enforcing_consecutive_local_origin_failure: int | None = _percent(100)
    enforcing_local_origin_success_rate: int | None = _percent(100)
    failure_percentage_threshold: int | None = _percent(85)
    enforcing_failure_percentage: int | None = _percent(0)
    enforcing_failure_percentage_local_origin: int | None = _percent(0)
    failure_percentage_minimum_hosts: int | None = _count(5)
    failure_percentage_request_volume: int | None = _count(50)
    successful_active_health_check_uneject_host: bool | None = _parameter(True)
    always_eject_one_host: bool | None = _parameter(False)
    http_error_codes: tuple[tuple[int, int], ...] = ()  #: half-open ranges of the statuses that are errors


def with_outlier_defaults(given: OutlierDetection) -> OutlierDetection:
    """The same with Envoy's default for each field that is None."""
    found = {one.name: one.metadata["default"] for one in fields(given) if getattr(given, one.name) is None}
    if "max_ejection_time" in found:
        base = found.get("base_ejection_time", given.base_ejection_time)
        found["max_ejection_time"] = max(found["max_ejection_time"], base)
    return replace(given, **found)


def check_outlier_detection(given: OutlierDetection) -> Iterator[str]:
    """What is wrong with it: "interval: found 0, expected more than 0"."""
    for one in fields(given):
        value = getattr(given, one.name)
        allowed: Range = one.metadata.get("range", Range())
        if isinstance(value, float) and not isfinite(value):
            yield f"{one.name}: found {value!r}, expected a finite number"
        elif value is not None and value not in allowed:
            yield f"{one.name}: found {value!r}, expected {allowed}"
    full = with_outlier_defaults(given)
    base, most = full.base_ejection_time, full.max_ejection_time
    if base is not None and most is not None and most < base:
        yield f"max_ejection_time: found {most!r}, expected base_ejection_time ({base!r}) or more"
    for start, end in given.http_error_codes:
        if not 100 <= start < end <= 600:
            yield f"http_error_codes: found [{start}, {end}), expected a range within 100 to 600"
