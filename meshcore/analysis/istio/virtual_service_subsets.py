"""Subsets that VirtualServices name and no DestinationRule defines."""

from __future__ import annotations

from meshcore.analysis.context import Context
from meshcore.analysis.inventory import NETWORKING
from meshcore.config.istio.names import HostMap, expand

__all__ = ["analyze"]


def analyze(ctx: Context) -> None:
    subsets: HostMap[set[str]] = HostMap()
    for rule in ctx.inventory.of(NETWORKING, "DestinationRule"):
        names = subsets.setdefault(expand(rule.spec.get("host").text, rule.namespace), set())
        names.update(it.get("name").text for it in rule.spec.get("subsets").each())
    for item in ctx.virtual_services:
        for to in ctx.destinations(item):
            if not to.subset:
                continue
            host = expand(to.host, item.namespace)
            groups = [names for _, names in subsets.matches(host)]
            if not any(to.subset in names for names in groups):
                outcome = "nothing is mirrored" if to.mirror else "requests get a 503"
                hint = next(filter(None, (ctx.hints.near(to.subset, names) for names in groups)), "")
                message = f"no DestinationRule of {host!r} has a subset {to.subset!r}: {outcome}{hint}"
                ctx.report("IST0101", to.where.get("subset"), message)
