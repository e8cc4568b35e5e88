"""Fields and types that Istio has deprecated or removed."""

from __future__ import annotations

from meshcore.analysis.context import Context
from meshcore.analysis.inventory import NETWORKING

__all__ = ["analyze"]

_REMOVED = frozenset({"ClusterRbacConfig", "RbacConfig", "ServiceRole", "ServiceRoleBinding"})


def analyze(ctx: Context) -> None:
    for item in ctx.virtual_services:
        for rule in item.spec.get("http").each():
            percent = rule.at("fault", "delay", "percent")
            if (percent.number or 0) > 0:
                ctx.report("IST0002", percent, "deprecated", expected="fault.delay.percentage.value")
    for sidecar in ctx.inventory.of(NETWORKING, "Sidecar"):
        proxy = sidecar.spec.at("outboundTrafficPolicy", "egressProxy")
        if proxy:
            ctx.report("IST0002", proxy, "deprecated, and ignored")
    for definition in ctx.inventory.of("apiextensions.k8s.io", "CustomResourceDefinition"):
        kind = definition.spec.at("names", "kind")
        if definition.spec.get("group").text == "rbac.istio.io" and kind.text in _REMOVED:
            message = f"Istio has no {kind.text} any more; AuthorizationPolicy is in its place"
            ctx.report("IST0002", kind, message)
