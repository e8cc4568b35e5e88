"""The route tables of a workload in the mesh: one for each port that a visible service has."""

from __future__ import annotations

from collections.abc import Iterable

from meshcore.config.istio.names import (
    MESH,
    HostMap,
    expand,
    gateway_name,
    is_wildcard,
    split_host,
    visible,
)
from meshcore.config.istio.registry import Service
from meshcore.config.istio.resources import Resource
from meshcore.config.istio.routes import Scope, build_routes, default_route, passthrough_route
from meshcore.config.istio.schema.virtual_service import VirtualService
from meshcore.config.istio.tables import OPTIONS, other_ports, route_configuration
from meshcore.model import Listener, Route, VirtualHost

__all__ = ["sidecar_listeners"]

#: Where hosts are served that no registry has.
HTTP_PORT = 80


def sidecar_listeners(
    scope: Scope, resources: Iterable[Resource[VirtualService]], *, any_port: bool
) -> tuple[Listener, ...]:
    """The listeners of a sidecar; ``resources`` come in order.

    The last is for ports that no service has: nothing is known there, unless ``any_port`` lets it
    stand for all ports.
    """
    tables = _Tables(scope)
    tables.add_rules([it for it in resources if _for_mesh(it, scope.client.namespace)])
    tables.add_defaults()
    return tables.listeners(any_port=any_port)


def _for_mesh(resource: Resource[VirtualService], namespace: str) -> bool:
    spec = resource.spec
    if not spec.hosts or not spec.http or not visible(spec.export_to, resource.namespace, namespace):
        return False
    return not spec.gateways or any(gateway_name(it, resource.namespace) == MESH for it in spec.gateways)


class _Tables:
    """Virtual hosts by port, under construction."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._hosts: dict[int, list[VirtualHost]] = {}
        self._domains: dict[int, set[str]] = {}
        self._taken: set[tuple[str, int]] = set()

    def add_rules(self, resources: list[Resource[VirtualService]]) -> None:
        """Attach each VirtualService to the services that it speaks for, the oldest first."""
        services = self._scope.view.services
        owners: HostMap[Resource[VirtualService]] = HostMap()
        for resource in resources:
            for host in _hosts(resource):
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
            for host in _hosts(resource):
                if is_wildcard(host):
                    attached += covered.get((host, resource.full_name), [])
                elif host in services:
                    attached.append(services[host])
                if host not in met:
                    unknown.append(host)
            self._attach(resource, attached, unknown)

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
        for service in self._scope.view.services.values():
            for port in service.ports:
                if port.protocol.is_http and (service.host, port.number) not in self._taken:
                    self._add_service(
                        port.number, service, (default_route(self._scope, service, port.number),)
                    )

    def _add_service(self, port: int, service: Service, routes: tuple[Route, ...]) -> None:
        self._taken.add((service.host, port))
        domains, short = _domains(service, self._scope.client.namespace)
        services = self._scope.view.services
        # A short form must not hide a service whose full name it is.
        short = [it for it in short if it not in services or services[it].port(port) is None]
        self._add(port, service.host, domains + short, routes)

    def _add(self, port: int, host: str, domains: list[str], routes: tuple[Route, ...]) -> None:
        known = self._domains.setdefault(port, set())
        fresh = tuple(dict.fromkeys(it.lower() for it in domains if it.lower() not in known))
        if fresh:
            known.update(fresh)
            self._hosts.setdefault(port, []).append(
                VirtualHost(
                    f"{host}:{port}",
                    fresh,
                    routes,
                    include_request_attempt_count=True,
                    origin=routes[0].origin,
                )
            )

    def listeners(self, *, any_port: bool) -> tuple[Listener, ...]:
        rest = VirtualHost("allow_any", ("*",), (passthrough_route(),), include_request_attempt_count=True)
        tables = [
            Listener(
                f"0.0.0.0_{port}",
                port,
                route_configuration(str(port), [*hosts, rest]),
                OPTIONS,
                address="0.0.0.0",
            )
            for port, hosts in sorted(self._hosts.items())
        ]
        return (*tables, other_ports(tables if any_port else (), OPTIONS, rest))


def _hosts(resource: Resource[VirtualService]) -> list[str]:
    return list(dict.fromkeys(expand(host, resource.namespace) for host in resource.spec.hosts))


def _domains(service: Service, namespace: str) -> tuple[list[str], list[str]]:
    """The names under which a client in ``namespace`` knows a service: the full ones, and the short ones."""
    full, short = [service.host], []
    parts = split_host(service.host)
    if parts is not None:
        name, owner = parts
        short = [f"{name}.{owner}", f"{name}.{owner}.svc"]
        if owner == namespace:
            short.insert(0, name)
        full.append(f"{service.host}.")
    if service.headless:  # each of its workloads has a name below it
        full += [f"*.{it}" for it in full]
        short += [f"*.{it}" for it in short]
    full += [f"[{it}]" if ":" in it else it for it in service.addresses if "/" not in it]
    return full, short
