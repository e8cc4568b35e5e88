"""Kubernetes documents: services, and the addresses and labels of the workloads behind them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from meshcore.config.istio import locality
from meshcore.config.istio.names import kubernetes_host
from meshcore.config.istio.pods import PodIndex
from meshcore.config.istio.registry import Protocol, Registry, Resolution, Service, ServicePort, Workload
from meshcore.config.istio.resources import Resource
from meshcore.config.istio.schema.kubernetes import (
    Endpoints,
    EndpointSlice,
    Pod,
    ServiceDocument,
    ServicePortSpec,
    ServiceSpec,
)
from meshcore.config.istio.workloads import OutsideWorkloads
from meshcore.config.schema import origin_of
from meshcore.model import Locality, Origin

__all__ = ["add_services", "add_workloads"]

EXPORT_TO = "networking.istio.io/exportTo"
SERVICE_NAME = "kubernetes.io/service-name"
#: Ports where the server speaks first, so that looking at the traffic cannot tell the protocol.
SERVER_FIRST = frozenset({25, 53, 3306, 27017})


def add_services(registry: Registry, resources: Iterable[Resource[ServiceDocument]]) -> None:
    """Add the services of Kubernetes' documents to the registry, without workloads yet."""
    for resource in resources:
        spec = resource.spec.spec or ServiceSpec()
        addresses = [it for it in spec.cluster_ips or [spec.cluster_ip] if it and it != "None"]
        service = Service(
            host=kubernetes_host(resource.name, resource.namespace, registry.domain).lower(),
            namespace=resource.namespace,
            ports=tuple(_port(it) for it in spec.ports if it.protocol != "UDP"),
            addresses=tuple(addresses),
            export_to=_export_to(resource),
            kubernetes=True,
            headless=spec.cluster_ip == "None",
            distribution=locality.distribution_of(spec.traffic_distribution, resource.metadata.annotations),
            origin=resource.origin,
        )
        if spec.type == "ExternalName" and spec.external_name:
            service.resolution = Resolution.DNS
            service.workloads.append(Workload(spec.external_name.rstrip("."), origin=resource.origin))
        registry.add(service)


def _export_to(resource: Resource[ServiceDocument]) -> tuple[str, ...]:
    text = resource.metadata.annotations.get(EXPORT_TO, "")
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _port(port: ServicePortSpec) -> ServicePort:
    return ServicePort(port.port, _protocol(port), port.name, port.target_port)


def _protocol(port: ServicePortSpec) -> Protocol:
    """From ``appProtocol``, else from the port's name (``http-web``), else told from the traffic."""
    stated = port.app_protocol.rpartition("/")[2].lower()
    if stated == "h2c":
        return Protocol.HTTP2
    if stated in ("ws", "wss"):
        return Protocol.HTTP if stated == "ws" else Protocol.HTTPS
    if Protocol.known(stated):
        return Protocol.parse(stated)
    name = port.name.lower()
    for prefix in ("grpc-web", name.partition("-")[0]):
        if (name == prefix or name.startswith(f"{prefix}-")) and Protocol.known(prefix):
            return Protocol.parse(prefix)
    return Protocol.TCP if port.port in SERVER_FIRST else Protocol.UNKNOWN


def add_workloads(
    registry: Registry,
    services: Iterable[Resource[ServiceDocument]],
    slices: Iterable[Resource[EndpointSlice]],
    endpoints: Iterable[Resource[Endpoints]],
    pods: PodIndex,
    outside: OutsideWorkloads,
) -> None:
    """Give services their workloads: from slices, else from Endpoints, else from the pods they select.

    The workloads outside of the cluster that they select come on top.
    """
    found: dict[tuple[str, str], list[Workload]] = {}
    for item in slices:
        name = item.metadata.labels.get(SERVICE_NAME, "")
        if name:
            found.setdefault((item.namespace, name), []).extend(_from_slice(item, pods))
    for old in endpoints:
        if (old.namespace, old.name) not in found:
            found[(old.namespace, old.name)] = _from_endpoints(old, pods)
    for resource in services:
        key = (resource.namespace, resource.name)
        host = kubernetes_host(resource.name, resource.namespace, registry.domain).lower()
        for service in registry.get(host):
            if service.kubernetes and not service.workloads:
                listed = found[key] if key in found else _selected(resource, service, pods)
                listed = [*listed, *_outside(resource, service, outside)]
                unique = {(it.address, *sorted(it.ports.items())): it for it in listed}
                service.workloads = list(unique.values())


def _from_slice(item: Resource[EndpointSlice], pods: PodIndex) -> list[Workload]:
    ports = {port.name: port.port for port in item.spec.ports if port.port}
    workloads = []
    for endpoint in item.spec.endpoints:
        if endpoint.conditions is not None and endpoint.conditions.ready is False:
            continue
        for address in endpoint.addresses:
            pod = pods.find(endpoint.target_ref, item.namespace, address)
            workload = _workload(address, ports, pod, origin_of(endpoint))
            if endpoint.zone and not workload.locality.zone:
                workload = replace(workload, locality=Locality(workload.locality.region, endpoint.zone))
            workloads.append(workload)
    return workloads


def _from_endpoints(item: Resource[Endpoints], pods: PodIndex) -> list[Workload]:
    workloads = []
    for subset in item.spec.subsets:
        ports = {port.name: port.port for port in subset.ports if port.port}
        for address in subset.addresses:
            pod = pods.find(address.target_ref, item.namespace, address.ip)
            workloads.append(_workload(address.ip, ports, pod, origin_of(address)))
    return workloads


def _selected(resource: Resource[ServiceDocument], service: Service, pods: PodIndex) -> list[Workload]:
    selector = resource.spec.spec.selector if resource.spec.spec else {}
    workloads = []
    for pod in pods.select(resource.namespace, selector):
        ports = {}
        for port in service.ports:
            target = port.number if port.target is None else port.target
            number = target if isinstance(target, int) else pod.spec.named_port(target)
            if number is not None:
                ports[port.name] = number
        workloads.append(_workload(pod.spec.address, ports, pod, pod.origin))
    return workloads


def _outside(
    resource: Resource[ServiceDocument], service: Service, outside: OutsideWorkloads
) -> list[Workload]:
    selector = resource.spec.spec.selector if resource.spec.spec else {}
    if not selector:
        return []
    return [
        it.workload({port.name: number for port in service.ports if (number := it.port_of(port))})
        for it in outside.select(resource.namespace, selector)
    ]


def _workload(address: str, ports: dict[str, int], pod: Resource[Pod] | None, origin: Origin) -> Workload:
    labels = pod.metadata.labels if pod else {}
    return Workload(
        address,
        ports=ports,
        strict=True,
        labels=labels,
        locality=locality.of_labels(labels),
        origin=origin,
    )
