"""Subsets that nobody uses, and subsets that none of their service's workloads are in."""

from __future__ import annotations

from meshcore.analysis.context import Context
from meshcore.analysis.inventory import NETWORKING
from meshcore.analysis.workloads import selector_text
from meshcore.config.istio.names import HostMap, expand, is_wildcard
from meshcore.config.istio.resources import same_labels

__all__ = ["analyze_empty", "analyze_unused"]


def analyze_unused(ctx: Context) -> None:
    """A subset's policy applies only where a rule routes to the subset."""
    used: HostMap[set[str]] = HostMap()
    for item in ctx.virtual_services:
        for to in ctx.destinations(item):
            if to.subset:
                used.setdefault(expand(to.host, item.namespace), set()).add(to.subset)
    if not len(used):
        return  # the rules are elsewhere
    for rule in ctx.inventory.of(NETWORKING, "DestinationRule"):
        host = expand(rule.spec.get("host").text, rule.namespace)
        named = used.get(host) or set()
        for subset in rule.spec.get("subsets").each():
            name = subset.get("name")
            if name.text and name.text not in named and not is_wildcard(host):
                policy = " and its trafficPolicy" if subset.get("trafficPolicy") else ""
                message = f"no rule routes to subset {name.text!r}: the subset{policy} has no effect"
                ctx.report("MC1207", name, message)


def analyze_empty(ctx: Context) -> None:
    """Labels that some workloads have, but none that the subset's service selects."""
    for rule in ctx.inventory.of(NETWORKING, "DestinationRule"):
        service = ctx.services.find(rule.spec.get("host").text, rule.namespace)
        if service is None or service.item.kind != "Service":
            continue
        selector = service.item.spec.get("selector").labels
        if not selector or not ctx.workloads.any(selector, service.item.namespace):
            continue
        for subset in rule.spec.get("subsets").each():
            labels = subset.get("labels").labels
            if not labels or not ctx.workloads.any(labels):
                continue  # IST0173 says so
            if ctx.workloads.any({**labels, **selector}, service.item.namespace):
                continue
            if not _has_endpoint(ctx, service.host, labels):
                message = (
                    f"none of the workloads of {service.host!r} has the labels {selector_text(labels)} "
                    f"of subset {subset.get('name').text!r}: requests to it get a 503"
                )
                ctx.report("MC1301", subset.get("labels"), message)


def _has_endpoint(ctx: Context, host: str, labels: dict[str, str]) -> bool:
    return any(
        same_labels(labels, it.labels) for service in ctx.registry.get(host) for it in service.workloads
    )
