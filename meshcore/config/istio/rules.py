"""Which DestinationRule applies to a service, and what policy a cluster gets from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from meshcore.config.istio.concurrency import concurrency_of
from meshcore.config.istio.health_check import health_check_of
from meshcore.config.istio.mesh import Mesh
from meshcore.config.istio.names import HostMap, expand
from meshcore.config.istio.resources import Resource, in_order, same_labels
from meshcore.config.istio.schema.common import Destination
from meshcore.config.istio.schema.destination_rule import (
    ClientTLS,
    ConnectionPool,
    ConsistentHash,
    DestinationRule,
    LoadBalancer,
    OutlierDetection,
    PortPolicy,
    ProxyProtocol,
    RetryBudget,
    Subset,
    TrafficPolicy,
    Tunnel,
)
from meshcore.model import ConcurrencyController, HealthCheck, Origin

__all__ = ["Policy", "Rule", "RuleIndex", "route_hash", "service_hash"]


@dataclass(slots=True, eq=False)
class Rule:
    """The DestinationRules of one host and namespace, merged: the first policy, all subsets."""

    host: str
    namespace: str
    export_to: frozenset[str]
    selector: dict[str, str] | None
    policy: TrafficPolicy | None = None
    subsets: dict[str, Subset] = field(default_factory=dict)
    health_check: HealthCheck | None = None
    concurrency: ConcurrencyController | None = None
    origin: Origin | None = None

    def add(self, resource: Resource[DestinationRule]) -> None:
        """Merge a further rule: the first policy stays, of subsets with one name the first."""
        spec = resource.spec
        self.policy = self.policy or spec.traffic_policy
        self.health_check = self.health_check or health_check_of(resource.metadata)
        self.concurrency = self.concurrency or concurrency_of(resource.metadata)
        for subset in spec.subsets:
            self.subsets.setdefault(subset.name, subset)

    def is_seen_by(self, client: str) -> bool:
        return not self.export_to or "*" in self.export_to or client in self.export_to


@dataclass(frozen=True, slots=True)
class Policy:
    """What a cluster does: every block that is None takes its defaults."""

    load_balancer: LoadBalancer | None = None
    connection_pool: ConnectionPool | None = None
    outlier_detection: OutlierDetection | None = None
    tls: ClientTLS | None = None
    tunnel: Tunnel | None = None
    proxy_protocol: ProxyProtocol | None = None
    retry_budget: RetryBudget | None = None
    health_check: HealthCheck | None = None
    concurrency: ConcurrencyController | None = None

    @staticmethod
    def of(rule: Rule | None, port: int, subset: str = "") -> Policy:
        """The policy of one port of a service, or of one of its subsets."""
        if rule is None:
            return Policy()
        base = Policy(health_check=rule.health_check, concurrency=rule.concurrency)
        policy = _over(base, rule.policy, port)
        chosen = rule.subsets.get(subset) if subset else None
        return _over(policy, chosen.traffic_policy, port) if chosen else policy


def _over(base: Policy, policy: TrafficPolicy | None, port: int) -> Policy:
    """``policy`` laid over ``base``, block by block; a port's own settings replace four blocks wholly."""
    if policy is None:
        return base
    own = _port_policy(policy, port)
    return Policy(
        load_balancer=own.load_balancer if own else policy.load_balancer or base.load_balancer,
        connection_pool=own.connection_pool if own else policy.connection_pool or base.connection_pool,
        outlier_detection=own.outlier_detection
        if own
        else policy.outlier_detection or base.outlier_detection,
        tls=own.tls if own else policy.tls or base.tls,
        tunnel=policy.tunnel or base.tunnel,
        proxy_protocol=policy.proxy_protocol or base.proxy_protocol,
        retry_budget=policy.retry_budget or base.retry_budget,
        health_check=base.health_check,
        concurrency=base.concurrency,
    )


def _port_policy(policy: TrafficPolicy | None, port: int) -> PortPolicy | None:
    if policy is None:
        return None
    return next((it for it in policy.port_level_settings if it.port and it.port.number == port), None)


class _Rules:
    """The rules of one namespace by host: those for its own clients, and those for others."""

    def __init__(self) -> None:
        self.local: HostMap[list[Rule]] = HostMap()
        self.exported: HostMap[list[Rule]] = HostMap()


