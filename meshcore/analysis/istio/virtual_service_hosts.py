"""Hosts that several VirtualServices of the mesh claim."""

from __future__ import annotations

from bisect import bisect_left

from meshcore.analysis.context import Context
from meshcore.analysis.inventory import Item
from meshcore.analysis.names import some
from meshcore.analysis.order import oldest_first
from meshcore.analysis.services import ALL, exported_to
from meshcore.config.istio.names import MESH, HostMap, expand, is_wildcard

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
    below = _Suffixes(everywhere)
    told: set[Item] = set()
    for scope, hosts in scopes.items():
        for host in hosts:
            rivals = dict(hosts.get(host) or {})
            if scope != ALL:
                for other in [name for name, _ in everywhere.matches(host)] + below.of(host):
                    rivals |= everywhere.get(other) or {}
            if len(rivals) > 1:
                _report(ctx, host, list(rivals), told)


def _report(ctx: Context, host: str, rivals: list[Item], told: set[Item]) -> None:
    first, *_ = ordered = oldest_first(rivals)
    for item in ordered:
        if item in told:
            continue
        told.add(item)
        others = some(sorted(it.full_name for it in rivals if it is not item))
        outcome = (
            "it is the oldest and decides" if item is first else f"the oldest, {first.full_name}, decides"
        )
        message = f"{host!r} is claimed in the mesh by VirtualService {others} too; {outcome} alone"
        ctx.report("IST0109", item.spec.get("hosts"), message)


class _Suffixes:
    """Finds the hosts below a wildcard without looking at all of them."""

    def __init__(self, hosts: HostMap[dict[Item, None]]) -> None:
        self._reversed = sorted(host[::-1] for host in hosts)

    def of(self, host: str) -> list[str]:
        """The hosts that a wildcard covers; none for other hosts."""
        if not is_wildcard(host):
            return []
        tail = host[:0:-1]
        found = []
        for index in range(bisect_left(self._reversed, tail), len(self._reversed)):
            if not self._reversed[index].startswith(tail):
                break
            found.append(self._reversed[index][::-1])
        return found
