"""AuthorizationPolicies for workloads or namespaces that are not there."""

from __future__ import annotations

from meshcore.analysis.context import Context
from meshcore.analysis.inventory import CORE, SECURITY, Item
from meshcore.analysis.workloads import selector_text

__all__ = ["analyze"]


def analyze(ctx: Context) -> None:
    namespaces = [item.name for item in ctx.inventory.of(CORE, "Namespace")]
    lower = {name.lower() for name in namespaces}
    for policy in ctx.inventory.of(SECURITY, "AuthorizationPolicy"):
        _check_workloads(ctx, policy)
        for rule in policy.spec.get("rules").each():
            for origin in rule.get("from").each():
                for field in ("namespaces", "notNamespaces"):
                    for where in origin.at("source", field).each():
                        if where.text and not _known(where.text.lower(), lower):
                            hint = ctx.hints.near(where.text, namespaces)
                            ctx.report("IST0101", where, f"there is no namespace {where.text!r}{hint}")


def _check_workloads(ctx: Context, policy: Item) -> None:
    where = policy.spec.get("selector")
    labels = where.get("matchLabels").labels
    everywhere = policy.namespace == ctx.root_namespace
    if everywhere and not where:
        return
    for workload in ctx.workloads.select(labels, None if everywhere else policy.namespace):
        if workload.ambient or workload.in_mesh(ctx.namespace(workload.namespace)):
            return
    place = "in the mesh" if everywhere else f"of namespace {policy.namespace!r} is in the mesh"
    subject = f"no workload with the labels {selector_text(labels)}" if labels else "no workload"
    ctx.report("IST0127", where if where else policy.metadata.get("name"), f"{subject} {place}")


def _known(pattern: str, names: set[str]) -> bool:
    if pattern == "*":
        return bool(names)
    if pattern.startswith("*"):
        return any(name.endswith(pattern[1:]) for name in names)
    if pattern.endswith("*"):
        return any(name.startswith(pattern[:-1]) for name in names)
    return pattern in names
