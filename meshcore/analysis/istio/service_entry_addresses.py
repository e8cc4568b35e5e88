"""TCP ports of ServiceEntries that nothing but a port number tells apart."""

from __future__ import annotations

from meshcore.analysis.context import Context
from meshcore.analysis.inventory import NETWORKING

__all__ = ["analyze"]


def analyze(ctx: Context) -> None:
    proxy = ctx.mesh.at("defaultConfig", "proxyMetadata").labels
    if proxy.get("ISTIO_META_DNS_CAPTURE") == "true" and "true" in (
        proxy.get("ISTIO_META_DNS_AUTO_ALLOCATE"),
        proxy.get("PILOT_ENABLE_IP_AUTOALLOCATE"),
    ):
        return
    for entry in ctx.inventory.of(NETWORKING, "ServiceEntry"):
        allocated = any(True for _ in entry.root.at("status", "addresses").each())
        if allocated or any(True for _ in entry.spec.get("addresses").each()):
            continue
        for port in entry.spec.get("ports").each():
            if port.get("protocol").text.upper() in ("", "TCP"):
                number = port.get("number").text
                message = (
                    f"without addresses, TCP port {number} of these hosts cannot be told from port {number} "
                    "of others"
                )
                ctx.report("IST0134", port, message)
