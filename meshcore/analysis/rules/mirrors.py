"""Mirrors that send the copy to where the request goes anyway."""

from __future__ import annotations

from meshcore.analysis.context import Context
from meshcore.analysis.cursor import Cursor
from meshcore.config.istio.names import expand

__all__ = ["analyze"]


def analyze(ctx: Context) -> None:
    for item in ctx.virtual_services:
        for rule in item.spec.get("http").each():
            routes = [it.get("destination") for it in rule.get("route").each()]
            if len(routes) != 1:
                continue
            target = _target(routes[0], item.namespace)
            mirrors = [rule.get("mirror"), *(it.get("destination") for it in rule.get("mirrors").each())]
            for mirror in mirrors:
                if mirror and _target(mirror, item.namespace) == target:
                    message = "the mirror is where the requests go already: it gets each of them twice"
                    ctx.report("MC1206", mirror, message)


def _target(destination: Cursor, namespace: str) -> tuple[str, str, int | None]:
    host = expand(destination.get("host").text, namespace)
    return host, destination.get("subset").text, destination.at("port", "number").number
