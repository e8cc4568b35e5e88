"""Usual mistakes that are cheap to see once the registry is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from meshcore.config.ejection import DEFAULT_PERCENT, never_ejects
from meshcore.config.findings import Findings, did_you_mean
from meshcore.config.istio.names import MESH, HostMap, gateway_name, is_wildcard, split_host
from meshcore.config.istio.reading import Resources
from meshcore.config.istio.registry import Registry, Resolution, Service
from meshcore.config.istio.resources import Resource, same_labels
from meshcore.config.istio.routes import Scope
from meshcore.config.istio.schema.common import Destination
from meshcore.config.istio.schema.destination_rule import DestinationRule
from meshcore.config.istio.schema.gateway import Gateway
from meshcore.config.istio.schema.virtual_service import HTTPRoute, VirtualService
from meshcore.config.schema import warn_at

__all__ = ["REMEDY", "WITHOUT_ENDPOINTS", "give_hints", "short_entry", "unfollowed"]

#: A search for a near name costs as much as there are names: beyond so many it is left out.
MANY = 2000
#: So many services without endpoints are named one by one; more are named together.
FEW = 5
#: What a warning of them begins with.
WITHOUT_ENDPOINTS = "no endpoints are known for"
_GIVE = "a file of endpoints gives addresses (--endpoints, in Python endpoints=)"
#: What gives the mesh a service.
REMEDY = (
    "a Service or a ServiceEntry makes it known, or a file of endpoints (--endpoints, in Python endpoints=)"
)


def give_hints(
    resources: Resources, registry: Registry, scope: Scope, findings: Findings, *, endpoints: bool
) -> None:
    """Warn about what leads nowhere; ``endpoints``: whether endpoints are to be expected at all."""
    hints = _Hints(registry, scope, findings)
    virtual_services = resources.of("VirtualService", VirtualService)
    ruled: set[str] = set()
    for resource in virtual_services:
        ruled.update(scope.expand(host, resource.namespace) for host in resource.spec.hosts)
        outcome = hints.outcome(resource.spec.hosts, idle=hints.check_hosts(resource))
        for rule in resource.spec.http:
            for destination in _destinations(rule):
                hints.check(destination, resource.namespace, outcome)
            for mirror in _mirrors(rule):
                hints.check(mirror, resource.namespace, "nothing is mirrored")
    for found in resources.of("DestinationRule", DestinationRule):
        host = scope.expand(found.spec.host, found.namespace)
        if not is_wildcard(host) and host not in registry:
            warn_at(findings, found.spec, "host", f"there is no service {host!r}{hints.near(host)}")
        _check_ejection(found, host, registry, findings)
    _check_gateways(virtual_services, resources.of("Gateway", Gateway), scope, findings)
    if endpoints:
        _check_endpoints(scope, findings, unasked=ruled - hints.destinations)


def _destinations(rule: HTTPRoute) -> Iterator[Destination]:
    for to in (it.destination for it in rule.route):
        if to is not None:
            yield to


def _mirrors(rule: HTTPRoute) -> Iterator[Destination]:
    for to in (rule.mirror, *(it.destination for it in rule.mirrors)):
        if to is not None:
            yield to


def _all(rule: HTTPRoute) -> Iterator[Destination]:
    yield from _destinations(rule)
    yield from _mirrors(rule)


def unfollowed(host: str, whole: str) -> str:
    """What that means for a VirtualService's host; ``whole`` is its name in the cluster."""
    if host.lower() == whole:
        return "only requests for this whole name follow these rules"
    return f"requests for {host!r} do not follow these rules"


def short_entry(host: str, registry: Registry) -> str:
    """Where a ServiceEntry has the first label of an unknown whole name for its host: that hosts of
    ServiceEntries are never short; "" where none has."""
    parts = split_host(host, registry.domain)
    for entry in registry.get(parts[0]) if parts is not None else ():
        where = f" at {entry.origin.file}:{entry.origin.line}" if entry.origin is not None else ""
        return (
            f"; the ServiceEntry{where} has the host {entry.host!r}, which is a whole name there "
            f"and a short one here: have it say {host}"
        )
    return ""


