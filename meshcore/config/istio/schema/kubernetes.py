"""Kubernetes' own documents: the little of them that says where services and workloads are."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from meshcore.config.scalar_types import Port
from meshcore.config.schema import Record

__all__ = [
    "EndpointSlice",
    "Endpoints",
    "Namespace",
    "Pod",
    "ServiceDocument",
    "ServicePortSpec",
    "ServiceSpec",
    "TargetRef",
]


class _Open(Record):
    """Kubernetes' own types hold much that does not matter here."""

    __open__: ClassVar[bool] = True


class ServicePortSpec(_Open):
    port: Port
    name: str = ""
    protocol: str = "TCP"
    target_port: int | str | None = None
    app_protocol: str = ""


class ServiceSpec(_Open):
    type: str = "ClusterIP"
    cluster_ip: str = msgspec.field(default="", name="clusterIP")
    cluster_ips: list[str] = msgspec.field(default_factory=list, name="clusterIPs")
    external_name: str = ""
    selector: dict[str, str] = {}
    ports: list[ServicePortSpec] = []
    traffic_distribution: str = ""


class ServiceDocument(_Open):
    spec: ServiceSpec | None = None


class TargetRef(_Open):
    kind: str = ""
    name: str = ""
    namespace: str = ""


class EndpointPort(_Open):
    name: str = ""
    port: Port | None = None


class Conditions(_Open):
    ready: bool | None = None


class SliceEndpoint(_Open):
    addresses: list[str] = []
    conditions: Conditions | None = None
    target_ref: TargetRef | None = None
    zone: str = ""


class EndpointSlice(_Open):
    endpoints: list[SliceEndpoint] = []
    ports: list[EndpointPort] = []


class SubsetAddress(_Open):
    ip: str = ""
    target_ref: TargetRef | None = None


class EndpointSubset(_Open):
    addresses: list[SubsetAddress] = []
    ports: list[EndpointPort] = []


class Endpoints(_Open):
    subsets: list[EndpointSubset] = []


class ContainerPort(_Open):
    name: str = ""
    container_port: Port | None = None


class Container(_Open):
    ports: list[ContainerPort] = []


class PodSpec(_Open):
    containers: list[Container] = []


class PodCondition(_Open):
    type: str = ""
    status: str = ""


class PodStatus(_Open):
    pod_ip: str = msgspec.field(default="", name="podIP")
    phase: str = ""
    conditions: list[PodCondition] = []


class Pod(_Open):
    spec: PodSpec | None = None
    status: PodStatus | None = None

    @property
    def address(self) -> str:
        """Where the pod is reached; "" while it has no address or is not ready, and once it is done."""
        status = self.status
        if status is None or status.phase in ("Succeeded", "Failed"):
            return ""
        waiting = any(it.type == "Ready" and it.status == "False" for it in status.conditions)
        return "" if waiting else status.pod_ip

    def named_port(self, name: str) -> int | None:
        containers = self.spec.containers if self.spec else []
        return next(
            (port.container_port for it in containers for port in it.ports if port.name == name), None
        )


class Namespace(_Open):
    pass
