"""Who asks: the workload or gateway that the documents are compiled for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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
