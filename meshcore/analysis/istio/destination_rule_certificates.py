"""TLS to servers whose identity is not verified."""

from __future__ import annotations

from meshcore.analysis.context import Context
from meshcore.analysis.cursor import Cursor
from meshcore.analysis.inventory import NETWORKING

__all__ = ["analyze"]


def analyze(ctx: Context) -> None:
    for rule in ctx.inventory.of(NETWORKING, "DestinationRule"):
        policy = rule.spec.get("trafficPolicy")
        selects = bool(rule.spec.get("workloadSelector"))
        host = rule.spec.get("host").text
        if _unverified(policy.get("tls"), selects):
            message = f"tls without caCertificates: any server may pose as {host!r}"
            ctx.report("IST0128", policy.at("tls", "mode"), message)
        for setting in policy.get("portLevelSettings").each():
            if _unverified(setting.get("tls"), selects):
                port = setting.at("port", "number").text
                message = f"tls of port {port} without caCertificates: any server may pose as {host!r}"
                ctx.report("IST0129", setting.at("tls", "mode"), message)


def _unverified(tls: Cursor, selects: bool) -> bool:
    if tls.get("mode").text not in ("SIMPLE", "MUTUAL") or tls.get("caCertificates").text:
        return False
    # A credential brings its own certificates, but reaches sidecars only by a workload selector.
    return not (tls.get("credentialName").text and selects)
