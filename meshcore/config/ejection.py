"""Outlier detection that can eject nothing, since its share of few endpoints is less than one."""

from __future__ import annotations

__all__ = ["DEFAULT_PERCENT", "never_ejects"]

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
