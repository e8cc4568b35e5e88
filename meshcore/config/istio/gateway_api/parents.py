"""What a route attaches to: which listeners take it, and which services of the mesh."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from meshcore.config.istio.gateway_api.gateways import Target
from meshcore.config.istio.gateway_api.listeners import Parent
from meshcore.config.istio.gateway_api.schema.common import (
    GATEWAY,
    GROUP,
    LISTENER_SET,
    SERVICE,
    GroupKind,
    ParentReference,
)
from meshcore.config.istio.gateway_api.schema.routes import GRPCRoute, HTTPRoute
from meshcore.config.istio.names import MESH, covers, kubernetes_host
from meshcore.config.istio.registry import Registry
from meshcore.config.istio.resources import Resource
from meshcore.config.istio.schema.service_entry import ServiceEntry

__all__ = ["SERVICE_ENTRY", "Attachment", "Parents", "Route", "refusal"]

Route: TypeAlias = "Resource[HTTPRoute] | Resource[GRPCRoute]"

SERVICE_ENTRY: GroupKind = ("networking.istio.io", "ServiceEntry")


@dataclass(frozen=True, slots=True)
class Attachment:
    """One reference of a route and one listener that takes it, or the mesh.

    ``hosts`` are the hosts that the route serves there; ``key`` tells what is merged: rules of all
    routes with the same key and host are sorted together.
    """

    reference: ParentReference
    gateway: str
    key: str
    hosts: tuple[str, ...]

    @property
    def mesh(self) -> bool:
        return self.gateway == MESH


@dataclass(slots=True)
class Parents:
    """All that routes may attach to."""

    registry: Registry
    listeners: Mapping[Target, tuple[Parent, ...]]
    entries: Mapping[str, Resource[ServiceEntry]] = field(default_factory=dict)

    def attach(self, route: Route) -> list[Attachment]:
        """Where a route takes effect, by the name of the listener; the mesh among them."""
        found: list[Attachment] = []
        references = sorted(route.spec.parent_refs, key=lambda it: _order(it, route.namespace))
        for reference in references:
            if reference.target in (GATEWAY, LISTENER_SET):
                found += self._listeners(reference, route)
            elif reference.target in (SERVICE, SERVICE_ENTRY):
                hosts = self.mesh_hosts(reference, route.namespace)
                if hosts:
                    key = f"{route.namespace}/{reference.port}" if reference.port else route.namespace
                    found.append(Attachment(reference, MESH, key, hosts))
        return sorted(found, key=lambda it: it.gateway)

    def mesh_hosts(self, reference: ParentReference, namespace: str) -> tuple[str, ...]:
        """The hosts of a Service or ServiceEntry; none where there is no such thing."""
        where = reference.namespace or namespace
        if reference.target == SERVICE_ENTRY:
            entry = self.entries.get(f"{where}/{reference.name}")
            return tuple(host.lower() for host in entry.spec.hosts) if entry else ()
        host = kubernetes_host(reference.name, where, self.registry.domain).lower()
        return (host,) if any(it.kubernetes for it in self.registry.get(host)) else ()

    def _listeners(self, reference: ParentReference, route: Route) -> Iterator[Attachment]:
        target = (reference.target, f"{reference.namespace or route.namespace}/{reference.name}")
        listeners = self.listeners.get(target, ())
        hostnames = tuple(it.lower() for it in route.spec.hostnames) or ("*",)
        for listener in listeners:
            if not refusal(listener, reference, route.kind, route.namespace, hostnames):
                banned = _claimed(listener, listeners)
                hosts = tuple(it for it in hostnames if _is_ours(it, listener.hostname, banned))
                if hosts:
                    yield Attachment(reference, listener.gateway, listener.gateway, hosts)


def _order(reference: ParentReference, namespace: str) -> str:
    return (
        f"{reference.group}/{reference.kind}/{reference.name}/{reference.section_name}/"
        f"{reference.port or 0}.{reference.namespace or namespace}"
    )


def refusal(
    listener: Parent, reference: ParentReference, kind: str, namespace: str, hostnames: Iterable[str]
) -> str:
    """Why a listener does not take a route; "" if it does."""
    if reference.port and reference.port != listener.port:
        return f"it is not on port {reference.port}"
    if reference.section_name and reference.section_name != listener.section:
        return f"it is not {reference.section_name!r}"
    fits = [it for it in listener.hosts if any(_overlap(it.partition("/")[2], name) for name in hostnames)]
    if not fits:
        return f"it is for {listener.hostname}, which meets none of the route's hostnames"
    if not any(it.partition("/")[0] in ("*", namespace) for it in fits):
        return f"it takes no routes from namespace {namespace!r}"
    if (GROUP, kind) not in listener.kinds:
        return f"it takes no {kind}"
    return ""


def _overlap(one: str, other: str) -> bool:
    return covers(one, other) or covers(other, one)


def _claimed(listener: Parent, listeners: Iterable[Parent]) -> set[str]:
    """The host names of the other listeners of the same port and protocol."""
    names = {
        it.hostname
        for it in listeners
        if it is not listener and (it.port, it.protocol) == (listener.port, listener.protocol)
    }
    return names - {listener.hostname}


def _is_ours(host: str, own: str, claimed: Iterable[str]) -> bool:
    """Whether a listener serves a route's host: none with a narrower name that covers it may do so.

    The specification isolates the listeners of a port from each other: each request belongs to the
    one with the most specific host name, whether or not that one has a route for it.
    """
    if own and not own.startswith("*"):
        return True
    if own and not _overlap(own, host):
        return False
    return not any(len(own) <= len(other) and covers(other, host) for other in claimed)
