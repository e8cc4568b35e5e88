"""Short hosts of VirtualServices that are no service: requests that name them do not follow the rules."""

from __future__ import annotations

from meshcore.analysis.context import Context
from meshcore.config.istio.hints import unfollowed
from meshcore.config.istio.names import MESH, expand

__all__ = ["analyze"]


def analyze(ctx: Context) -> None:
    for item in ctx.virtual_services:
        gateways = item.spec.get("gateways").texts
        if gateways and MESH not in gateways:
            continue
        for host in item.spec.get("hosts").texts:
            name = expand(host, item.namespace)
            if not ctx.is_unknown(name):
                continue
            near = ctx.near_host(name)
            if near or name != host.lower():
                message = f"there is no service {name!r}: {unfollowed(host, name)}{near}"
                ctx.report("MC1108", item.spec.get("hosts"), message)
