"""Routes, Gateways and backends of the Gateway API that lead nowhere."""

from __future__ import annotations

from meshcore.analysis.context import Context
from meshcore.config.findings import Findings
from meshcore.config.istio.gateway_api.derive import derive
from meshcore.config.istio.gateway_api.hints import check_served

__all__ = ["analyze"]


def analyze(ctx: Context) -> None:
    found = Findings()
    check_served(ctx.resources, derive(ctx.resources, ctx.registry), found, mesh=False)
    for finding in found.warnings:
        # What has no code is about serving the documents here, not about the documents.
        if finding.code:
            ctx.findings.add(finding)