def _check_ejection(
    rule: Resource[DestinationRule], host: str, registry: Registry, findings: Findings
) -> None:
    policy = rule.spec.traffic_policy
    detection = policy.outlier_detection if policy else None
    if detection is not None:
        message = never_ejects(host, registry.count(host), detection.max_ejection_percent or DEFAULT_PERCENT)
        if message:
            warn_at(findings, detection, "maxEjectionPercent", message)


class _Hints:
    def __init__(self, registry: Registry, scope: Scope, findings: Findings) -> None:
        self._registry = registry
        self._scope = scope
        self._findings = findings
        self._names = list(registry.hosts)
        self._near: dict[str, str] = {}
        self.destinations: set[str] = set()  #: hosts that rules lead to

    def near(self, host: str) -> str:
        if host not in self._near:
            whole = f"{host}.svc.{self._scope.mesh.domain}"
            entry = short_entry(host, self._registry)
            if entry:
                self._near[host] = entry
            elif whole in self._registry:
                self._near[host] = f"; a name with a dot must be whole: {whole}"
            else:
                self._near[host] = self._alike(host) if len(self._names) <= MANY else ""
        return self._near[host]

    def _alike(self, host: str) -> str:
        """By the name alone: what whole names end in makes any two of them look alike."""
        parts = split_host(host, self._scope.mesh.domain)
        if parts is None:
            return did_you_mean(host, self._names)
        others = [(it, *found) for it in self._names if (found := split_host(it, self._scope.mesh.domain))]
        for whole, name, _ in others:
            if name == parts[0]:
                return f"; did you mean {whole!r}?"
        return did_you_mean(parts[0], [name for _, name, namespace in others if namespace == parts[1]])

    def check_hosts(self, resource: Resource[VirtualService]) -> bool:
        """Short hosts of the mesh that are no services; whether all of its hosts are such ones."""
        spec = resource.spec
        if self._scope.client.gateway != MESH or (spec.gateways and MESH not in spec.gateways):
            return False
        asked = {self._scope.expand(it.host, resource.namespace) for rule in spec.http for it in _all(rule)}
        idle = 0
        for host in spec.hosts:
            whole = self._scope.expand(host, resource.namespace)
            if whole in self._registry or split_host(whole, self._scope.mesh.domain) is None:
                continue
            short = whole != host.lower()
            idle += short
            near = self.near(whole)
            if (short or near) and whole not in asked:  # of a destination it is told as such
                message = f"there is no service {whole!r}: {unfollowed(host, whole)}{near}"
                warn_at(self._findings, spec, "hosts", message)
        return 0 < idle == len(spec.hosts)

    def outcome(self, hosts: Sequence[str], *, idle: bool) -> str:
        """What becomes of requests without a destination; ``idle``: the rules' hosts are no services."""
        if not idle:
            return "requests get a 503"
        if any(host.lower() in self._registry for host in hosts):
            return "nothing follows these rules: requests go to the ServiceEntry of that name"
        if self._scope.mesh.registry_only:
            return "requests get a 502"
        return "nothing follows these rules: clients go past the mesh, the proxy answers 404"

    def check(self, destination: Destination, namespace: str, outcome: str) -> None:
        host = self._scope.expand(destination.host, namespace)
        first = host not in self.destinations
        self.destinations.add(host)
        if host not in self._registry:
            remedy = self.near(host) or (f"; {REMEDY}" if first else "")
            message = f"there is no service {host!r}, so {outcome}{remedy}"
            warn_at(self._findings, destination, "host", message)
            return
        service = self._scope.view.get(host)
        if service is None:
            message = f"{host!r} is not seen from here: its exportTo or a Sidecar leaves this workload out"
            warn_at(self._findings, destination, "host", message)
            return
        port = destination.port.number if destination.port else 0
        if port and service.port(port) is None:
            known = ", ".join(str(it.number) for it in service.ports)
            warn_at(
                self._findings, destination, "port", f"{host!r} has no port {port}, only {known or 'none'}"
            )
        rule = self._scope.rule(host)
        subsets = rule.subsets if rule else {}
        if destination.subset and destination.subset not in subsets:
            where = (
                f"the DestinationRule of {host!r} has no" if rule else f"no DestinationRule gives {host!r} a"
            )
            hint = did_you_mean(destination.subset, subsets)
            message = f"{where} subset {destination.subset!r}: {outcome}{hint}"
            warn_at(self._findings, destination, "subset", message)


