"""Envoy's statistics of health checks (documentation: "Cluster manager > Statistics > Health check")."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from meshcore.health.verdict import Failure, Verdict
from meshcore.model import HealthStatus

__all__ = ["Counts", "hosts_by_health"]

_NETWORK = (Failure.NETWORK, Failure.NETWORK_TIMEOUT)


class Counts:
    """What has been counted so far, by full name."""

    def __init__(self) -> None:
        self.counters: Counter[str] = Counter()

    def add(self, cluster: str, verdict: Verdict) -> None:
        prefix = f"cluster.{cluster}.health_check."
        if verdict.failure is Failure.PASSIVE:
            self.counters[prefix + "passive_failure"] += 1
        else:
            self.counters[prefix + "attempt"] += 1
            self.counters[prefix + "network_failure"] += verdict.failure in _NETWORK
        self.counters[prefix + ("success" if verdict.passed else "failure")] += 1


def hosts_by_health(hosts: Iterable[tuple[str, HealthStatus]]) -> dict[str, int]:
    """The gauges ``healthy`` (degraded hosts are, too) and ``degraded`` of each cluster that is checked."""
    found: Counter[str] = Counter()
    for cluster, health in hosts:
        prefix = f"cluster.{cluster}.health_check."
        degraded = health is HealthStatus.DEGRADED
        found[prefix + "healthy"] += degraded or health is HealthStatus.HEALTHY
        found[prefix + "degraded"] += degraded
    return dict(found)
