"""Adaptive concurrency of listeners and clusters, under the names of Envoy's gradient controller."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from meshcore.engine import Engine

__all__ = ["concurrency_counters", "concurrency_gauges"]


def concurrency_counters(engine: Engine) -> dict[str, int]:
    return {f"{prefix}.rq_blocked": about["refused"] for prefix, about in _limited(engine)}


def concurrency_gauges(engine: Engine) -> dict[str, int]:
    return {f"{prefix}.{name}": value for prefix, about in _limited(engine) for name, value in _gauges(about)}


def _limited(engine: Engine) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for listener in engine.concurrency():
        yield f"http.{listener['listener']}.adaptive_concurrency.gradient_controller", listener
    for cluster in engine.clusters():
        if "concurrency" in cluster:
            yield f"cluster.{cluster['name']}.adaptive_concurrency", cluster["concurrency"]


def _gauges(about: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    yield "concurrency_limit", about["limit"]
    yield "rq_outstanding", about["in_flight"]  # a gauge of ours
    if "gradient" in about:
        yield "gradient", int(about["gradient"] * 1000)
        yield "burst_queue_size", int(about["headroom"])
        yield "min_rtt_msecs", int((about["min_rtt"] or 0) * 1000)
        yield "sample_rtt_msecs", int((about["sample_rtt"] or 0) * 1000)
        yield "min_rtt_calculation_active", int(about["measuring"])
