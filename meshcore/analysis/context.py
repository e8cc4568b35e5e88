"""What analyzers are given: the documents from all sides, and a place for what they find."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from meshcore.analysis.asked import Table, envoy_tables, istio_tables
from meshcore.analysis.cursor import Cursor
from meshcore.analysis.hints import Hints
from meshcore.analysis.inventory import CORE, NETWORKING, Inventory, Item
from meshcore.analysis.offers import Offers, offers_of
from meshcore.analysis.services import ServiceHosts
from meshcore.analysis.workloads import Workloads
from meshcore.config.codes import CODES
from meshcore.config.documents import from_mapping
from meshcore.config.findings import Finding, Findings
from meshcore.config.istio.names import DOMAIN, MESH, expand, split_host
from meshcore.config.istio.reading import Resources
from meshcore.config.istio.registry import Registry
from meshcore.model import Config, Origin

__all__ = ["Context", "Destination"]


@dataclass(frozen=True, slots=True, eq=False)
class Destination:
    """A destination of a rule. ``role`` is http, tcp, tls, mirror or mirrors."""

    role: str
    where: Cursor
    host: str
    subset: str
    port: int | None

    @property
    def mirror(self) -> bool:
        return self.role in ("mirror", "mirrors")


class Context:
    """Everything that an analyzer may look at, worked out once and on demand."""

    def __init__(
        self,
        inventory: Inventory,
        findings: Findings,
        *,
        resources: Resources | None = None,
        registry: Registry | None = None,
        mesh: Cursor | None = None,
        config: Config | None = None,
        expects_endpoints: bool = False,
    ) -> None:
        self.inventory = inventory
        self.findings = findings
        #: The resources that could be decoded, for analyzers of what a resource means.
        self.resources = resources if resources is not None else Resources()
        #: The services of the decoded resources with the endpoints that are known of them.
        self.registry = registry if registry is not None else Registry()
        #: The mesh configuration; false where none is given.
        self.mesh = mesh if mesh is not None else _nothing()
        #: The model of Envoy's documents.
        self.config = config
        #: Whether the endpoints of all services should be known.
        self.expects_endpoints = expects_endpoints
        self._destinations: dict[int, list[Destination]] = {}
        self._near: dict[str, str] = {}
        self._offers: dict[tuple[str, str, str], Offers] = {}
        self.hints = Hints()

    @cached_property
    def workloads(self) -> Workloads:
        return Workloads(self.inventory)

    @cached_property
    def services(self) -> ServiceHosts:
        return ServiceHosts(self.inventory)

    @cached_property
    def tables(self) -> list[Table]:
        """The route tables of VirtualServices and of Envoy's virtual hosts."""
        return [*istio_tables(self.resources), *envoy_tables(self.config)]

    @property
    def root_namespace(self) -> str:
        return self.mesh.get("rootNamespace").text or "istio-system"

    def namespace(self, name: str) -> Item | None:
        """The Namespace of that name, if a document declares it."""
        return self.inventory.find(CORE, "Namespace", name)

    @property
    def virtual_services(self) -> list[Item]:
        return list(self.inventory.of(NETWORKING, "VirtualService"))

    def destinations(self, item: Item) -> list[Destination]:
        """All destinations of a VirtualService: routes first, then mirrors."""
        known = self._destinations.get(id(item))
        if known is None:
            known = self._destinations[id(item)] = [*_routes(item), *_mirrors(item)]
        return known

    def offers(self, gateway: Item, namespace: str) -> Offers:
        """The hosts that a Gateway offers to VirtualServices of a namespace."""
        key = (gateway.group, gateway.full_name, namespace)
        if key not in self._offers:
            self._offers[key] = Offers(offers_of(gateway, namespace))
        return self._offers[key]

    def is_extra(self, host: str) -> bool:
        """Whether only the endpoints file knows the host."""
        return host in self.registry and host not in self.services.names

    def is_unknown(self, host: str) -> bool:
        """Whether a whole name could be a service's, and no service has it."""
        return host not in self.services.names and host not in self.registry and split_host(host) is not None

    def is_followed(self, item: Item) -> bool:
        """Whether requests can follow the rules of a VirtualService: a gateway or one of its hosts leads to
        them."""
        hosts = item.spec.get("hosts").texts
        if not hosts or any(name != MESH for name in item.spec.get("gateways").texts):
            return True
        wholes = [(host, expand(host, item.namespace)) for host in hosts]
        return not all(self.is_unknown(whole) and whole != host.lower() for host, whole in wholes)

    def near_host(self, host: str) -> str:
        """A hint at what was meant by an unknown host; "" where there is none."""
        if host not in self._near:
            self._near[host] = self._hint(host)
        return self._near[host]

    def _hint(self, host: str) -> str:
        names = self.services.names
        if host in names:
            return ", as it is not exported to this namespace"
        whole = f"{host}.svc.{DOMAIN}"
        if whole in names:
            return f"; a name with a dot must be whole: {whole}"
        # Names of one namespace differ in their first label alone; as a whole they are all alike.
        label, _, rest = host.partition(".")
        siblings = self.services.siblings(rest)
        return self.hints.near(label, siblings)

    def report(
        self, code: str, where: Cursor | Origin, message: str, *, found: str = "", expected: str = ""
    ) -> None:
        """Record a finding; its severity is the code's."""
        origin = where if isinstance(where, Origin) else where.anchor.origin(where.path)
        self.findings.add(
            Finding(
                CODES[code].severity,
                message,
                origin.file,
                origin.line,
                origin.column,
                origin.path,
                found,
                expected,
                origin.kind,
                origin.name,
                code,
            )
        )


def _nothing() -> Cursor:
    document = from_mapping({}, "<mesh>", Findings())
    assert document is not None
    return Cursor(document.root)


def _routes(item: Item) -> Iterator[Destination]:
    for role in ("tcp", "tls", "http"):
        for rule in item.spec.get(role).each():
            for route in rule.get("route").each():
                yield _destination(role, route.get("destination"))


def _mirrors(item: Item) -> Iterator[Destination]:
    for rule in item.spec.get("http").each():
        mirror = rule.get("mirror")
        if mirror:
            yield _destination("mirror", mirror)
        for other in rule.get("mirrors").each():
            yield _destination("mirrors", other.get("destination"))


def _destination(role: str, where: Cursor) -> Destination:
    port = where.at("port", "number").number
    return Destination(role, where, where.get("host").text, where.get("subset").text, port)
