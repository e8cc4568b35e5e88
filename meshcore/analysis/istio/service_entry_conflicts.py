"""ServiceEntries that give one host and port different protocols."""

from __future__ import annotations

from meshcore.analysis.context import Context
from meshcore.analysis.cursor import Cursor
from meshcore.analysis.inventory import NETWORKING, Item
from meshcore.analysis.names import some
from meshcore.analysis.services import ALL, exported_to

__all__ = ["analyze"]


def analyze(ctx: Context) -> None:
    uses: dict[tuple[str, str, int], list[tuple[Item, Cursor, str]]] = {}
    for entry in ctx.inventory.of(NETWORKING, "ServiceEntry"):
        scopes = exported_to(entry.spec.get("exportTo").texts, entry.namespace)
        ports = [(it, it.get("number").number or 0) for it in entry.spec.get("ports").each()]
        for host in entry.spec.get("hosts").texts:
            for port, number in ports:
                for scope in scopes:
                    protocol = port.get("protocol").text.upper()
                    uses.setdefault((scope, host, number), []).append((entry, port, protocol))
    told: set[Item] = set()
    for (scope, host, number), found in uses.items():
        everyone = found if scope == ALL else [*found, *uses.get((ALL, host, number), ())]
        protocols = sorted({protocol or "none" for _, _, protocol in everyone})
        if len(protocols) < 2:
            continue
        names = some(sorted({entry.full_name for entry, _, _ in everyone}))
        for entry, port, _ in everyone:
            if entry not in told:
                told.add(entry)
                message = (
                    f"port {number} of {host!r} has the protocols {', '.join(protocols)} "
                    f"in ServiceEntry {names}"
                )
                ctx.report("IST0177", port.get("protocol"), message)
