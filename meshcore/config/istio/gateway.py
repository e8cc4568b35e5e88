"""The route tables of a gateway's workload: one for each port of its HTTP servers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from meshcore.config.findings import Findings, did_you_mean
from meshcore.config.istio.matching import Client, is_catch_all
from meshcore.config.istio.names import HostMap, covers, is_wildcard
from meshcore.config.istio.registry import Protocol
from meshcore.config.istio.resources import DEFAULT_NAMESPACE, Resource, in_order, same_labels
from meshcore.config.istio.routes import Scope, build_routes
from meshcore.config.istio.schema.gateway import Gateway, Server, TLSMode
from meshcore.config.istio.schema.virtual_service import VirtualService
from meshcore.config.istio.selection import by_gateway
from meshcore.config.istio.tables import http_options, other_ports, route_configuration
from meshcore.config.node import Node
from meshcore.config.schema import origin_of, warn_at
from meshcore.model import Listener, Origin, RequireTls, Route, TracingOptions, VirtualHost

__all__ = ["gateway_client", "gateway_listeners", "routes_http", "select_gateways"]


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
    redirect: Origin | None = None  #: where plaintext is sent to https
    _added: set[tuple[str, str]] = field(default_factory=set)

    def add(self, key: tuple[str, str], routes: tuple[Route, ...]) -> None:
        """Add the routes of a VirtualService bound to a Gateway, once."""
        if key not in self._added:
            self._added.add(key)
            self.routes += routes

    def build(self, host: str, port: int, *, counted: bool) -> VirtualHost:
        # Several VirtualServices may meet here: those that catch everything must not hide the others.
        routes = sorted(self.routes, key=lambda route: is_catch_all(route.match))
        return VirtualHost(
            f"{host}:{port}",
            (host,),
            tuple(routes),
            require_tls=RequireTls.ALL if self.redirect else RequireTls.NONE,
            include_request_attempt_count=counted,
            origin=self.origin,
            require_tls_origin=self.redirect,
        )


def gateway_listeners(
    scope: Scope,
    gateways: Sequence[Resource[Gateway]],
    resources: Iterable[Resource[VirtualService]],
    tracing: TracingOptions | None,
    findings: Findings,
    *,
    any_port: bool,
) -> tuple[Listener, ...]:
    """The listeners of a workload that these Gateways select, the oldest first.

    ``resources`` are all VirtualServices; ``tracing`` and ``any_port`` are as for sidecars. A server
    that conflicts with an older one of the same port is left out with a warning, as Istio leaves it out.
    """
    options = http_options(scope.mesh, tracing, edge=True)
    counted = not scope.mesh.headers.attempt_count.disabled
    bound = by_gateway(resources, scope.client.namespace, scope.mesh)
    tables = []
    for port, servers in sorted(_by_port(gateways, findings).items()):
        tls = any(_terminates(it.server) for it in servers)
        hosts = _hosts(scope, servers, bound, port)
        name = f"https.{port}" if tls else f"http.{port}"
        built = [it.build(host, port, counted=counted) for host, it in hosts.items()]
        tables.append(
            Listener(
                name,
                port,
                route_configuration(name, built),
                options,
                address=next((it.server.bind for it in servers if it.server.bind), "0.0.0.0"),
                tls=tls,
                origin=origin_of(servers[0].server),
            )
        )
    return (*tables, other_ports(tables if any_port else (), options))


@dataclass(frozen=True, slots=True)
class _Served:
    """A server of a Gateway, and the Gateway that it is of."""

    server: Server
    gateway: Resource[Gateway]


def _by_port(gateways: Iterable[Resource[Gateway]], findings: Findings) -> dict[int, list[_Served]]:
    """The HTTP servers by port, without those that conflict with an older one."""
    first: dict[tuple[int, str], _Served] = {}
    secured: dict[tuple[int, str, str], _Served] = {}
    by_port: dict[int, list[_Served]] = {}
    for gateway in gateways:
        for server in gateway.spec.servers:
            if server.port is None or not server.port.number:
                continue
            served = _Served(server, gateway)
            port, bind = server.port.number, server.bind
            older = first.setdefault((port, bind), served)
            if _is_plain(older.server) != _is_plain(server) or (
                _is_plain(server) and routes_http(older.server) != routes_http(server)
            ):
                _left_out(served, older, f"port {port} speaks {_protocol(older.server)} there", findings)
                continue
            if server.tls is not None:
                hosts = [f"{namespace}/{host}" for host, namespace in _split(served)]
                taken = next((secured[key] for it in hosts if (key := (port, bind, it)) in secured), None)
                if taken is not None:
                    _left_out(served, taken, f"a host of port {port} is there already", findings)
                    continue
                secured.update(((port, bind, it), served) for it in hosts)
            if routes_http(server):
                by_port.setdefault(port, []).append(served)
    return by_port


def _left_out(served: _Served, older: _Served, why: str, findings: Findings) -> None:
    where = origin_of(older.server)
    message = f"conflicts with the server at {where.file}:{where.line}, so it is left out: {why}"
    warn_at(findings, served.server, "port", message)


def _protocol(server: Server) -> str:
    return server.port.protocol if server.port else ""


def _is_plain(server: Server) -> bool:
    return Protocol.parse(_protocol(server)) not in (Protocol.HTTPS, Protocol.TLS)


def _terminates(server: Server) -> bool:
    return Protocol.parse(_protocol(server)) is Protocol.HTTPS


@dataclass(frozen=True, slots=True)
class _Offer:
    """A host of a server, and the namespace whose VirtualServices may bind to it ("*": any)."""

    host: str
    namespace: str
    server: Server

    @property
    def redirect(self) -> Origin | None:
        """Where the server sends plaintext to https."""
        tls = self.server.tls
        return origin_of(tls, "https_redirect") if tls is not None and tls.https_redirect else None


def _offers(served: _Served) -> Iterator[_Offer]:
    for host, namespace in _split(served):
        yield _Offer(host, namespace, served.server)


def _split(served: _Served) -> Iterator[tuple[str, str]]:
    """The hosts of a server, each with the namespace that may bind to it."""
    for text in served.server.hosts:
        namespace, slash, host = text.rpartition("/")
        owner = served.gateway.namespace if namespace == "." else namespace
        yield host.lower(), owner if slash else "*"


def _hosts(
    scope: Scope, servers: list[_Served], bound: Mapping[str, list[Resource[VirtualService]]], port: int
) -> dict[str, _Host]:
    """Virtual hosts by name: for each server in order, the VirtualServices bound to its Gateway."""
    tls = any(_terminates(it.server) for it in servers)
    known: dict[tuple[str, str], tuple[Route, ...]] = {}
    hosts: dict[str, _Host] = {}
    for served in servers:
        gateway = served.gateway.full_name
        offers: HostMap[list[_Offer]] = HostMap()
        for offer in _offers(served):
            offers.setdefault(offer.host, []).append(offer)
        for resource in bound.get(gateway, ()):
            names: dict[str, Origin | None] = {}
            for wanted in resource.spec.hosts:
                for name, offer in _meeting(offers, scope.expand(wanted, resource.namespace)):
                    if offer.namespace in ("*", resource.namespace):
                        names[name] = names.get(name) or offer.redirect
            if not names:
                continue
            key = (gateway, resource.full_name)
            if key not in known:
                known[key] = build_routes(scope.behind(gateway), resource, port, tls=tls)
            for name, redirect in names.items() if known[key] else ():
                host = hosts.setdefault(name, _Host(resource.origin))
                host.add(key, known[key])
                host.redirect = host.redirect or redirect
        for name in offers:
            for offer in offers.get(name) or ():
                if offer.redirect:
                    host = hosts.setdefault(name, _Host(origin_of(served.server)))
                    host.redirect = host.redirect or offer.redirect
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


def select_gateways(
    named: Mapping[str, Sequence[Resource[Gateway]]],
    node: Node,
    findings: Findings,
) -> list[Resource[Gateway]]:
    """The Gateways of a node, the oldest first: those that it names, or all that its labels meet.

    Several may go by one name: one of the Gateway API is a Gateway here for each of its listeners.
    """
    if node.gateway is None:
        return []
    gateways = [it for same in named.values() for it in same]
    if node.gateway == "*":
        chosen = [it for it in in_order(gateways) if _selects(it, node)]
        if not chosen:
            labels = ", ".join(f"{key}={value}" for key, value in node.labels.items()) or "none"
            known = "; ".join(f"{it.full_name} selects {_selector(it)}" for it in gateways)
            hint = f"; {known}" if known else ""
            message = f"no Gateway selects a workload with the labels {labels}{hint}"
            findings.error("<node>", "", message)
        return chosen
    wanted = node.gateway if "/" in node.gateway else f"{node.namespace}/{node.gateway}"
    if wanted not in named:
        hint = did_you_mean(wanted, named) or f"; there is {', '.join(named) or 'none'}"
        findings.error("<node>", "", f"there is no Gateway {wanted!r} in the documents{hint}")
    elif not named[wanted]:
        message = f"Gateway {wanted!r} has no listener that could be served"
        findings.error("<node>", "", message)
    return list(named.get(wanted, ()))


def _selects(gateway: Resource[Gateway], node: Node) -> bool:
    """Whether a Gateway is for a workload; one of the Gateway API is so in its own namespace only."""
    return same_labels(gateway.spec.selector, node.labels) and (
        not gateway.gateway_api or gateway.namespace == node.namespace
    )


def _selector(gateway: Resource[Gateway]) -> str:
    return ", ".join(f"{key}={value}" for key, value in gateway.spec.selector.items()) or "all"


def gateway_client(gateways: Sequence[Resource[Gateway]], node: Node) -> Client:
    """A gateway's workload: it carries the labels that its Gateway selects.

    It is at home with the Gateway that the node names, unless the node says otherwise.
    """
    if node.gateway == "*":
        return Client(node.namespace, node.labels, gateways[0].full_name)
    gateway = gateways[0]
    namespace = gateway.namespace if node.namespace == DEFAULT_NAMESPACE else node.namespace
    return Client(namespace, {**gateway.spec.selector, **node.labels}, gateway.full_name)
