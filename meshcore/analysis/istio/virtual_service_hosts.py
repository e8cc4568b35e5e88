"""Hosts that several VirtualServices of the mesh claim."""

from __future__ import annotations

from meshcore.analysis.context import Context
from meshcore.analysis.inventory import Item
from meshcore.analysis.names import some
from meshcore.analysis.order import oldest_first
from meshcore.analysis.services import ALL, Suffixes, exported_to
from meshcore.config.istio.names import MESH, HostMap, expand

__all__ = ["analyze"]


def analyze(ctx: Context) -> None:
    scopes: dict[str, HostMap[dict[Item, None]]] = {}
    for item in ctx.virtual_services:
        gateways = item.spec.get("gateways").texts
        if gateways and MESH not in gateways:
            continue
        for scope in exported_to(item.spec.get("exportTo").texts, item.namespace):
            hosts = scopes.setdefault(scope, HostMap())
            for host in item.spec.get("hosts").texts:
                hosts.setdefault(expand(host, item.namespace), {})[item] = None
    everywhere = scopes.get(ALL) or HostMap()
    below = Suffixes(everywhere)
    told: set[Item] = set()
    for scope, hosts in scopes.items():
        for host in hosts:
            rivals = dict(hosts.get(host) or {})
            if scope != ALL:
                for other in [*(name for name, _ in everywhere.matches(host)), *below.of(host)]:
                    rivals |= everywhere.get(other) or {}
            if len(rivals) > 1:
                _report(ctx, host, list(rivals), told)


def _report(ctx: Context, host: str, rivals: list[Item], told: set[Item]) -> None:
    first, *_ = ordered = oldest_first(rivals)
    for item in ordered:
        if item in told:
            continue
        told.add(item)
        others = some(it.full_name for it in ordered if it is not item)
        outcome = (
            "it is the oldest and decides" if item is first else f"the oldest, {first.full_name}, decides"
        )
        message = f"{host!r} is claimed in the mesh by VirtualService {others} too; {outcome} alone"
        ctx.report("IST0109", item.spec.get("hosts"), message)
