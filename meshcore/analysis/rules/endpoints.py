"""Destinations without endpoints, and outlier detection that cannot eject any."""

from __future__ import annotations

from meshcore.analysis.context import Context
from meshcore.analysis.cursor import Cursor
from meshcore.analysis.inventory import CORE, NETWORKING
from meshcore.config.ejection import DEFAULT_PERCENT, idle_clusters, never_ejects
from meshcore.config.istio.names import expand, kubernetes_host
from meshcore.model import Discovery

__all__ = ["analyze_ejection", "analyze_missing"]


def analyze_missing(ctx: Context) -> None:
    """Envoy clusters that list no endpoint, and services that the endpoints file leaves out."""
    for cluster in ctx.config.clusters if ctx.config else ():
        listed = any(group.endpoints for group in cluster.localities)
        if cluster.discovery is not Discovery.EDS and not listed and cluster.origin is not None:
            ctx.report(
                "MC1302", cluster.origin, f"cluster {cluster.name!r} has no endpoint: requests get a 503"
            )
    if not ctx.expects_endpoints:
        return
    for item in ctx.inventory.of(CORE, "Service"):
        if item.builtin or item.spec.get("type").text == "ExternalName":
            continue
        host = kubernetes_host(item.name, item.namespace).lower()
        if not any(service.workloads for service in ctx.registry.get(host)):
            message = f"no endpoints are known for {host}: requests get a 503"
            ctx.report("MC1302", item.metadata.get("name"), message)
    for host in ctx.registry.hosts:
        for service in ctx.registry.get(host):
            if ctx.is_extra(host) and not service.workloads and service.origin is not None:
                ctx.report("MC1302", service.origin, f"no endpoints are known for {host}: requests get a 503")


def analyze_ejection(ctx: Context) -> None:
    """With few endpoints, a small maxEjectionPercent allows none of them to be ejected."""
    for rule in ctx.inventory.of(NETWORKING, "DestinationRule"):
        where = rule.spec.at("trafficPolicy", "outlierDetection")
        if not where:
            continue
        host = expand(rule.spec.get("host").text, rule.namespace)
        percent = where.get("maxEjectionPercent").number or DEFAULT_PERCENT
        if message := never_ejects(host, ctx.registry.count(host), percent):
            stated: Cursor = where.get("maxEjectionPercent")
            ctx.report("MC1208", stated if stated else where, message)
    for origin, message in idle_clusters(ctx.config) if ctx.config else ():
        ctx.report("MC1208", origin, message)
