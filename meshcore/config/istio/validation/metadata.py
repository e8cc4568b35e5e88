"""Annotations that mean something to Istio's validation, and our own."""

from __future__ import annotations

from typing import TypeVar

from meshcore.config.findings import Findings, quoted
from meshcore.config.istio.concurrency import check_concurrency
from meshcore.config.istio.health_check import check_health_check
from meshcore.config.istio.resources import Resource
from meshcore.config.istio.schema.security import Action, AuthorizationPolicy
from meshcore.config.istio.sticky import check_sticky
from meshcore.config.schema import Record, error_at

__all__ = ["check_metadata"]

S = TypeVar("S", bound=Record)

DRY_RUN = "istio.io/dry-run"
#: What Go's strconv.ParseBool takes.
_BOOLEANS = frozenset({"1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"})
#: Set by Istio itself; from outside they would claim what is not so.
_INTERNAL = (
    "internal.istio.io/parents",
    "internal.istio.io/parent-namespace",
    "internal.istio.io/webhook-always-reject",
)


def check_metadata(resource: Resource[S], findings: Findings) -> None:
    metadata = resource.metadata
    for name in _INTERNAL:
        if name in metadata.annotations:
            error_at(findings, metadata, "annotations", f"{name!r} may not be set")
    check_sticky(resource, findings)
    check_health_check(resource, findings)
    check_concurrency(resource, findings)
    if DRY_RUN not in metadata.annotations:
        return
    spec, value = resource.spec, metadata.annotations[DRY_RUN]
    if not isinstance(spec, AuthorizationPolicy):
        message = f"{DRY_RUN!r} is for AuthorizationPolicy only"
        error_at(findings, metadata, "annotations", message)
    elif spec.action not in (Action.ALLOW, Action.DENY):
        message = f"{DRY_RUN!r} is not supported for action {spec.action.name}"
        error_at(findings, metadata, "annotations", message, expected="ALLOW or DENY")
    elif value not in _BOOLEANS:
        error_at(
            findings,
            metadata,
            "annotations",
            f"{DRY_RUN!r}",
            found=quoted(value),
            expected='"true" or "false"',
        )
