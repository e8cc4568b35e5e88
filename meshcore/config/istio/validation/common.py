"""Checks that several kinds share: names, labels, durations, ports, visibility."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence

from meshcore.config.findings import Findings, quoted
from meshcore.config.schema import Record, error_at, node_of, warn_at
from meshcore.config.tree import SequenceNode

__all__ = [
    "check_duration",
    "check_export_to",
    "check_labels",
    "check_percent",
    "check_port",
    "check_subnets",
    "check_wildcard_selector",
    "has_items",
    "is_domain",
    "is_label",
    "is_wildcard_domain",
]

_LABEL = re.compile(r"[a-zA-Z0-9](?:[-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?\Z")
_FIRST = re.compile(r"(?:\*|\*?-?[a-zA-Z0-9](?:[-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?)\Z")
_LABEL_VALUE = re.compile(r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?\Z")
_MAX_DOMAIN = 255
_MS = 0.001


def is_label(text: str) -> bool:
    """Whether a text is one label of a host name."""
    return _LABEL.match(text) is not None


def is_domain(text: str) -> bool:
    """Whether a text is a host name without wildcards."""
    return not text.startswith("*") and is_wildcard_domain(text)


def is_wildcard_domain(text: str) -> bool:
    """Whether a text is a host name of which the first label may be, or begin with, a wildcard."""
    if not text or len(text) > _MAX_DOMAIN:
        return False
    first, *rest = text.split(".")
    if rest and not rest[-1]:  # a trailing dot
        rest.pop()
    last = rest[-1] if rest else first
    return (
        _FIRST.match(first) is not None
        and not first.startswith("-")
        and not last.isdigit()
        and all(_LABEL.match(label) for label in rest)
    )


def has_items(record: Record, field: str) -> bool:
    """Whether the document's list has items, be they good or bad (bad ones are not in the record)."""
    node = node_of(record, field)
    return isinstance(node, SequenceNode) and len(node) > 0


def check_duration(findings: Findings, record: Record, *fields: str, zero: bool = False) -> None:
    """Durations are whole milliseconds, at least one; ``zero`` where 0s has a meaning of its own."""
    for field in fields:
        value = getattr(record, field)
        if value is None or (zero and value == 0):
            continue
        ticks = value / _MS
        if value < _MS or abs(ticks - round(ticks)) > 1e-6:
            expected = "0s or whole milliseconds" if zero else "whole milliseconds, at least 1ms"
            error_at(
                findings, record, field, found=f"{value:.9f}".rstrip("0").rstrip(".") + "s", expected=expected
            )


def check_percent(findings: Findings, record: Record, field: str, value: float) -> None:
    if not 0 <= value <= 100:
        error_at(findings, record, field, found=f"{value:g}", expected="a percentage from 0 to 100")


def check_port(findings: Findings, record: Record, field: str, number: int) -> None:
    if not 1 <= number <= 65535:
        error_at(findings, record, field, found=str(number), expected="a port from 1 to 65535")


def check_labels(findings: Findings, record: Record, field: str, labels: Mapping[str, str]) -> None:
    """Label keys and values as Kubernetes has them."""
    for key, value in labels.items():
        prefix, slash, name = key.rpartition("/")
        if not name or not _LABEL_VALUE.match(name) or (slash and not is_domain(prefix)):
            error_at(findings, record, field, found=quoted(key), expected="the key of a label")
        elif not _LABEL_VALUE.match(value):
            error_at(
                findings,
                record,
                field,
                f"label {key!r}",
                found=quoted(value),
                expected="the value of a label",
            )


def check_wildcard_selector(
    findings: Findings, record: Record, field: str, labels: Mapping[str, str]
) -> None:
    """Selectors compare whole values; one without labels selects everything."""
    for key, value in labels.items():
        if not key:
            error_at(findings, record, field, "a label without a key")
        if "*" in key or "*" in value:
            error_at(
                findings,
                record,
                field,
                "wildcards are not supported in selectors",
                found=quoted(f"{key}={value}"),
            )
    if not labels:
        warn_at(findings, record, "", "a selector without labels selects every workload of the namespace")


def check_subnets(findings: Findings, record: Record, field: str, subnets: Sequence[str]) -> None:
    for subnet in subnets:
        try:
            ipaddress.ip_network(subnet, strict=False)
        except ValueError:
            error_at(
                findings,
                record,
                field,
                found=quoted(subnet),
                expected="an IP address or a range such as 10.0.0.0/8",
            )


def check_export_to(
    findings: Findings, record: Record, export_to: Sequence[str], namespace: str, *, none: bool = False
) -> None:
    """``*``, ``.`` or namespaces; ``none`` allows ``~``, nobody."""
    seen: set[str] = set()
    for entry in export_to:
        key = namespace if entry == "." else entry
        if key in seen:
            error_at(findings, record, "export_to", f"{entry!r} is there twice (. is the own namespace)")
        seen.add(key)
        if entry in ("*", ".") or (none and entry == "~"):
            continue
        if not is_label(entry):
            error_at(findings, record, "export_to", found=quoted(entry), expected="*, . or a namespace")
    for alone in ("*", "~"):
        if alone in export_to and len(export_to) > 1:
            error_at(findings, record, "export_to", f"{alone!r} must stand alone")
