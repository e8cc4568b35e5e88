"""What every mesh has beside its documents: Istio's own ingress gateway, as istioctl presumes it."""

from __future__ import annotations

from collections.abc import Mapping

from meshcore.analysis.inventory import Inventory
from meshcore.config.documents import from_mapping
from meshcore.config.findings import Findings

__all__ = ["add_builtins"]

_NAMESPACE = "istio-system"
_LABELS = {"istio": "ingressgateway"}
_PORTS = {"http2": 80, "https": 443, "tcp": 31400, "tls": 15443}


def add_builtins(inventory: Inventory) -> None:
    """Add the pod and the Service of the ingress gateway."""
    for mapping in (_pod(), _service()):
        document = from_mapping(mapping, "<built in>", Findings())
        assert document is not None
        inventory.add(document, builtin=True)


def _pod() -> Mapping[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "istio-ingressgateway-builtin", "namespace": _NAMESPACE, "labels": _LABELS},
        "spec": {"containers": [{"name": "istio-proxy"}]},
    }


def _service() -> Mapping[str, object]:
    ports = [{"name": name, "port": port, "protocol": "TCP"} for name, port in _PORTS.items()]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "istio-ingressgateway", "namespace": _NAMESPACE},
        "spec": {"selector": _LABELS, "ports": ports},
    }
