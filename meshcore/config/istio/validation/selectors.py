"""What policies apply to: workloads by their labels, or resources that they name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from meshcore.config.findings import Findings, quoted
from meshcore.config.istio.schema.common import Selector, TargetReference, WorkloadSelector
from meshcore.config.record import spellings
from meshcore.config.schema import Record, error_at, is_set, warn_at

__all__ = ["check_one_selector", "check_selector", "check_targets"]

_MAX_VALUE = 63
_GATEWAY_API = "gateway.networking.k8s.io"
_TARGETS = frozenset(
    {
        ("", "Service"),
        ("core", "Service"),
        ("networking.istio.io", "ServiceEntry"),
        (_GATEWAY_API, "Gateway"),
        (_GATEWAY_API, "GatewayClass"),
    }
)


def check_selector(selector: Selector | WorkloadSelector | None, findings: Findings) -> None:
    """Selectors compare whole values; one without labels selects everything."""
    if isinstance(selector, Selector):
        _check_labels(selector, "match_labels", selector.match_labels, findings)
    elif selector is not None:
        _check_labels(selector, "labels", selector.labels, findings)


def _check_labels(selector: Record, field: str, labels: Mapping[str, str], findings: Findings) -> None:
    for key, value in labels.items():
        pair = quoted(f"{key}={value}")
        if not key:
            error_at(findings, selector, field, "a label without a key", found=pair)
        if "*" in key or "*" in value:
            error_at(findings, selector, field, "wildcards are not supported in selectors", found=pair)
        if len(value) > _MAX_VALUE:
            error_at(findings, selector, field, found=pair, expected=f"at most {_MAX_VALUE} characters")
    if not labels:
        warn_at(findings, selector, "", "a selector without labels selects every workload of the namespace")


def check_targets(
    spec: Record,
    selector: Selector | None,
    target: TargetReference | None,
    targets: Sequence[TargetReference],
    findings: Findings,
) -> None:
    """A policy's scope: a selector, or what it names, or its whole namespace."""
    check_one_selector(spec, findings, "selector", "target_ref", "target_refs")
    check_selector(selector, findings)
    for reference in (*targets, *([target] if target is not None else ())):
        if reference.namespace:
            error_at(findings, reference, "namespace", "what is named must be of the policy's own namespace")
        if (reference.group, reference.kind) not in _TARGETS:
            found = quoted(f"{reference.group}/{reference.kind}".lstrip("/"))
            expected = (
                f"Service, networking.istio.io/ServiceEntry, {_GATEWAY_API}/Gateway "
                f"or {_GATEWAY_API}/GatewayClass"
            )
            error_at(findings, reference, "kind", found=found, expected=expected)


def check_one_selector(spec: Record, findings: Findings, *fields: str) -> None:
    """Only one of the ways to say what a policy is for may be used."""
    given = [field for field in fields if is_set(spec, field)]
    for field in given[1:]:
        error_at(findings, spec, field, f"cannot be together with {spellings(given[0])[-1]}")
