"""Short hosts of ServiceEntries: whole names there, so that rules which name them in short mean others."""

from __future__ import annotations

from meshcore.analysis.context import Context
from meshcore.analysis.cursor import Cursor
from meshcore.analysis.inventory import NETWORKING, Item
from meshcore.config.istio.hints import short_entry, unfollowed
from meshcore.config.istio.names import MESH, expand

__all__ = ["analyze"]


def analyze(ctx: Context) -> None:
    for item in ctx.virtual_services:
        told: set[str] = set()
        gateways = item.spec.get("gateways").texts
        if not gateways or MESH in gateways:
            hosts = item.spec.get("hosts")
            for host in hosts.texts:
                outcome = f": {unfollowed(host, expand(host, item.namespace))}"
                _check(ctx, item, hosts, host, outcome, told)
        for to in ctx.destinations(item):
            outcome = f", so {'nothing is mirrored' if to.mirror else 'requests get a 503'}"
            _check(ctx, item, to.where.get("host"), to.host, outcome, told)
    for rule in ctx.inventory.of(NETWORKING, "DestinationRule"):
        where = rule.spec.get("host")
        _check(ctx, rule, where, where.text, ": nothing follows this rule", set())


def _check(ctx: Context, item: Item, where: Cursor, host: str, outcome: str, told: set[str]) -> None:
    """``told``: whole names that were told of this resource."""
    name = expand(host, item.namespace)
    if name in told or name in ctx.registry:
        return
    entry = short_entry(name, ctx.registry)
    if entry:
        told.add(name)
        ctx.report("MC1109", where, f"there is no service {name!r}{outcome}{entry}")
