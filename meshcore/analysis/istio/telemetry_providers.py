"""Providers of Telemetry resources: missing, or no longer supported."""

from __future__ import annotations

from meshcore.analysis.context import Context
from meshcore.analysis.inventory import TELEMETRY

__all__ = ["analyze_lightstep", "analyze_providers"]


def analyze_providers(ctx: Context) -> None:
    """Access logging needs a provider, here or as the mesh's default."""
    if ctx.mesh.at("defaultProviders", "accessLogging").texts:
        return
    for telemetry in ctx.inventory.of(TELEMETRY, "Telemetry"):
        for logging in telemetry.spec.get("accessLogging").each():
            named = any(True for _ in logging.get("providers").each())
            if logging.get("disabled").text != "true" and not named:
                message = "has no effect: there are no providers here, and the mesh has no default"
                ctx.report("IST0157", logging, message)


def analyze_lightstep(ctx: Context) -> None:
    """The Lightstep provider is deprecated."""
    deprecated = {
        provider.get("name").text
        for provider in ctx.mesh.get("extensionProviders").each()
        if provider.get("lightstep")
    }
    for telemetry in ctx.inventory.of(TELEMETRY, "Telemetry") if deprecated else ():
        for tracing in telemetry.spec.get("tracing").each():
            for provider in tracing.get("providers").each():
                name = provider.get("name").text
                if name in deprecated:
                    message = f"the Lightstep provider {name!r} is deprecated; use an OpenTelemetry provider"
                    ctx.report("IST0002", provider, message)
