"""ServiceEntries as services of the registry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from meshcore.config.istio import locality
from meshcore.config.istio.names import is_wildcard
from meshcore.config.istio.pods import PodIndex
from meshcore.config.istio.registry import Protocol, Registry, Resolution, Service, ServicePort, Workload
from meshcore.config.istio.resources import Resource, in_order
from meshcore.config.istio.schema.service_entry import Resolution as Declared
from meshcore.config.istio.schema.service_entry import ServiceEntry
from meshcore.config.istio.schema.workload import WorkloadEntry
from meshcore.config.istio.workloads import UNIX, OutsideWorkloads
from meshcore.config.schema import origin_of

__all__ = ["add_entries"]


def add_entries(
    registry: Registry,
    entries: Iterable[Resource[ServiceEntry]],
    pods: PodIndex,
    outside: OutsideWorkloads,
) -> None:
    """Add every host of every ServiceEntry."""
    for entry in in_order(entries):
        spec = entry.spec
        ports = tuple(
            ServicePort(it.number, Protocol.parse(it.protocol), it.name, it.target_port or None)
            for it in spec.ports
        )
        for host in spec.hosts:
            registry.add(
                Service(
                    host=host.lower(),
                    namespace=entry.namespace,
                    ports=ports,
                    resolution=Resolution[spec.resolution.name],
                    addresses=tuple(spec.addresses),
                    export_to=tuple(spec.export_to),
                    distribution=locality.distribution_of("", entry.metadata.annotations),
                    workloads=_workloads(entry, host.lower(), pods, outside),
                    origin=entry.origin,
                )
            )


def _workloads(
    entry: Resource[ServiceEntry], host: str, pods: PodIndex, outside: OutsideWorkloads
) -> list[Workload]:
    spec = entry.spec
    if spec.resolution is Declared.NONE and not spec.workload_selector:
        return []
    if spec.endpoints:
        return [_endpoint(it) for it in spec.endpoints if it.address]
    if spec.workload_selector is not None and spec.workload_selector.labels:
        labels = spec.workload_selector.labels
        found = [it.workload() for it in outside.select(entry.namespace, labels)]
        return found + [
            Workload(
                pod.spec.address,
                labels=pod.metadata.labels,
                locality=locality.of_labels(pod.metadata.labels),
                origin=pod.origin,
            )
            for pod in pods.select(entry.namespace, labels)
        ]
    if spec.resolution in (Declared.DNS, Declared.DNS_ROUND_ROBIN) and not is_wildcard(host):
        return [Workload(host, origin=entry.origin)]
    return []


def _endpoint(endpoint: WorkloadEntry) -> Workload:
    labels: Mapping[str, str] = endpoint.labels
    return Workload(
        endpoint.address.removeprefix(UNIX),
        ports=endpoint.ports,
        labels=labels,
        locality=locality.parse(endpoint.locality) if endpoint.locality else locality.of_labels(labels),
        weight=endpoint.weight or 1,
        origin=origin_of(endpoint),
    )
