"""Local rate limits that limit nothing."""

from __future__ import annotations

from collections.abc import Iterator

from meshcore.analysis.context import Context
from meshcore.analysis.cursor import Cursor
from meshcore.analysis.inventory import NETWORKING

__all__ = ["analyze"]

_TYPE = "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit"
_SHARES = (("filterEnabled", "looks at no request"), ("filterEnforced", "refuses none"))


def analyze(ctx: Context) -> None:
    """Limits in EnvoyFilters. In Envoy's own documents the loader finds them (MC1003)."""
    for item in ctx.inventory.of(NETWORKING, "EnvoyFilter"):
        for config in item.spec.get("configPatches").each():
            if config.at("patch", "operation").text == "MERGE":
                continue  # what it is merged into may have the rest
            for limit in _limits(config.at("patch", "value")):
                _check(ctx, limit)


def _limits(value: Cursor) -> Iterator[Cursor]:
    """The limits anywhere below a value: of a filter, or of a route's or virtual host's settings for it."""
    found = _limit(value)
    if found is not None:
        yield found
        return
    for _, child in value.entries():
        yield from _limits(child)
    for child in value.each():
        yield from _limits(child)


def _limit(value: Cursor) -> Cursor | None:
    """Its fields, whether they are written down plainly or as a TypedStruct."""
    if value.get("@type").text.endswith(_TYPE):
        return value
    return value.get("value") if value.get("typeUrl").text.endswith(_TYPE) else None


def _check(ctx: Context, limit: Cursor) -> None:
    if not limit.get("tokenBucket") and not limit.get("descriptors"):
        return  # such a filter is there for the routes that have limits
    for field, effect in _SHARES:
        if not limit.get(field):
            name = "filter_enabled" if field == "filterEnabled" else "filter_enforced"
            message = f"{name} is missing, which means 0 %: the limit {effect}"
            ctx.report("MC1209", limit, message)
            return
