"""``WorkloadEntry``: workloads outside of the cluster, found by their labels as pods are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from meshcore.config.istio import locality
from meshcore.config.istio.labels import LabelIndex
from meshcore.config.istio.registry import ServicePort, Workload
from meshcore.config.istio.resources import Resource, in_order
from meshcore.config.istio.schema.workload import WorkloadEntry
from meshcore.config.tree import MappingNode, SequenceNode

__all__ = ["UNIX", "OutsideWorkload", "OutsideWorkloads"]

UNIX = "unix://"
#: Says that a proxy checks the workload's health and writes it to the status.
HEALTH_CHECKED = "proxy.istio.io/health-checks-enabled"


@dataclass(frozen=True, slots=True, eq=False)
class OutsideWorkload:
    """A WorkloadEntry with all its labels: those of its metadata too, over which its own go."""

    resource: Resource[WorkloadEntry]
    labels: Mapping[str, str]

    def workload(self, ports: Mapping[str, int] | None = None) -> Workload:
        """What is behind a service; with ``ports`` it serves those service ports alone."""
        spec = self.resource.spec
        return Workload(
            spec.address.removeprefix(UNIX),
            ports=spec.ports if ports is None else ports,
            strict=ports is not None,
            labels=self.labels,
            locality=locality.parse(spec.locality) if spec.locality else locality.of_labels(self.labels),
            weight=spec.weight or 1,
            origin=self.resource.origin,
        )

    def port_of(self, port: ServicePort) -> int | None:
        """The port behind a Kubernetes service's port; None: the workload does not have it.

        The entry names ports as the service does, or as its target port does where that is a name.
        """
        ports = self.resource.spec.ports
        if isinstance(port.target, str):
            return ports.get(port.target)
        return ports.get(port.name) or port.target or port.number


class OutsideWorkloads:
    """All WorkloadEntries with an address, but for those whose health check failed."""

    def __init__(self, resources: Iterable[Resource[WorkloadEntry]] = ()) -> None:
        self._labels: LabelIndex[OutsideWorkload] = LabelIndex()
        for resource in in_order(resources):
            if resource.spec.address and _is_healthy(resource):
                labels = resource.metadata.labels | resource.spec.labels
                self._labels.add(resource.namespace, labels, OutsideWorkload(resource, labels))

    def select(self, namespace: str, labels: dict[str, str]) -> list[OutsideWorkload]:
        """Those of a namespace that carry all the labels."""
        return self._labels.select(namespace, labels)


def _is_healthy(resource: Resource[WorkloadEntry]) -> bool:
    """Whether the entry's status calls it healthy, where somebody checks that."""
    if resource.metadata.annotations.get(HEALTH_CHECKED) != "true":
        return True
    root = resource.spec.record_node.document.root
    status = root.child("status") if isinstance(root, MappingNode) else None
    conditions = status.get("conditions") if status else None
    return isinstance(conditions, SequenceNode) and any(
        isinstance(it, MappingNode) and it.text("type") == "Healthy" and it.text("status") == "True"
        for it in conditions
    )