def _check_gateways(
    virtual_services: list[Resource[VirtualService]],
    gateways: list[Resource[Gateway]],
    scope: Scope,
    findings: Findings,
) -> None:
    known = {it.full_name for it in gateways}
    for resource in virtual_services if known else ():
        for name in resource.spec.gateways:
            full = gateway_name(name, resource.namespace)
            if full != MESH and full not in known:
                message = f"there is no Gateway {full!r} among the documents{did_you_mean(full, known)}"
                warn_at(findings, resource.spec, "gateways", message)
    _check_offers(virtual_services, gateways, scope, findings)
    roots = [it for it in virtual_services if it.spec.hosts]
    away = [it for it in roots if it.spec.gateways and MESH not in it.spec.gateways]
    if away and len(away) == len(roots) and scope.client.gateway == MESH:
        name = gateway_name(away[0].spec.gateways[0], away[0].namespace)
        message = (
            f"no rule is for workloads of the mesh, only for gateways; to serve as one: --gateway {name}"
        )
        warn_at(findings, away[0].spec, "gateways", message)


def _check_offers(
    virtual_services: list[Resource[VirtualService]],
    gateways: list[Resource[Gateway]],
    scope: Scope,
    findings: Findings,
) -> None:
    """Hosts of rules for a gateway should be hosts of the gateway."""
    offered: dict[str, HostMap[bool]] = {}
    for gateway in gateways:
        hosts = offered[gateway.full_name] = HostMap()
        for server in gateway.spec.servers:
            for text in server.hosts:
                hosts.set(text.rpartition("/")[2].lower(), True)
    for resource in virtual_services:
        wanted = [scope.expand(it, resource.namespace) for it in resource.spec.hosts]
        for name in resource.spec.gateways:
            found = offered.get(gateway_name(name, resource.namespace))
            if found is not None and wanted and not any(is_wildcard(it) or found.find(it) for it in wanted):
                message = f"Gateway {gateway_name(name, resource.namespace)!r} offers none of these hosts"
                warn_at(findings, resource.spec, "hosts", message)


def _check_endpoints(scope: Scope, findings: Findings, *, unasked: set[str]) -> None:
    """``unasked``: hosts whose rules send all that comes elsewhere."""
    empty = [
        it
        for it in scope.view.services.values()
        if it.resolution is Resolution.STATIC and not it.workloads and it.host not in unasked
    ]
    names = [it.host for it in empty]
    if len(names) > FEW:
        names = [f"{', '.join(names[:FEW])} and {len(names) - FEW} more"]
    for name, service in zip(names, empty, strict=False):
        message = f"{WITHOUT_ENDPOINTS} {name}: requests get a 503; {_GIVE}"
        if service.origin is not None:
            findings.warn(service.origin, "", message)
    for service in scope.view.services.values():
        rule = scope.rule(service.host) if service.workloads else None
        for subset in rule.subsets.values() if rule else ():
            if subset.labels and not _selects(service, subset.labels):
                labels = ", ".join(f"{key}={value}" for key, value in subset.labels.items())
                message = f"no endpoint of {service.host!r} has the labels {labels}: requests get a 503"
                warn_at(findings, subset, "labels", message)


def _selects(service: Service, labels: dict[str, str]) -> bool:
    return any(same_labels(labels, it.labels) for it in service.workloads)
