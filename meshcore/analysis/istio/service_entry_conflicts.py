"""ServiceEntries that give one host and port different protocols."""

from __future__ import annotations

from itertools import chain, islice

from meshcore.analysis.context import Context
from meshcore.analysis.cursor import Cursor
from meshcore.analysis.inventory import NETWORKING, Item
from meshcore.analysis.names import some
from meshcore.analysis.services import ALL, exported_to

__all__ = ["analyze"]

#: So many entries are looked at for their names.
MANY = 20


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
    shared = {
        (host, number): {protocol or "none" for _, _, protocol in found}
        for (scope, host, number), found in uses.items()
        if scope == ALL
    }
    told: set[Item] = set()
    done: set[tuple[str, int]] = set()
    for (scope, host, number), found in uses.items():
        common = uses.get((ALL, host, number), []) if scope != ALL else []
        protocols = {protocol or "none" for _, _, protocol in found}
        protocols |= shared.get((host, number), set())
        if len(protocols) < 2:
            continue
        names = some(dict.fromkeys(it.full_name for it, _, _ in islice(chain(found, common), MANY)))
        listed = ", ".join(sorted(protocols))
        message = f"port {number} of {host!r} has the protocols {listed} in ServiceEntry {names}"
        # Entries for all namespaces come with each of them, but are reported once.
        for entry, port, _ in chain(found, common if (host, number) not in done else ()):
            if entry not in told:
                told.add(entry)
                ctx.report("IST0177", port.get("protocol"), message)
        done.add((host, number))
