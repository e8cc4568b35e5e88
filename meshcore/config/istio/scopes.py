"""What a proxy sees: services, rules and VirtualServices, narrowed by the Sidecar that applies to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from meshcore.config.istio.clusters import PASSTHROUGH
from meshcore.config.istio.imports import (
    Egress,
    add_destinations,
    add_service,
    destinations_of,
    egress_of,
    imported_services,
    select_sidecar,
)
from meshcore.config.istio.matching import Client
from meshcore.config.istio.mesh import Mesh
from meshcore.config.istio.names import MESH, expand
from meshcore.config.istio.registry import Registry, Service, View
from meshcore.config.istio.resources import Resource
from meshcore.config.istio.routes import Scope
from meshcore.config.istio.rules import RuleIndex
from meshcore.config.istio.schema.sidecar import OutboundMode, Sidecar
from meshcore.config.istio.schema.virtual_service import VirtualService
from meshcore.config.istio.selection import by_gateway
from meshcore.config.istio.sidecar import Seen

__all__ = ["Outlook", "gateway_scope", "sidecar_outlook"]


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a workload in the mesh sees, and the cluster for hosts that it does not know ("": none)."""

    scope: Scope
    parts: tuple[Seen, ...]
    unknown: str


def gateway_scope(registry: Registry, rules: RuleIndex, client: Client, mesh: Mesh) -> Scope:
    """What a gateway sees: all that is exported to its namespace. Sidecar resources do not concern it."""
    return Scope(client, registry.view(client.namespace, mesh.service_export), rules, mesh)


def sidecar_outlook(
    registry: Registry,
    rules: RuleIndex,
    client: Client,
    mesh: Mesh,
    virtual_services: Sequence[Resource[VirtualService]],
    sidecars: Sequence[Resource[Sidecar]],
) -> Outlook:
    """What a workload in the mesh sees."""
    bound = by_gateway(virtual_services, client.namespace, mesh).get(MESH, [])
    found = select_sidecar(sidecars, client.namespace, client.labels, mesh.root_namespace)
    sidecar = found.spec if found else Sidecar()
    parts: list[Seen] = []
    services: dict[str, Service] = {}
    if not sidecar.egress:
        view = registry.view(client.namespace, mesh.service_export)
        parts.append(Seen(view.services, bound))
        services = view.services
    for listener in sidecar.egress:
        if listener.port is not None and not listener.port.number:
            continue  # a unix socket, which nobody here connects to
        egress = egress_of(listener, client.namespace)
        part = _seen(registry, egress, bound, client, mesh)
        parts.append(part)
        for service in part.services.values():
            add_service(services, service)
        add_destinations(
            services,
            registry,
            client.namespace,
            egress,
            (to for it in part.resources for to in destinations_of(it, client.namespace, mesh.domain)),
            mesh.service_export,
        )
    scope = Scope(client, View(services), rules, mesh)
    return Outlook(scope, tuple(parts), _unknown(scope, found))


def _seen(
    registry: Registry, egress: Egress, bound: Sequence[Resource[VirtualService]], client: Client, mesh: Mesh
) -> Seen:
    services = imported_services(registry, client.namespace, egress, mesh.service_export)
    resources = [it for it in bound if egress.takes_rules(it, _hosts(it, mesh.domain))]
    return Seen(services, resources, egress.port, egress.proxy, egress.bind)


def _hosts(resource: Resource[VirtualService], domain: str) -> list[str]:
    return [expand(host, resource.namespace, domain) for host in resource.spec.hosts]


def _unknown(scope: Scope, sidecar: Resource[Sidecar] | None) -> str:
    """The cluster for unknown hosts: as the Sidecar says, else as the mesh says."""
    policy = sidecar.spec.outbound_traffic_policy if sidecar else None
    if sidecar is None or policy is None:
        return "" if scope.mesh.registry_only else PASSTHROUGH
    if policy.mode is OutboundMode.REGISTRY_ONLY:
        return ""
    proxy = policy.egress_proxy
    return PASSTHROUGH if proxy is None else scope.cluster(proxy, sidecar.namespace, 0)
