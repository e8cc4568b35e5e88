"""The route tables of a workload in the mesh: one for each port that a visible service has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from meshcore.config.istio.names import HostMap, is_address, is_wildcard, split_host
from meshcore.config.istio.registry import Service
from meshcore.config.istio.resources import Resource
from meshcore.config.istio.routes import Scope, build_routes, default_route
from meshcore.config.istio.schema.virtual_service import VirtualService
from meshcore.config.istio.tables import http_options, other_ports, route_configuration
from meshcore.model import Listener, Route, TracingOptions, VirtualHost

__all__ = ["Seen", "sidecar_listeners"]

#: Where hosts are served that no registry has.
HTTP_PORT = 80


@dataclass(frozen=True, slots=True)
class Seen:
    """What a client sees on one port (0: on all that nothing else speaks of).

    ``resources`` come in order. ``proxy``: the port stands for all ports of the services.
    """

    services: Mapping[str, Service]
    resources: Sequence[Resource[VirtualService]]
    port: int = 0
    proxy: bool = False
    bind: str = ""


def sidecar_listeners(
    scope: Scope,
    parts: Sequence[Seen],
    unknown: VirtualHost,
    tracing: TracingOptions | None,
    *,
    any_port: bool,
) -> tuple[Listener, ...]:
    """The listeners of a sidecar.

    The last is for ports that no service has: nothing is known there, unless ``any_port`` lets it
    stand for all ports.

    Args:
        scope: who asks.
        parts: what is seen on which ports.
        unknown: what becomes of hosts that nobody knows.
        tracing: what they do for traces.
        any_port: as above.
    """
    options = http_options(scope.mesh, tracing, edge=False)
    own = {it.port for it in parts if it.port}
    tables: list[Listener] = []
    for part in parts:
        built = _Tables(scope, part.services)
        built.add_rules(part.resources)
        built.add_defaults()
        ports = {port: hosts for port, hosts in built.hosts.items() if part.port or port not in own}
        if part.port and not part.proxy:
            ports = {part.port: built.hosts.get(part.port, [])}
        listeners = [
            Listener(
                f"{part.bind or '0.0.0.0'}_{port}",
                port,
                route_configuration(str(port), [*hosts, unknown]),
                options,
                address=part.bind or "0.0.0.0",
            )
            for port, hosts in ports.items()
        ]
        if part.proxy:
            # Requests say their host and port themselves; most mean the usual one.
            listeners.sort(key=lambda it: (it.port != HTTP_PORT, it.port or 0))
            united = other_ports(listeners, options, unknown)
            name = f"{part.bind or '0.0.0.0'}_{part.port}"
            listeners = [replace(united, name=name, port=part.port, address=part.bind or "0.0.0.0")]
        tables += listeners
    tables.sort(key=lambda it: it.port or 0)
    return (*tables, other_ports(tables if any_port else (), options, unknown))


class _Tables:
    """Virtual hosts by port, under construction."""

    def __init__(self, scope: Scope, services: Mapping[str, Service]) -> None:
        self._scope = scope
        self._services = services
        self.hosts: dict[int, list[VirtualHost]] = {}
        self._domains: dict[int, set[str]] = {}
        self._taken: set[tuple[str, int]] = set()

    def add_rules(self, resources: Sequence[Resource[VirtualService]]) -> None:
        """Attach each VirtualService to the services that it speaks for, the oldest first."""
        services = self._services
        owners: HostMap[Resource[VirtualService]] = HostMap()
        for resource in resources:
            for host in self._names(resource):
                # A wildcard of the Gateway API is the host itself, not the services below it.
                if not (resource.gateway_api and is_wildcard(host)):
                    owners.setdefault(host, resource)
        covered: dict[tuple[str, str], list[Service]] = {}
        met: set[str] = set()
        for service in services.values():
            for rank, (host, owner) in enumerate(owners.matches(service.host)):
                met.add(host)
                # A wildcard gets only the services for which nobody is more specific.
                if rank == 0 and is_wildcard(host):
                    covered.setdefault((host, owner.full_name), []).append(service)
        for resource in resources:
            attached: list[Service] = []
            unknown: list[str] = []
            for host in self._names(resource):
                if is_wildcard(host):
                    attached += covered.get((host, resource.full_name), [])
                elif host in services:
                    attached.append(services[host])
                if host not in met:
                    unknown.append(host)
            if resource.gateway_api:
                self._attach_route(resource, attached)
            else:
                self._attach(resource, attached, unknown)

    def _attach_route(self, resource: Resource[VirtualService], attached: list[Service]) -> None:
        """A route of the Gateway API is for the services of its namespace, or for the clients there."""
        if resource.namespace != self._scope.client.namespace:
            attached = [it for it in attached if it.namespace == resource.namespace]
        if attached:
            self._attach(resource, attached, [])

    def _attach(
        self, resource: Resource[VirtualService], attached: list[Service], unknown: list[str]
    ) -> None:
        by_port: dict[int, list[Service]] = {}
        for service in attached:
            for port in service.ports:
                if port.protocol.is_http:
                    by_port.setdefault(port.number, []).append(service)
        for number, services in (by_port or {HTTP_PORT: []}).items():
            routes = build_routes(self._scope, resource, number)
            if not routes:  # nothing is left for this client: as if it were not there
                continue
            for host in unknown:
                self._add(number, host, [host], routes)
            for service in services:
                self._add_service(number, service, routes)

    def add_defaults(self) -> None:
        """The default route for every service and port that no rule speaks of."""
        for service in self._services.values():
            for port in service.ports:
                if port.protocol.is_http and (service.host, port.number) not in self._taken:
                    self._add_service(
                        port.number, service, (default_route(self._scope, service, port.number),)
                    )

    def _add_service(self, port: int, service: Service, routes: tuple[Route, ...]) -> None:
        self._taken.add((service.host, port))
        domains, short = _domains(service, self._scope.client.namespace, self._scope.mesh.domain)
        services = self._services
        # A short form must not hide a service whose full name it is.
        short = [it for it in short if it not in services or services[it].port(port) is None]
        self._add(port, service.host, domains + short, routes)

    def _add(self, port: int, host: str, domains: list[str], routes: tuple[Route, ...]) -> None:
        known = self._domains.setdefault(port, set())
        fresh = tuple(dict.fromkeys(it.lower() for it in domains if it.lower() not in known))
        if fresh:
            known.update(fresh)
            self.hosts.setdefault(port, []).append(
                VirtualHost(
                    f"{host}:{port}",
                    fresh,
                    routes,
                    include_request_attempt_count=not self._scope.mesh.headers.attempt_count.disabled,
                    origin=routes[0].origin,
                )
            )

    def _names(self, resource: Resource[VirtualService]) -> list[str]:
        expand = self._scope.expand
        return list(dict.fromkeys(expand(host, resource.namespace) for host in resource.spec.hosts))


def _domains(service: Service, namespace: str, domain: str) -> tuple[list[str], list[str]]:
    """The names under which a client in ``namespace`` knows a service: the full ones, and the short ones."""
    full, short = [service.host], []
    parts = split_host(service.host, domain)
    if parts is not None:
        name, owner = parts
        short = [f"{name}.{owner}", f"{name}.{owner}.svc"]
        if owner == namespace:
            short.insert(0, name)
    if not is_address(service.host):
        full.append(f"{service.host}.")
    if service.headless:  # each of its workloads has a name below it
        full += [f"*.{it}" for it in full]
        short += [f"*.{it}" for it in short]
    full += [f"[{it}]" if ":" in it else it for it in service.addresses if "/" not in it]
    return full, short
