"""The registry: services, their ports and the workloads behind them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from meshcore.config.istio.names import DOMAIN, visible
from meshcore.config.istio.schema.destination_rule import LocalityLb
from meshcore.model import Locality, Origin

__all__ = ["Protocol", "Registry", "Resolution", "Service", "ServicePort", "View", "Workload", "preferred"]


NOWHERE = Locality()


class Protocol(Enum):
    """What a port speaks, as far as routing cares. ``UNKNOWN`` is told from the traffic."""

    HTTP = "HTTP"
    HTTP2 = "HTTP2"
    GRPC = "GRPC"
    HTTPS = "HTTPS"
    TLS = "TLS"
    TCP = "TCP"
    UDP = "UDP"
    UNKNOWN = "UNKNOWN"

    @property
    def is_http(self) -> bool:
        """Whether http rules apply: known HTTP, or found out from the first bytes."""
        return self in _HTTP

    @property
    def is_http2(self) -> bool:
        return self in (Protocol.HTTP2, Protocol.GRPC)

    @staticmethod
    def parse(name: str) -> Protocol:
        """From a protocol's name in a document; names of no use to us are ``UNKNOWN``."""
        return _NAMES.get(name.lower(), Protocol.UNKNOWN)

    @staticmethod
    def known(name: str) -> bool:
        return name.lower() in _NAMES


_HTTP = frozenset({Protocol.HTTP, Protocol.HTTP2, Protocol.GRPC, Protocol.UNKNOWN})
_NAMES = {
    "http": Protocol.HTTP,
    "http_proxy": Protocol.HTTP,
    "http2": Protocol.HTTP2,
    "grpc": Protocol.GRPC,
    "grpc-web": Protocol.GRPC,
    "grpc-web-h2c": Protocol.GRPC,
    "https": Protocol.HTTPS,
    "tls": Protocol.TLS,
    "hbone": Protocol.TLS,
    "tcp": Protocol.TCP,
    "mongo": Protocol.TCP,
    "redis": Protocol.TCP,
    "mysql": Protocol.TCP,
    "thrift": Protocol.TCP,
    "udp": Protocol.UDP,
}


class Resolution(Enum):
    """How the addresses of a service are found."""

    STATIC = "STATIC"  #: they are listed
    DNS = "DNS"  #: all answers of a name server
    DNS_ROUND_ROBIN = "DNS_ROUND_ROBIN"  #: the first answer
    NONE = "NONE"  #: the address that the client connected to
    DYNAMIC_DNS = "DYNAMIC_DNS"  #: the name that the client asked for


@dataclass(frozen=True, slots=True)
class ServicePort:
    """``target`` is the workload's port: a number, the name of a container port, or None (the same)."""

    number: int
    protocol: Protocol = Protocol.HTTP
    name: str = ""
    target: int | str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Workload:
    """One address behind a service.

    ``ports`` maps names and numbers (as text) of service ports to ports of the workload; ``port``
    stands for every service port. ``strict``: a service port that neither names is not served.
    """

    address: str
    ports: Mapping[str, int] = field(default_factory=dict)
    port: int | None = None
    strict: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    locality: Locality = NOWHERE
    weight: int = 1
    origin: Origin | None = None

    def port_for(self, service_port: ServicePort) -> int | None:
        """The port to connect to; None: the workload does not serve it."""
        found = self.ports.get(service_port.name) or self.ports.get(str(service_port.number)) or self.port
        if found or self.strict:
            return found
        return service_port.target if isinstance(service_port.target, int) else service_port.number


@dataclass(slots=True, eq=False)
class Service:
    """A host that traffic may go to."""

    host: str
    namespace: str
    ports: tuple[ServicePort, ...] = ()
    resolution: Resolution = Resolution.STATIC
    addresses: tuple[str, ...] = ()
    export_to: tuple[str, ...] = ()
    kubernetes: bool = False
    headless: bool = False
    distribution: LocalityLb | None = None  #: its traffic distribution
    workloads: list[Workload] = field(default_factory=list)
    origin: Origin | None = None

    def port(self, number: int) -> ServicePort | None:
        return next((port for port in self.ports if port.number == number), None)


class Registry:
    """All services of a load, by host. ``domain`` is the cluster's."""

    def __init__(self, domain: str = DOMAIN) -> None:
        self.domain = domain
        self._hosts: dict[str, list[Service]] = {}

    def add(self, service: Service) -> Service:
        """Add a service; the ports of one host and namespace that comes again are united."""
        known = self._hosts.setdefault(service.host, [])
        for other in known:
            if other.namespace == service.namespace and other.kubernetes == service.kubernetes:
                numbers = {port.number for port in other.ports}
                other.ports += tuple(port for port in service.ports if port.number not in numbers)
                other.workloads += service.workloads
                return other
        known.append(service)
        return service

    def get(self, host: str) -> list[Service]:
        return self._hosts.get(host, [])

    def count(self, host: str) -> int:
        """How many endpoints a host has that are listed: how many a name stands for is not known yet."""
        return max(
            (len(it.workloads) for it in self.get(host) if it.resolution is Resolution.STATIC), default=0
        )

    def __iter__(self) -> Iterable[Service]:
        for services in self._hosts.values():
            yield from services

    def __contains__(self, host: str) -> bool:
        return host in self._hosts

    @property
    def hosts(self) -> Iterable[str]:
        return self._hosts.keys()

    def view(self, client: str, default_export: tuple[str, ...] = ("*",)) -> View:
        """What a client in that namespace sees; ``default_export`` is the mesh's ``exportTo``."""
        services: dict[str, Service] = {}
        for host in self.hosts:
            seen = [
                it for it in self.get(host) if visible(it.export_to or default_export, it.namespace, client)
            ]
            if seen:
                services[host] = preferred(seen, client)
        return View(services)


def preferred(services: Iterable[Service], client: str) -> Service:
    """Of services with one host: the client's own, then Kubernetes' own, then the first in order."""
    return min(services, key=lambda it: (it.namespace != client, not it.kubernetes))


class View:
    """The services that one client sees: one for each host."""

    def __init__(self, services: dict[str, Service]) -> None:
        self.services = services

    def get(self, host: str) -> Service | None:
        return self.services.get(host)

    def __contains__(self, host: str) -> bool:
        return host in self.services
