"""Who asks: the workload or gateway that the documents are compiled for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from meshcore._options import instance, text

__all__ = ["Node"]


@dataclass(frozen=True, slots=True)
class Node:
    """The proxy that a configuration is for, as Istio's control plane sees it.

    ``gateway`` (``"namespace/name"``) compiles for the workloads of that Gateway, and ``"*"`` for a
    gateway's workload with these ``labels``: all Gateways that select it are merged. Without it the
    documents are compiled for a workload in ``namespace`` with these ``labels``. ``cluster_domain``
    ends the full names of the cluster's services.
    """

    namespace: str = "default"
    labels: Mapping[str, str] = field(default_factory=dict)
    gateway: str | None = None
    cluster_domain: str = "cluster.local"

    def __post_init__(self) -> None:
        """
        Raises:
            TypeError, ValueError: a field is none of its kind.
        """
        text("namespace", self.namespace, "the name of a namespace")
        instance("labels", self.labels, Mapping, "a dict of labels, such as {'app': 'reviews'}")
        for key, value in self.labels.items():
            instance("a label's name", key, str, "a text")
            instance(f"labels[{key!r}]", value, str, "a text")
        if self.gateway is not None:
            text("gateway", self.gateway, "'NAMESPACE/NAME', or '*' for those that the labels select")
        text("cluster_domain", self.cluster_domain, "a domain, such as 'cluster.local'")
