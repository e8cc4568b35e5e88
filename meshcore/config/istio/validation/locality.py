"""The rules of locality load balancing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from meshcore.config.findings import Findings, quoted
from meshcore.config.istio.schema.destination_rule import Distribute, Failover, LocalityLb, ZoneAwareLb
from meshcore.config.schema import Record, error_at, warn_at

__all__ = ["check_locality", "check_zone_aware"]

_TOPOLOGY = ("topology.kubernetes.io/region", "topology.kubernetes.io/zone", "topology.istio.io/subzone")


def check_locality(setting: LocalityLb, findings: Findings, *, outlier: bool) -> None:
    """``outlier``: whether there is outlier detection, without which nothing ever fails over."""
    if setting.distribute and setting.failover:
        error_at(findings, setting, "distribute", "cannot be together with failover")
    for label in setting.failover_priority if setting.failover else ():
        if label in _TOPOLOGY:
            message = f"{label!r} cannot be together with failover, which orders localities already"
            error_at(findings, setting, "failover_priority", message)
    for share in setting.distribute:
        _check_share(share, findings)
    _check_apart(setting, "distribute", [it.from_ for it in setting.distribute], findings)
    _check_failover(setting, setting.failover, setting.failover_priority, findings, outlier=outlier)


def check_zone_aware(setting: ZoneAwareLb, findings: Findings, *, outlier: bool) -> None:
    for label in setting.failover_priority:
        if label in _TOPOLOGY:
            message = (
                f"{label!r} is not for failoverPriority here: zones and regions are followed by themselves"
            )
            error_at(findings, setting, "failover_priority", message)
    _check_failover(setting, setting.failover, setting.failover_priority, findings, outlier=outlier)


def _check_failover(
    setting: Record, steps: Sequence[Failover], priority: Sequence[str], findings: Findings, *, outlier: bool
) -> None:
    if (steps or priority) and not outlier:
        warn_at(findings, setting, "", "failover has no effect without outlierDetection")
    for step in steps:
        if step.from_ == step.to:
            error_at(findings, step, "to", f"{step.to!r} is where the traffic comes from")
        for field, region in (("from_", step.from_), ("to", step.to)):
            if "*" in region or "/" in region:
                error_at(findings, step, field, found=quoted(region), expected="the name of a region")


def _check_share(share: Distribute, findings: Findings) -> None:
    weights = share.to.values()
    if any(not 1 <= weight <= 100 for weight in weights) or sum(weights) != 100:
        found = ", ".join(map(str, weights)) or "none"
        error_at(findings, share, "to", found=found, expected="weights from 1 to 100 that add up to 100")
    _check_apart(share, "to", share.to, findings)


def _check_apart(record: Record, field: str, localities: Iterable[str], findings: Findings) -> None:
    """``region/zone/subzone``, shorter, or ending with ``*``; none may cover another."""
    seen: list[tuple[str, ...]] = []
    for locality in localities:
        parts = tuple(locality.split("/", 2))
        if not all(parts):
            expected = "region, region/zone or region/zone/subzone"
            error_at(findings, record, field, found=quoted(locality), expected=expected)
            continue
        if "*" in locality[:-1]:
            error_at(findings, record, field, found=quoted(locality), expected="* at the end only")
            continue
        prefix = parts[:-1] if parts[-1] == "*" else parts
        for other in seen:
            short = min(len(prefix), len(other))
            if prefix[:short] == other[:short]:
                error_at(findings, record, field, f"{locality!r} overlaps with {'/'.join(other) or '*'!r}")
                break
        seen.append(prefix)
