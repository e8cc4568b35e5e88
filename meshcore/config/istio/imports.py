"""What a ``Sidecar`` resource lets a workload see: which one applies, and what its hosts take in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from meshcore.config.istio.names import HostMap, covers, expand, is_wildcard, visible
from meshcore.config.istio.registry import Registry, Service, ServicePort, preferred
from meshcore.config.istio.resources import Resource, in_order, same_labels
from meshcore.config.istio.schema.sidecar import EgressListener, Sidecar
from meshcore.config.istio.schema.virtual_service import VirtualService

__all__ = [
    "Egress",
    "add_destinations",
    "add_service",
    "destinations_of",
    "egress_of",
    "imported_services",
    "select_sidecar",
]

#: Before a namespace: what follows is left out.
EXCLUDED = "~"


def select_sidecar(
    resources: Iterable[Resource[Sidecar]], namespace: str, labels: Mapping[str, str], root_namespace: str
) -> Resource[Sidecar] | None:
    """The Sidecar that applies to a workload; None: it sees all that is exported to it.

    In its own namespace the oldest that selects it by labels, then the oldest without selector; then
    the oldest without selector of the root namespace.
    """
    ordered = sorted(in_order(resources), key=lambda it: it.spec.workload_selector is None)
    for it in ordered:
        selector = it.spec.workload_selector
        if it.namespace == namespace and (selector is None or same_labels(selector.labels, labels)):
            return it
    return next(
        (it for it in ordered if it.namespace == root_namespace and it.spec.workload_selector is None), None
    )


class _Hosts:
    """The hosts that one namespace of an egress listener takes in, and those that it leaves out."""

    def __init__(self) -> None:
        self.taken: HostMap[bool] = HostMap()
        self.excluded: HostMap[bool] = HostMap()

    def takes(self, host: str) -> bool:
        return self.taken.find(host) is not None

    def meets(self, host: str) -> bool:
        """Whether a rule's host, which may be wider than what is taken in, concerns it."""
        return self.takes(host) or (is_wildcard(host) and any(covers(host, it) for it in self.taken))

    def excludes(self, host: str) -> bool:
        return self.excluded.find(host) is not None


@dataclass(frozen=True, slots=True)
class Egress:
    """One egress listener: what it takes in, for one port (``port`` 0: for all that no other has)."""

    hosts: Mapping[str, _Hosts]
    port: int = 0
    #: Whether it stands for all ports of its services, told apart by the request (``HTTP_PROXY``).
    proxy: bool = False
    bind: str = ""

    def takes_service(self, service: Service) -> Service | None:
        """The service as it is seen here: whole, or with the listener's port alone; None: not at all."""
        names = [it for it in (self.hosts.get(service.namespace), self.hosts.get("*")) if it is not None]
        if not any(it.takes(service.host) for it in names) or any(it.excludes(service.host) for it in names):
            return None
        if not self.port or self.proxy:
            return service
        port = service.port(self.port)
        return None if port is None else _with_ports(service, (port,))

    def takes_rules(self, resource: Resource[VirtualService], hosts: Iterable[str]) -> bool:
        """Whether a VirtualService of these (full) hosts is seen here."""
        names = [it for it in (self.hosts.get(resource.namespace), self.hosts.get("*")) if it is not None]
        return any(
            (it.takes(host) if resource.gateway_api else it.meets(host))
            and not any(other.excludes(host) for other in names)
            for it in names
            for host in hosts
        )


def egress_of(listener: EgressListener, namespace: str) -> Egress:
    """Read the hosts of an egress listener: ``ns/dns``, where ``~ns/dns`` leaves out."""
    hosts: dict[str, _Hosts] = {}
    for text in listener.hosts:
        where, _, host = text.partition("/")
        excluded = where.startswith(EXCLUDED)
        where = where.removeprefix(EXCLUDED) or "*"
        names = hosts.setdefault(namespace if where == "." else where, _Hosts())
        (names.excluded if excluded else names.taken).set(host.lower(), True)
    port = listener.port
    return Egress(
        hosts,
        port.number if port else 0,
        port is not None and port.protocol.lower() == "http_proxy",
        listener.bind,
    )


def imported_services(
    registry: Registry,
    client: str,
    egress: Egress,
    default_export: tuple[str, ...],
) -> dict[str, Service]:
    """The services that an egress listener takes in, one for each host."""
    services: dict[str, Service] = {}
    for host in registry.hosts:
        seen = []
        for service in registry.get(host):
            if visible(service.export_to or default_export, service.namespace, client):
                taken = egress.takes_service(service)
                if taken is not None:
                    seen.append(taken)
        if seen:
            services[host] = preferred(seen, client)
    return services


def add_destinations(
    services: dict[str, Service],
    registry: Registry,
    client: str,
    egress: Egress,
    destinations: Iterable[tuple[str, int]],
    default_export: tuple[str, ...],
) -> None:
    """Add the services that the rules of a listener lead to: seen as destinations, not by name.

    Args:
        services: what the client sees; services that are there stay, and gain ports.
        destinations: full hosts and ports (0: any) that the rules name.
    """
    ports: dict[str, set[int]] = {}
    for host, port in destinations:
        ports.setdefault(host, set()).add(port)
    for host, numbers in ports.items():
        seen = [
            it for it in registry.get(host) if visible(it.export_to or default_export, it.namespace, client)
        ]
        own = [it for it in seen if it.namespace == client]
        if not seen:
            continue
        service = preferred(own or seen, client)
        if egress.port and not egress.proxy:
            numbers = {egress.port}
        wanted = tuple(it for it in service.ports if 0 in numbers or it.number in numbers)
        if wanted:
            add_service(services, _with_ports(service, wanted))


def add_service(services: dict[str, Service], service: Service) -> None:
    """Add a service; one of the same origin that is there gains its ports."""
    known = services.get(service.host)
    if known is None:
        services[service.host] = service
    elif known.origin == service.origin and known.namespace == service.namespace:
        numbers = {it.number for it in known.ports}
        fresh = tuple(it for it in service.ports if it.number not in numbers)
        if fresh:
            services[service.host] = _with_ports(known, known.ports + fresh)


def destinations_of(
    resource: Resource[VirtualService], client: str, domain: str
) -> Iterator[tuple[str, int]]:
    """The hosts and ports (0: none is named) that a VirtualService's rules for a namespace lead to."""
    for rule in resource.spec.http:
        homes = [it.source_namespace for it in rule.match if it.source_namespace]
        if homes and client not in homes:
            continue
        mirrors = [rule.mirror, *(it.destination for it in rule.mirrors)]
        for to in (*(it.destination for it in rule.route), *mirrors):
            if to is not None:
                yield expand(to.host, resource.namespace, domain), to.port.number if to.port else 0


def _with_ports(service: Service, ports: tuple[ServicePort, ...]) -> Service:
    return service if ports == service.ports else replace(service, ports=ports)
