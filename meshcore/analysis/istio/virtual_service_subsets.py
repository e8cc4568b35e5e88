"""Subsets that VirtualServices name and no DestinationRule defines."""

from __future__ import annotations

from meshcore.analysis.context import Context
from meshcore.analysis.inventory import NETWORKING
from meshcore.config.findings import did_you_mean
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
            known = {name for _, names in subsets.matches(host) for name in names}
            if to.subset not in known:
                outcome = "nothing is mirrored" if to.mirror else "requests get a 503"
                hint = did_you_mean(to.subset, known)
                message = f"no DestinationRule of {host!r} has a subset {to.subset!r}: {outcome}{hint}"
                ctx.report("IST0101", to.where.get("subset"), message)
