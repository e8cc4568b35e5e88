"""The route tables of a Gateway: one for each port of its HTTP servers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from meshcore.config.istio.matching import is_catch_all
from meshcore.config.istio.names import expand, gateway_name, intersection, visible
from meshcore.config.istio.registry import Protocol
from meshcore.config.istio.resources import Resource
from meshcore.config.istio.routes import Scope, build_routes
from meshcore.config.istio.schema.gateway import Gateway, Server, TLSMode
from meshcore.config.istio.schema.virtual_service import VirtualService
from meshcore.config.istio.tables import GATEWAY_OPTIONS, any_port, route_configuration
from meshcore.config.schema import origin_of
from meshcore.model import Listener, Origin, RequireTls, Route, VirtualHost

__all__ = ["gateway_listeners", "routes_http"]


def routes_http(server: Server) -> bool:
    """Whether http rules apply behind a server: plain HTTP, or TLS that ends here."""
    assert server.port is not None  # validated
    protocol = Protocol.parse(server.port.protocol)
    if protocol is Protocol.HTTPS:
        return server.tls is not None and server.tls.mode not in (
            TLSMode.PASSTHROUGH,
            TLSMode.AUTO_PASSTHROUGH,
        )
    return protocol.is_http


@dataclass(slots=True)
class _Host:
    """A virtual host under construction."""

    origin: Origin
    routes: list[Route] = field(default_factory=list)
    redirect: bool = False

    def build(self, host: str, port: int) -> VirtualHost:
        # Several VirtualServices may meet here: those that catch everything must not hide the others.
        routes = sorted(self.routes, key=lambda route: is_catch_all(route.match))
        return VirtualHost(
            f"{host}:{port}",
            (host,),
            tuple(routes),
            require_tls=RequireTls.ALL if self.redirect else RequireTls.NONE,
            include_request_attempt_count=True,
            origin=self.origin,
        )


def gateway_listeners(
    scope: Scope, gateway: Resource[Gateway], resources: Iterable[Resource[VirtualService]]
) -> tuple[Listener, ...]:
    """The listeners of one Gateway; ``resources`` come in order."""
    bound = [it for it in resources if _bound(it, scope)]
    by_port: dict[int, list[Server]] = {}
    for server in gateway.spec.servers:
        if server.port is not None and routes_http(server):
            by_port.setdefault(server.port.number, []).append(server)
    tables = []
    for port, servers in sorted(by_port.items()):
        tls = any(_terminates(it) for it in servers)
        hosts = _hosts(scope, gateway, servers, bound, port)
        name = f"https.{port}" if tls else f"http.{port}"
        tables.append(
            Listener(
                name,
                port,
                route_configuration(name, (it.build(host, port) for host, it in hosts.items())),
                GATEWAY_OPTIONS,
                address=next((it.bind for it in servers if it.bind), "0.0.0.0"),
                tls=tls,
                origin=origin_of(servers[0]),
            )
        )
    return (*tables, any_port(tables, GATEWAY_OPTIONS))


def _bound(resource: Resource[VirtualService], scope: Scope) -> bool:
    spec = resource.spec
    if (
        not spec.hosts
        or not spec.http
        or not visible(spec.export_to, resource.namespace, scope.client.namespace)
    ):
        return False
    return any(gateway_name(it, resource.namespace) == scope.client.gateway for it in spec.gateways)


def _terminates(server: Server) -> bool:
    return server.port is not None and Protocol.parse(server.port.protocol) is Protocol.HTTPS


def _hosts(
    scope: Scope,
    gateway: Resource[Gateway],
    servers: list[Server],
    bound: list[Resource[VirtualService]],
    port: int,
) -> dict[str, _Host]:
    hosts: dict[str, _Host] = {}
    for server in servers:
        redirect = server.tls is not None and server.tls.https_redirect
        tls = _terminates(server)
        for resource in bound:
            offered = _offered(server, gateway.namespace, resource.namespace)
            wanted = [expand(host, resource.namespace) for host in resource.spec.hosts]
            names = intersection(offered, wanted)
            routes = build_routes(scope, resource, port, tls=tls) if names else ()
            if not routes:
                continue
            for name in names:
                host = hosts.setdefault(name, _Host(resource.origin))
                host.routes += routes
                host.redirect |= redirect
        if redirect:
            for name in _offered(server, gateway.namespace, None):
                hosts.setdefault(name, _Host(origin_of(server))).redirect = True
    return hosts


def _offered(server: Server, owner: str, namespace: str | None) -> list[str]:
    """The hosts of a server that a VirtualService of ``namespace`` may bind to (None: all)."""
    names = []
    for host in server.hosts:
        where, slash, name = host.rpartition("/")
        where = owner if where == "." else where
        if not slash or where == "*" or namespace is None or where == namespace:
            names.append(name.lower())
    return names
