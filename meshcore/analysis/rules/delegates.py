"""Delegation that comes to nothing: delegates that are not there, that nobody names, or that conflict."""

from __future__ import annotations

from meshcore.analysis.context import Context
from meshcore.config.findings import Findings
from meshcore.config.istio.delegates import merge_delegates
from meshcore.config.istio.names import DOMAIN
from meshcore.config.istio.schema.virtual_service import VirtualService

__all__ = ["analyze"]


def analyze(ctx: Context) -> None:
    found = Findings()
    services = ctx.resources.of("VirtualService", VirtualService)
    # What the mesh exports by default may be less: then something is not reported.
    merge_delegates(services, found, domain=DOMAIN, default_export=("*",))
    for finding in found.warnings:
        ctx.findings.add(finding)
