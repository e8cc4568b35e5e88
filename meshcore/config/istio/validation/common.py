"""Checks that several kinds share: labels, durations, ports, addresses, visibility."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from meshcore.config.findings import Findings, quoted
from meshcore.config.istio.validation.names import is_label, is_label_key, is_label_value, is_network
from meshcore.config.istio.workloads import UNIX
from meshcore.config.schema import Record, error_at, node_of
from meshcore.config.tree import SequenceNode

__all__ = [
    "check_duration",
    "check_export_to",
    "check_labels",
    "check_networks",
    "check_percent",
    "check_port",
    "check_unix",
    "has_items",
    "require",
]

_MS = 0.001


def has_items(record: Record, field: str) -> bool:
    """Whether the document's list has items, be they good or bad (bad ones are not in the record)."""
    node = node_of(record, field)
    return isinstance(node, SequenceNode) and len(node) > 0


def require(findings: Findings, record: Record, *fields: str) -> None:
    """Fields that must hold something."""
    for field in fields:
        if not getattr(record, field):
            error_at(findings, record, field, "missing, but required")


def check_duration(findings: Findings, record: Record, *fields: str, zero: bool = False) -> None:
    """Durations are whole milliseconds, at least one; ``zero`` where 0s has a meaning of its own."""
    for field in fields:
        value = getattr(record, field)
        if value is None or (zero and value == 0):
            continue
        ticks = value / _MS
        if value < _MS or abs(ticks - round(ticks)) > 1e-6:
            expected = "0s or whole milliseconds" if zero else "whole milliseconds, at least 1ms"
            found = f"{value:.9f}".rstrip("0").rstrip(".") + "s"
            error_at(findings, record, field, found=found, expected=expected)


def check_percent(findings: Findings, record: Record, field: str, value: float) -> None:
    if not 0 <= value <= 100:
        error_at(findings, record, field, found=f"{value:g}", expected="a percentage from 0 to 100")


def check_port(findings: Findings, record: Record, field: str, number: int) -> None:
    if not 1 <= number <= 65535:
        error_at(findings, record, field, found=str(number), expected="a port from 1 to 65535")


def check_unix(findings: Findings, record: Record, field: str) -> bool:
    """Check the path of a unix socket; False where the field holds something else."""
    address = getattr(record, field)
    if not address.startswith(UNIX):
        return False
    path = address.removeprefix(UNIX)
    if not path.startswith("@") and (not path.startswith("/") or path.endswith("/")):
        error_at(findings, record, field, found=quoted(address), expected="unix:///path or unix://@name")
    return True


def check_labels(findings: Findings, record: Record, field: str, labels: Mapping[str, str]) -> None:
    """Label keys and values as Kubernetes has them."""
    for key, value in labels.items():
        if not is_label_key(key):
            error_at(findings, record, field, found=quoted(key), expected="the key of a label")
        elif not is_label_value(value):
            expected = "the value of a label"
            error_at(findings, record, field, f"label {key!r}", found=quoted(value), expected=expected)


def check_networks(findings: Findings, record: Record, field: str, networks: Sequence[str]) -> None:
    for network in networks:
        if not is_network(network):
            expected = "an IP address or a range such as 10.0.0.0/8"
            error_at(findings, record, field, found=quoted(network), expected=expected)


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
