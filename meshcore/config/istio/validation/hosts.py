"""Hosts with the namespace that they are of: ``namespace/name``, in Gateway and Sidecar."""

from __future__ import annotations

from meshcore.config.findings import Findings, quoted
from meshcore.config.istio.names import is_address
from meshcore.config.istio.validation.names import is_label, is_partial_wildcard, is_wildcard_domain
from meshcore.config.schema import Record, error_at

__all__ = ["check_scoped_host"]


def check_scoped_host(record: Record, field: str, text: str, findings: Findings, *, gateway: bool) -> None:
    """``*`` and ``.`` are namespaces too; at gateways the namespace may be left out, and be no ``~``."""
    namespace, slash, host = text.partition("/")
    if not slash:
        host = text
        if not gateway:
            expected = "a host as namespace/name, such as */* or ./reviews.shop.svc.cluster.local"
            error_at(findings, record, field, found=quoted(text), expected=expected)
            return
    elif not gateway and namespace.startswith("~"):
        namespace = namespace[1:] or "*"  # ~/... is nothing, ~namespace/... leaves it out
    if slash and namespace not in ("*", ".") and not is_label(namespace):
        expected = "a host as namespace/name, */name or ./name"
        error_at(findings, record, field, found=quoted(text), expected=expected)
    named = is_wildcard_domain(host) or (gateway and is_address(host))
    if not named or is_partial_wildcard(host) or (host != "*" and "." not in host):
        expected = "a full host name; a wildcard may only be its whole first label"
        error_at(findings, record, field, found=quoted(text), expected=expected)
