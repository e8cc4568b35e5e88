"""Gateways that bind the same host and port of the same workloads."""

from __future__ import annotations

from collections.abc import Iterator

from meshcore.analysis.context import Context
from meshcore.analysis.cursor import Cursor
from meshcore.analysis.inventory import NETWORKING, Item
from meshcore.analysis.names import some
from meshcore.analysis.selection import SelectorIndex

__all__ = ["analyze"]

_Bind = tuple[int, str, str]


def analyze(ctx: Context) -> None:
    binds: dict[_Bind, dict[str, dict[Item, None]]] = {}
    selectors = SelectorIndex()
    chosen: dict[Item, str] = {}
    for gateway in ctx.inventory.of(NETWORKING, "Gateway"):
        text = chosen[gateway] = selectors.add(gateway.spec.get("selector").labels)
        for server in gateway.spec.get("servers").each():
            for key in _binds(server):
                binds.setdefault(key, {}).setdefault(text, {})[gateway] = None
    shared = _shared(ctx, selectors)
    for gateway, text in chosen.items():
        for server in gateway.spec.get("servers").each():
            names = some(_rivals(gateway, server, binds, shared[text]))
            if names:
                number = server.at("port", "number").number or 0
                message = (
                    f"port {number} of the workloads {text or 'of all selectors'} is bound for the same "
                    f"hosts by Gateway {names}; only one of them is served"
                )
                ctx.report("IST0145", server.get("hosts"), message)


def _binds(server: Cursor) -> list[_Bind]:
    number = server.at("port", "number").number or 0
    bind = server.get("bind").text
    return [(number, bind, host) for host in dict.fromkeys(server.get("hosts").texts)]


def _shared(ctx: Context, selectors: SelectorIndex) -> dict[str, dict[str, None]]:
    """For each selector those that have a workload in common with it, as far as one is part of the other."""
    shared: dict[str, dict[str, None]] = {text: {text: None} for text in selectors.selectors}
    for text in selectors.selectors:
        for other in selectors.narrower(text):
            if other != text and ctx.workloads.any(selectors.selectors[other]):
                shared[text][other] = None
                shared[other][text] = None
    return shared


def _rivals(
    gateway: Item, server: Cursor, binds: dict[_Bind, dict[str, dict[Item, None]]], shared: dict[str, None]
) -> Iterator[str]:
    seen = {gateway}
    for key in _binds(server):
        bound = binds[key]
        for text in shared if len(shared) < len(bound) else bound:
            for other in bound.get(text, ()) if text in shared else ():
                if other not in seen:
                    seen.add(other)
                    yield other.full_name