class RuleIndex:
    """All DestinationRules, found by client and service as Istio finds them."""

    def __init__(self, resources: Iterable[Resource[DestinationRule]], mesh: Mesh) -> None:
        self._mesh = mesh
        self._namespaces: dict[str, _Rules] = {}
        #: What the root namespace keeps to itself: the one thing that its own clients look at first.
        self._root: HostMap[list[Rule]] = HostMap()
        for resource in sorted(in_order(resources), key=lambda it: it.spec.workload_selector is None):
            self._add(resource)

    def _add(self, resource: Resource[DestinationRule]) -> None:
        spec, namespace = resource.spec, resource.namespace
        # A rule for certain workloads is for those of its own namespace.
        export_to = frozenset((".",) if spec.workload_selector else spec.export_to)
        own = frozenset((".", namespace))
        rules = self._namespaces.setdefault(namespace, _Rules())
        if not export_to or "*" in export_to or export_to & own:
            self._merge(rules.local, resource, export_to)
        default = self._mesh.destination_rule_export
        private = len(export_to) == 1 and export_to <= own if export_to else "." in default
        if not private:
            self._merge(rules.exported, resource, export_to)
        elif namespace == self._mesh.root_namespace:
            self._merge(self._root, resource, export_to)

    def _merge(
        self, hosts: HostMap[list[Rule]], resource: Resource[DestinationRule], export_to: frozenset[str]
    ) -> None:
        """Put a rule beside those of its host, or into the one that means the same clients."""
        spec = resource.spec
        selector = spec.workload_selector.match_labels if spec.workload_selector else None
        host = expand(spec.host, resource.namespace, self._mesh.domain)
        rules = hosts.setdefault(host, [])
        alone = True
        for rule in rules:
            same = export_to == rule.export_to or (rule.export_to and export_to >= rule.export_to)
            if same and rule.selector == selector:
                alone = False
                rule.add(resource)
        if alone:
            rule = Rule(host, resource.namespace, export_to, selector, origin=resource.origin)
            rule.add(resource)
            rules.append(rule)

    def find(self, host: str, owner: str, client: str, labels: Mapping[str, str]) -> Rule | None:
        """The rule for the service ``host`` of namespace ``owner``, as seen by a client.

        The client's namespace comes first, then the service's, then the root namespace. In each the
        most specific host counts, and the first namespace that has one ends the search.
        """
        root = self._mesh.root_namespace
        local = self._root if client == root else self._rules(client).local
        found = local.find(host)
        if found is not None:
            return _chosen(found[1], client, labels)
        for namespace in (owner, root):
            found = self._rules(namespace).exported.find(host)
            seen = [it for it in found[1] if it.is_seen_by(client)] if found else []
            if seen:
                return _chosen(seen, client, labels)
        return None

    def _rules(self, namespace: str) -> _Rules:
        return self._namespaces.get(namespace) or _Rules()


def _chosen(rules: list[Rule], client: str, labels: Mapping[str, str]) -> Rule | None:
    """The first that selects this workload, else the last that selects all."""
    for rule in rules:
        if rule.selector is not None and rule.namespace == client and same_labels(rule.selector, labels):
            return rule
    return next((rule for rule in reversed(rules) if rule.selector is None), None)


def route_hash(rule: Rule | None, destination: Destination) -> ConsistentHash | None:
    """The hash key that a destination puts on its route.

    The subset's port settings win, then the subset, then the port's (each only where the
    destination names the port), then the top level.
    """
    if rule is None:
        return None
    subset = rule.subsets.get(destination.subset) if destination.subset else None
    policy = subset.traffic_policy if subset else None
    port = destination.port.number if destination.port else 0
    return (
        _hash(_port_policy(policy, port))
        or _hash(policy)
        or _hash(_port_policy(rule.policy, port))
        or _hash(rule.policy)
    )


def service_hash(rule: Rule | None, port: int) -> ConsistentHash | None:
    """The hash key of a service's default route."""
    return None if rule is None else _hash(_port_policy(rule.policy, port)) or _hash(rule.policy)


def _hash(policy: TrafficPolicy | PortPolicy | None) -> ConsistentHash | None:
    balancer = policy.load_balancer if policy else None
    return balancer.consistent_hash if balancer else None
