"""The route tables of a Gateway: one for each port of its HTTP servers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from meshcore.config.istio.matching import is_catch_all
from meshcore.config.istio.names import HostMap, covers, expand, gateway_name, is_wildcard, visible
from meshcore.config.istio.registry import Protocol
from meshcore.config.istio.resources import Resource
from meshcore.config.istio.routes import Scope, build_routes
from meshcore.config.istio.schema.gateway import Gateway, Server, TLSMode
from meshcore.config.istio.schema.virtual_service import VirtualService
from meshcore.config.istio.tables import GATEWAY_OPTIONS, other_ports, route_configuration
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
    scope: Scope, gateway: Resource[Gateway], resources: Iterable[Resource[VirtualService]], *, any_port: bool
) -> tuple[Listener, ...]:
    """The listeners of one Gateway; ``resources`` come in order, ``any_port`` as for sidecars."""
    bound = [it for it in resources if _bound(it, scope)]
    by_port: dict[int, list[Server]] = {}
    for server in gateway.spec.servers:
        if server.port is not None and server.port.number and routes_http(server):
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
    return (*tables, other_ports(tables if any_port else (), GATEWAY_OPTIONS))


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


@dataclass(frozen=True, slots=True)
class _Offer:
    """A host of a server, and the namespace whose VirtualServices may bind to it ("*": any)."""

    host: str
    namespace: str
    server: Server

    @property
    def redirect(self) -> bool:
        return self.server.tls is not None and self.server.tls.https_redirect


def _offers(servers: list[Server], owner: str) -> Iterator[_Offer]:
    for server in servers:
        for text in server.hosts:
            namespace, slash, host = text.rpartition("/")
            yield _Offer(host.lower(), (owner if namespace == "." else namespace) if slash else "*", server)


def _hosts(
    scope: Scope,
    gateway: Resource[Gateway],
    servers: list[Server],
    bound: list[Resource[VirtualService]],
    port: int,
) -> dict[str, _Host]:
    offers: HostMap[list[_Offer]] = HostMap()
    for offer in _offers(servers, gateway.namespace):
        offers.setdefault(offer.host, []).append(offer)
    tls = any(_terminates(it) for it in servers)
    hosts: dict[str, _Host] = {}
    for resource in bound:
        names: dict[str, bool] = {}
        for wanted in resource.spec.hosts:
            for name, offer in _meeting(offers, expand(wanted, resource.namespace)):
                if offer.namespace in ("*", resource.namespace):
                    names[name] = names.get(name, False) or offer.redirect
        routes = build_routes(scope, resource, port, tls=tls) if names else ()
        for name, redirect in names.items() if routes else ():
            host = hosts.setdefault(name, _Host(resource.origin))
            host.routes += routes
            host.redirect |= redirect
    for name in offers:
        for offer in offers.get(name) or ():
            if offer.redirect:
                hosts.setdefault(name, _Host(origin_of(offer.server))).redirect = True
    return hosts


def _meeting(offers: HostMap[list[_Offer]], wanted: str) -> Iterator[tuple[str, _Offer]]:
    """The offers that overlap with a wanted host, each with the narrower of the two names."""
    for _, found in offers.matches(wanted):
        for offer in found:
            yield wanted, offer
    if is_wildcard(wanted):
        for name in offers:
            if name != wanted and covers(wanted, name):
                for offer in offers.get(name) or ():
                    yield name, offer
