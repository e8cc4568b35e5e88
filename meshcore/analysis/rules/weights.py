"""Weights that do not say what they seem to."""

from __future__ import annotations

from meshcore.analysis.context import Context
from meshcore.analysis.cursor import Cursor

__all__ = ["analyze"]


def analyze(ctx: Context) -> None:
    for item in ctx.virtual_services:
        for role in ("http", "tls", "tcp"):
            for rule in item.spec.get(role).each():
                _check(ctx, rule.get("route"))


def _check(ctx: Context, route: Cursor) -> None:
    destinations = list(route.each())
    weights = [it.get("weight") for it in destinations]
    numbers = [it.number or 0 for it in weights]
    if len(destinations) == 1 and weights[0] and numbers[0] == 0:
        message = "the only destination takes all requests, whatever its weight"
        ctx.report("MC1201", weights[0], message, found="weight: 0")
    total = sum(numbers)
    if len(destinations) > 1 and total not in (0, 100):
        shares = ", ".join(f"{100 * number / total:.3g} %" for number in numbers)
        ctx.report("MC1202", route, f"the weights add up to {total}: the shares are {shares}")
