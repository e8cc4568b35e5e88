"""Outlier detection that can eject nothing, since its share of few endpoints is less than one."""

from __future__ import annotations

from collections.abc import Iterator

from meshcore.model import Config, Origin

__all__ = ["DEFAULT_PERCENT", "idle_clusters", "never_ejects"]

#: Envoy's and Istio's default of maxEjectionPercent.
DEFAULT_PERCENT = 10


def never_ejects(name: str, count: int, percent: int) -> str:
    """What is wrong with that percentage of ``count`` endpoints of a service; "" where one can be ejected."""
    if count == 0 or count * percent >= 100:
        return ""
    endpoints = "the one endpoint" if count == 1 else f"{count} endpoints"
    return (
        f"maxEjectionPercent {percent} of {endpoints} of {name!r} is less than one: none is ever ejected; "
        f"{-(-100 // count)} would allow one"
    )


def idle_clusters(config: Config) -> Iterator[tuple[Origin, str]]:
    """Where Envoy's clusters are written whose outlier detection can eject none, and what is wrong.

    How many endpoints a name stands for is not known before it is looked up.
    """
    for cluster in config.clusters:
        detection = cluster.outlier_detection
        if detection is None or detection.always_eject_one_host or cluster.by_dns or cluster.origin is None:
            continue
        stated = detection.max_ejection_percent
        percent = DEFAULT_PERCENT if stated is None else stated
        if message := never_ejects(cluster.name, len(cluster.endpoints), percent):
            yield cluster.origin, message
