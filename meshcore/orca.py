"""Loads that endpoints report with their answers (ORCA, ``xds.data.orca.v3.OrcaLoadReport``), in the header
``endpoint-load-metrics``: as ``TEXT name=value, ...`` or ``JSON {...}``, with or without the word before it.

Endpoints may send anything: whatever is no report is none.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

__all__ = ["Load", "load_of"]

HEADER = "endpoint-load-metrics"
#: Bytes of a header that are read at most.
MAX_BYTES = 8192
_FIELDS = ("application_utilization", "cpu_utilization", "mem_utilization", "rps_fractional", "eps")
_MAPS = ("named_metrics", "utilization", "request_cost")


class Load(NamedTuple):
    """Requests and errors a second, and how much of what it can bear an endpoint bears (1: all)."""

    qps: float
    eps: float
    utilization: float


def load_of(
    headers: Iterable[tuple[str | bytes, str | bytes]], metric_names: Sequence[str] = ()
) -> Load | None:
    """The load that an answer's headers report; None where they report none, or more than one."""
    values = [_text(value) for name, value in headers if _text(name).lower() == HEADER]
    if not values or any(len(value) > MAX_BYTES for value in values):
        return None
    word, _, rest = values[0].lstrip().partition(" ")
    try:
        if word == "JSON" or word.startswith("{"):
            metrics = _from_json(rest if word == "JSON" else values[0])
        else:
            metrics = _from_text(",".join([rest if word == "TEXT" else values[0], *values[1:]]))
    except (ValueError, RecursionError):
        return None
    utilization = _utilization(metrics, metric_names)
    return Load(metrics.get("rps_fractional", 0.0), metrics.get("eps", 0.0), utilization)


def _utilization(metrics: dict[str, float], names: Sequence[str]) -> float:
    """What the application says, else the greatest of the named metrics, else that of the CPU."""
    own = metrics.get("application_utilization", 0.0)
    if own > 0:
        return own
    named = max((metrics.get(name, 0.0) for name in names), default=0.0)
    return named if named > 0 else metrics.get("cpu_utilization", 0.0)


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("not a number")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("not a finite number")
    return number


def _from_text(text: str) -> dict[str, float]:
    metrics: dict[str, float] = {}
    for item in text.split(","):
        if not item.strip():
            continue
        name, equals, value = item.partition("=")
        if not equals:
            name, _, value = item.partition(":")  # as older servers write it
        name = name.strip()
        known = name in _FIELDS or name.partition(".")[0] in _MAPS
        if not known or name in metrics:
            raise ValueError(f"no metric, or twice: {name}")
        metrics[name] = _number(value.strip())
    return metrics


def _from_json(text: str) -> dict[str, float]:
    report = json.loads(text)
    if not isinstance(report, dict):
        raise ValueError("not an object")
    metrics = {}
    for name in _FIELDS:
        words = name.split("_")
        camel = words[0] + "".join(word.capitalize() for word in words[1:])
        if name in report or camel in report:
            metrics[name] = _number(report.get(name, report.get(camel)))
    for group in _MAPS:
        named = report.get(group, report.get("namedMetrics" if group == "named_metrics" else group))
        if isinstance(named, dict):
            metrics.update({f"{group}.{key}": _number(value) for key, value in named.items()})
    return metrics
