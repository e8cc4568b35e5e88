"""Gateways that bind the same host and port of the same workloads."""

from __future__ import annotations

from meshcore.analysis.context import Context
from meshcore.analysis.cursor import Cursor
from meshcore.analysis.inventory import NETWORKING, Item
from meshcore.analysis.names import some
from meshcore.analysis.workloads import Workloads, selector_text

__all__ = ["analyze"]


def analyze(ctx: Context) -> None:
    binds: dict[tuple[int, str, str], dict[str, dict[Item, None]]] = {}
    selectors: dict[str, dict[str, str]] = {}
    gateways = list(ctx.inventory.of(NETWORKING, "Gateway"))
    for gateway in gateways:
        selector = gateway.spec.get("selector").labels
        text = selector_text(selector)
        selectors[text] = selector
        for server in gateway.spec.get("servers").each():
            for key in _keys(server):
                binds.setdefault(key, {}).setdefault(text, {})[gateway] = None
    shared = _Shared(ctx.workloads, selectors)
    for gateway in gateways:
        text = selector_text(gateway.spec.get("selector").labels)
        for server in gateway.spec.get("servers").each():
            others: dict[str, None] = {}
            for key in _keys(server):
                for other_text, others_there in binds[key].items():
                    if (len(others_there) > 1 or other_text != text) and shared.workloads(text, other_text):
                        others |= dict.fromkeys(it.full_name for it in others_there if it is not gateway)
            if others:
                number = server.at("port", "number").number or 0
                message = (
                    f"port {number} of the workloads {text or 'of all selectors'} is bound for the same "
                    f"hosts by Gateway {some(sorted(others))}; only one of them is served"
                )
                ctx.report("IST0145", server.get("hosts"), message)


def _keys(server: Cursor) -> list[tuple[int, str, str]]:
    number = server.at("port", "number").number or 0
    bind = server.get("bind").text
    return [(number, bind, host) for host in dict.fromkeys(server.get("hosts").texts)]


class _Shared:
    """Whether selectors have a workload in common, as far as one of them is part of the other."""

    def __init__(self, workloads: Workloads, selectors: dict[str, dict[str, str]]) -> None:
        self._workloads = workloads
        self._selectors = selectors
        self._known: dict[tuple[str, str], bool] = {}

    def workloads(self, one: str, other: str) -> bool:
        if one == other:
            return True
        key = (one, other) if one < other else (other, one)
        if key not in self._known:
            first, second = self._selectors[one], self._selectors[other]
            part = first.items() <= second.items() or second.items() <= first.items()
            self._known[key] = part and self._workloads.any({**first, **second})
        return self._known[key]
