"""Which controller a GatewayClass names, and what Istio does with Gateways of that class."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from meshcore.config.istio.gateway_api.schema.gateway import GatewayClass
from meshcore.config.istio.resources import Resource

__all__ = ["Classes", "Controller"]


class Controller(Enum):
    """The controllers that are Istio's."""

    GATEWAY = "istio.io/gateway-controller"
    #: Waypoints: no routes are made for them.
    WAYPOINT = "istio.io/mesh-controller"
    EAST_WEST = "istio.io/eastwest-controller"
    #: Gateways of another cluster, of which only the address is known.
    REMOTE = "istio.io/unmanaged-gateway"

    @property
    def routes(self) -> bool:
        """Whether routes attach to Gateways of this controller."""
        return self in (Controller.GATEWAY, Controller.EAST_WEST)


#: Classes that are there without a document.
BUILT_IN = {
    "istio": Controller.GATEWAY,
    "istio-remote": Controller.REMOTE,
    "istio-waypoint": Controller.WAYPOINT,
    "istio-east-west": Controller.EAST_WEST,
}


class Classes:
    """The GatewayClasses of the documents, over those that are built in."""

    def __init__(self, documents: Iterable[Resource[GatewayClass]]) -> None:
        self._classes: dict[str, Controller | None] = dict(BUILT_IN)
        known = {it.value: it for it in Controller}
        for resource in documents:
            self._classes[resource.name] = known.get(resource.spec.controller_name)

    def find(self, name: str) -> Controller | None:
        """The controller of a class; None where it is not Istio's."""
        return self._classes.get(name)

    @property
    def served(self) -> list[str]:
        """The names of the classes whose Gateways take routes."""
        return [name for name, it in self._classes.items() if it is not None and it.routes]
