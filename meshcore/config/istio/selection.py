"""Which VirtualServices a client or a gateway has, and in which order."""

from __future__ import annotations

from collections.abc import Iterable

from meshcore.config.istio.mesh import Mesh
from meshcore.config.istio.names import MESH, gateway_name
from meshcore.config.istio.resources import Resource, in_order
from meshcore.config.istio.schema.virtual_service import VirtualService

__all__ = ["by_gateway"]


def by_gateway(
    resources: Iterable[Resource[VirtualService]], client: str, mesh: Mesh
) -> dict[str, list[Resource[VirtualService]]]:
    """The VirtualServices with http rules by gateway (``mesh``: sidecars), for a client's namespace.

    The oldest come first; but those that a namespace keeps to itself go before those that are
    exported to the client's by name, and these before those for everybody. Of the last, routes of the
    Gateway API in the client's own namespace come first: so a consumer overrides a producer.
    """
    ranked = []
    for resource in in_order(resources):
        if resource.spec.hosts and resource.spec.http:
            rank = _rank(resource, client, mesh)
            if rank is not None:
                ranked.append((rank, resource))
    found: dict[str, list[Resource[VirtualService]]] = {}
    for _, resource in sorted(ranked, key=lambda it: it[0]):
        names = [gateway_name(it, resource.namespace) for it in resource.spec.gateways] or [MESH]
        for name in dict.fromkeys(names):
            found.setdefault(name, []).append(resource)
    return found


def _rank(resource: Resource[VirtualService], client: str, mesh: Mesh) -> int | None:
    """How near a resource is to the client: 0 is nearest; None: it is not exported to it at all."""
    listed = resource.spec.export_to or mesh.virtual_service_export
    spaces = {resource.namespace if it == "." else it for it in listed}
    if "*" in spaces:
        return 2 if resource.gateway_api and resource.namespace == client else 3
    if "~" in spaces or client not in spaces:
        return None
    return 0 if client == resource.namespace else 1
