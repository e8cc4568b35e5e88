"""Patches of EnvoyFilters that are ignored, or that depend on the order of others."""

from __future__ import annotations

from meshcore.analysis.context import Context
from meshcore.analysis.cursor import Cursor
from meshcore.analysis.inventory import NETWORKING

__all__ = ["analyze"]

_ROUTES = ("ROUTE_CONFIGURATION", "HTTP_ROUTE")
_REPLACEABLE = ("NETWORK_FILTER", "HTTP_FILTER", "VIRTUAL_HOST")
_RELATIVE = (
    "without a priority, {} may come before what it is relative to; set one, or use INSERT_FIRST or ADD"
)


def analyze(ctx: Context) -> None:
    #: Names of what earlier patches for one proxy version are about.
    versioned: set[str] = set()
    for item in ctx.inventory.of(NETWORKING, "EnvoyFilter"):
        priority = item.spec.get("priority").number or 0
        for config in item.spec.get("configPatches").each():
            patch = config.get("patch")
            if not patch:
                break
            _check(ctx, config, priority, versioned)
            if config.at("match", "proxy", "proxyVersion").text:
                versioned.add(_subject(config))


def _check(ctx: Context, config: Cursor, priority: int, versioned: set[str]) -> None:
    operation, target = config.at("patch", "operation"), config.get("applyTo").text
    match operation.text:
        case "ADD":
            if target in _ROUTES:
                ctx.report("IST0153", operation, f"ADD is ignored for {target}")
            return
        case "REMOVE" if target in _ROUTES:
            ctx.report("IST0154", operation, f"REMOVE is ignored for {target}")
        case "REPLACE" if target not in _REPLACEABLE:
            ctx.report("IST0152", operation, f"REPLACE is ignored for {target}")
        case "REMOVE" | "REPLACE" | "INSERT_BEFORE" | "INSERT_AFTER" if priority == 0:
            if _subject(config) in versioned:
                message = "for a proxy version and " + _RELATIVE.format(operation.text)
                ctx.report("IST0155", operation, message)
            else:
                ctx.report("IST0151", operation, _RELATIVE.format(operation.text))


def _subject(config: Cursor) -> str:
    """What a patch is about: the name in its value, else the filter that it matches."""
    value = config.at("patch", "value")
    if not value:
        return ""
    name = value.get("name").text
    return name or config.at("match", "listener", "filterChain", "filter", "name").text
