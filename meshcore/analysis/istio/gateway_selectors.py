"""Policies that select the pods of a Kubernetes Gateway by labels, which does not reach them."""

from __future__ import annotations

from meshcore.analysis.context import Context
from meshcore.analysis.inventory import SECURITY, TELEMETRY

__all__ = ["analyze"]

GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name"
_POLICIES = (
    (SECURITY, "AuthorizationPolicy"),
    (SECURITY, "RequestAuthentication"),
    (TELEMETRY, "Telemetry"),
    ("extensions.istio.io", "WasmPlugin"),
)


def analyze(ctx: Context) -> None:
    for group, kind in _POLICIES:
        for policy in ctx.inventory.of(group, kind):
            selector = policy.spec.get("selector")
            if not selector or policy.spec.get("targetRef") or policy.spec.get("targetRefs"):
                continue
            for workload in ctx.workloads.select(selector.get("matchLabels").labels, policy.namespace):
                gateway = workload.labels.get(GATEWAY_NAME)
                if gateway is not None:
                    message = f"the selector has no effect on Gateway {gateway!r}; name it in targetRefs"
                    ctx.report("IST0166", selector, message)
