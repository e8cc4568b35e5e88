"""Hosts of VirtualServices that are no service, but nearly: no request asks for them."""

from __future__ import annotations

from meshcore.analysis.context import Context
from meshcore.config.istio.names import MESH, expand, split_host

__all__ = ["analyze"]


def analyze(ctx: Context) -> None:
    """Only what looks like a slip is told: rules may well be for a host that no service has."""
    for item in ctx.virtual_services:
        gateways = item.spec.get("gateways").texts
        if gateways and MESH not in gateways:
            continue
        for host in item.spec.get("hosts").texts:
            name = expand(host, item.namespace)
            if name in ctx.services.names or name in ctx.registry or split_host(name) is None:
                continue
            near = ctx.near_host(name)
            if near:
                message = f"there is no service {name!r}: these rules are for it alone{near}"
                ctx.report("MC1108", item.spec.get("hosts"), message)
