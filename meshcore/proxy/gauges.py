"""Circuit breakers as gauges, under Envoy's names."""

from __future__ import annotations

from meshcore.engine import Engine
from meshcore.model import CircuitBreakers

__all__ = ["breaker_gauges"]

#: Resource -> the gauges that tell whether it is full, and what is left.
_NAMES = {
    "connections": ("cx_open", "remaining_cx"),
    "pending_requests": ("rq_pending_open", "remaining_pending"),
    "requests": ("rq_open", "remaining_rq"),
    "retries": ("rq_retry_open", "remaining_retries"),
}


def breaker_gauges(engine: Engine) -> dict[str, int]:
    """``..._open`` of all, and what is left where the cluster is to track it; nothing of a retry budget, as
    in Envoy, nor where there is no limit."""
    tracked = {}
    for cluster in engine.config.clusters:
        tracked[cluster.name, "default"] = cluster.circuit_breakers
        tracked[cluster.name, "high"] = cluster.circuit_breakers_high
    found = {}
    for state in engine.clusters():
        for priority, resources in state["circuit_breakers"].items():
            prefix = f"cluster.{state['name']}.circuit_breakers.{priority}."
            limits = tracked.get((state["name"], priority))
            for resource, usage in resources.items():
                full, left = _NAMES[resource]
                found[prefix + full] = int(usage["open"])
                if usage["remaining"] is not None and _tells(limits, resource):
                    found[prefix + left] = usage["remaining"]
    return found


def _tells(limits: CircuitBreakers | None, resource: str) -> bool:
    if limits is None or not limits.track_remaining:
        return False
    budget = limits.retry_budget_percent is not None or limits.retry_budget_min_concurrency is not None
    return resource != "retries" or not budget
