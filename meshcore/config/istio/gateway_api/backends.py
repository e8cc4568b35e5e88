"""References to backends: which service they mean, and whether they may be used."""

from __future__ import annotations

from dataclasses import dataclass

from meshcore.config.istio.gateway_api.grants import Grants
from meshcore.config.istio.gateway_api.schema.common import SERVICE, BackendReference, GroupKind
from meshcore.config.istio.names import kubernetes_host
from meshcore.config.istio.registry import Registry
from meshcore.config.istio.schema.common import Destination, PortNumber

__all__ = ["HOSTNAME", "SERVICE_IMPORT", "Backends", "Found"]

#: A host of a ServiceEntry, by its name (Istio's own kind of backend).
HOSTNAME: GroupKind = ("networking.istio.io", "Hostname")
#: A service of several clusters; here it means the service of that name.
SERVICE_IMPORT: GroupKind = ("multicluster.x-k8s.io", "ServiceImport")


@dataclass(frozen=True, slots=True)
class Found:
    """Where a reference leads.

    ``problem`` says why requests are answered with 500 instead ("" if they are not); ``invalid``
    that it is the reference itself that is wrong, whatever the ports of the service.
    """

    destination: Destination
    problem: str = ""
    invalid: bool = False


class Backends:
    """The services that routes may send requests to."""

    def __init__(self, registry: Registry, grants: Grants) -> None:
        self._registry = registry
        self._grants = grants

    def find(self, reference: BackendReference, route: GroupKind, namespace: str, *, mesh: bool) -> Found:
        """The destination that a route of that kind and namespace refers to.

        In the mesh no grant is asked for: a client may send to any service anyway.
        """
        target = reference.target
        where = reference.namespace or namespace
        if not mesh and not self._grants.allow(route, namespace, target, where, reference.name):
            return _nowhere(
                reference,
                f"a {route[1]} of namespace {namespace!r} may not refer to {where}/{reference.name}; "
                f"a ReferenceGrant in {where!r} would permit it",
            )
        if target == HOSTNAME:
            host = reference.name.lower()
        elif target in (SERVICE, SERVICE_IMPORT):
            host = kubernetes_host(reference.name, where, self._registry.domain).lower()
        else:
            name = f"{target[0]}/{target[1]}" if target[0] else target[1]
            return _nowhere(reference, f"backends of the kind {name} are not served")
        found = next(iter(self._registry.get(host)), None)
        problem = ""
        if found is None:
            problem = f"there is no service {host!r}"
        elif reference.port is not None and found.port(reference.port) is None:
            known = ", ".join(str(it.number) for it in found.ports)
            problem = f"{host!r} has no port {reference.port}, only {known or 'none'}"
        return Found(_destination(reference, host, reference.port or 0), problem, found is None)


def _nowhere(reference: BackendReference, problem: str) -> Found:
    return Found(_destination(reference, "", 0), problem, invalid=True)


def _destination(reference: BackendReference, host: str, port: int) -> Destination:
    """A destination; without host and port it is one that no cluster has."""
    node, path = reference.record_node, reference.record_path
    number = PortNumber(number=port, record_node=node, record_path=path) if port else None
    return Destination(host=host, port=number, record_node=node, record_path=path)
