"""The whole way from the documents of the Gateway API to those of Istio's own API."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from meshcore.config.istio.gateway_api import routes
from meshcore.config.istio.gateway_api.backends import Backends
from meshcore.config.istio.gateway_api.classes import Classes
from meshcore.config.istio.gateway_api.gateways import Gateways
from meshcore.config.istio.gateway_api.grants import Grants
from meshcore.config.istio.gateway_api.namespaces import Namespaces
from meshcore.config.istio.gateway_api.parents import Parents, Route
from meshcore.config.istio.gateway_api.schema import gateway as api
from meshcore.config.istio.gateway_api.schema.routes import GRPCRoute, HTTPRoute
from meshcore.config.istio.reading import Resources
from meshcore.config.istio.registry import Registry
from meshcore.config.istio.resources import Resource
from meshcore.config.istio.schema.gateway import Gateway
from meshcore.config.istio.schema.kubernetes import Namespace
from meshcore.config.istio.schema.service_entry import ServiceEntry
from meshcore.config.istio.schema.virtual_service import VirtualService

__all__ = ["Derived", "derive"]


@dataclass(frozen=True, slots=True)
class Derived:
    """What was made of the documents of the Gateway API, and what it was made with."""

    gateways: Gateways
    parents: Parents
    backends: Backends
    virtual_services: list[Resource[VirtualService]] = field(default_factory=list)

    def named_gateways(self, own: Iterable[Resource[Gateway]]) -> dict[str, list[Resource[Gateway]]]:
        """All Gateways by ``namespace/name``: Istio's ``own``, and those that stand for listeners."""
        named = {it.full_name: [it] for it in own}
        for name, listeners in self.gateways.served.items():
            named.setdefault(name, []).extend(it.resource for it in listeners)
        return named


def derive(resources: Resources, registry: Registry) -> Derived:
    """Turn routes and Gateways into VirtualServices and Gateways of Istio's, by Istio's rules."""
    namespaces = Namespaces(resources.namespaces, resources.of("Namespace", Namespace))
    grants = Grants(resources.of("ReferenceGrant", api.ReferenceGrant))
    classes = Classes(resources.of("GatewayClass", api.GatewayClass))
    gateways = Gateways(
        resources.of("Gateway", api.Gateway),
        resources.of("ListenerSet", api.ListenerSet),
        classes,
        namespaces,
        grants,
    )
    backends = Backends(registry, grants)
    parents = Parents(
        registry,
        gateways.listeners,
        {it.full_name: it for it in resources.of("ServiceEntry", ServiceEntry)},
    )
    every: list[Route] = [*resources.of("HTTPRoute", HTTPRoute), *resources.of("GRPCRoute", GRPCRoute)]
    return Derived(gateways, parents, backends, routes.convert(every, parents, backends))
