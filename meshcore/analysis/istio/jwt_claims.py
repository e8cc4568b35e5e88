"""Rules that match JWT claims at gateways where no RequestAuthentication verifies tokens."""

from __future__ import annotations

import re

from meshcore.analysis.context import Context
from meshcore.analysis.cursor import Cursor
from meshcore.analysis.inventory import NETWORKING, SECURITY, Item
from meshcore.analysis.istio.virtual_service_gateways import full_gateway_name
from meshcore.config.istio.names import MESH

__all__ = ["analyze"]

_CLAIM = re.compile(r"@request\.auth\.claims(\..+|\[.+\])\Z", re.IGNORECASE | re.DOTALL)
ISTIO_SYSTEM = "istio-system"


def analyze(ctx: Context) -> None:
    verified: dict[str, list[dict[str, str]]] = {}
    for authentication in ctx.inventory.of(SECURITY, "RequestAuthentication"):
        labels = authentication.spec.at("selector", "matchLabels").labels
        verified.setdefault(authentication.namespace, []).append(labels)
    for item in ctx.virtual_services:
        where = _claim(item)
        if where is None:
            continue
        for name in item.spec.get("gateways").texts:
            gateway = ctx.inventory.find(NETWORKING, "Gateway", full_gateway_name(name, item.namespace))
            if name == MESH or gateway is None:
                continue
            for workload in ctx.workloads.select(gateway.spec.get("selector").labels):
                selectors = (*verified.get(ISTIO_SYSTEM, ()), *verified.get(workload.namespace, ()))
                if not any(selector.items() <= workload.labels.items() for selector in selectors):
                    message = (
                        f"no RequestAuthentication verifies tokens at the workload {workload.name!r} "
                        f"of Gateway {gateway.full_name}: the claim is never there"
                    )
                    ctx.report("IST0149", where, message)


def _claim(item: Item) -> Cursor | None:
    """The first condition on a claim."""
    for rule in item.spec.get("http").each():
        for match in rule.get("match").each():
            for field in ("headers", "withoutHeaders"):
                for name, where in match.get(field).entries():
                    if _CLAIM.match(name):
                        return where
    return None
