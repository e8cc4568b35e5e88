"""Sidecars and Telemetry resources that compete for the same workloads."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from meshcore.analysis.context import Context
from meshcore.analysis.cursor import Cursor
from meshcore.analysis.inventory import NETWORKING, TELEMETRY, Item
from meshcore.analysis.names import some
from meshcore.analysis.workloads import Workload, in_ambient_mode, selector_text

__all__ = ["analyze_sidecars", "analyze_telemetry_defaults", "analyze_telemetry_selectors"]

AMBIENT = "has no effect: the selected workload is in ambient mode"


def analyze_sidecars(ctx: Context) -> None:
    """One Sidecar for a workload, and one without a selector for a namespace."""
    sidecars = list(ctx.inventory.of(NETWORKING, "Sidecar"))
    selecting, general = _split(sidecars, _sidecar_selector)
    told: set[Item] = set()
    for workload, rivals in _by_workload(ctx, selecting, _sidecar_selector).values():
        rivalry = _rivalry("Sidecars", rivals, workload)
        for sidecar in rivals:
            where = sidecar.spec.get("workloadSelector")
            if workload.ambient:
                if sidecar not in told:
                    ctx.report("IST0167", where, AMBIENT)
                told.add(sidecar)
            elif len(rivals) > 1:
                ctx.report("IST0110", where, rivalry)
    for namespace, items in _by_namespace(general).items():
        if in_ambient_mode(ctx.namespace(namespace)):
            for sidecar in items:
                where = sidecar.metadata.get("name")
                ctx.report("IST0167", where, "has no effect: the namespace is in ambient mode")
        else:
            _too_many(ctx, "IST0111", "Sidecars", items)


def analyze_telemetry_selectors(ctx: Context) -> None:
    """One Telemetry resource with a selector for a workload."""
    selecting, _ = _split(ctx.inventory.of(TELEMETRY, "Telemetry"), _telemetry_selector)
    for workload, rivals in _by_workload(ctx, selecting, _telemetry_selector).values():
        rivalry = _rivalry("Telemetry resources", rivals, workload)
        for telemetry in rivals if len(rivals) > 1 else ():
            ctx.report("IST0159", telemetry.spec.get("selector"), rivalry)


def analyze_telemetry_defaults(ctx: Context) -> None:
    """One Telemetry resource without a selector for a namespace."""
    general = [it for it in ctx.inventory.of(TELEMETRY, "Telemetry") if not it.spec.get("selector")]
    for items in _by_namespace(general).values():
        _too_many(ctx, "IST0160", "Telemetry resources", items)


def _sidecar_selector(item: Item) -> Cursor:
    return item.spec.at("workloadSelector", "labels")


def _telemetry_selector(item: Item) -> Cursor:
    return item.spec.at("selector", "matchLabels")


def _split(items: Iterable[Item], selector: Callable[[Item], Cursor]) -> tuple[list[Item], list[Item]]:
    selecting: list[Item] = []
    general: list[Item] = []
    for item in items:
        (selecting if selector(item).labels else general).append(item)
    return selecting, general


def _by_workload(
    ctx: Context, items: Iterable[Item], selector: Callable[[Item], Cursor]
) -> dict[int, tuple[Workload, list[Item]]]:
    """The items that select each workload; those that select none are reported."""
    found: dict[int, tuple[Workload, list[Item]]] = {}
    for item in items:
        where = selector(item)
        labels = where.labels
        matched = False
        for workload in ctx.workloads.select(labels, item.namespace):
            matched = True
            found.setdefault(id(workload), (workload, []))[1].append(item)
        if not matched:
            message = f"no workload of the namespace has the labels {selector_text(labels)}"
            ctx.report("IST0101", where, message)
    return found


def _by_namespace(items: Iterable[Item]) -> dict[str, list[Item]]:
    found: dict[str, list[Item]] = {}
    for item in items:
        found.setdefault(item.namespace, []).append(item)
    return found


def _rivalry(what: str, rivals: list[Item], workload: Workload) -> str:
    names = some(sorted(it.name for it in rivals))
    return f"the {what} {names} all select the workload {workload.name!r}; which one counts is undefined"


def _too_many(ctx: Context, code: str, what: str, items: list[Item]) -> None:
    names = some(sorted(it.name for it in items))
    for item in items if len(items) > 1 else ():
        where = f"the {what} {names} of namespace {item.namespace!r} have no selector"
        message = f"{where}; which one counts is undefined"
        ctx.report(code, item.metadata.get("name"), message)
