"""Which DestinationRule applies to a service, and what policy a cluster gets from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from meshcore.config.istio.names import ROOT_NAMESPACE, HostMap, expand, visible
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
from meshcore.model import Origin

__all__ = ["Policy", "Rule", "RuleIndex", "route_hash", "service_hash"]


@dataclass(slots=True, eq=False)
class Rule:
    """The DestinationRules of one host and namespace, merged: the first policy, all subsets."""

    host: str
    namespace: str
    export_to: tuple[str, ...]
    selector: dict[str, str] | None
    policy: TrafficPolicy | None
    subsets: dict[str, Subset] = field(default_factory=dict)
    origin: Origin | None = None

    def applies_to(self, namespace: str, labels: Mapping[str, str]) -> bool:
        if self.selector is None:
            return True
        return namespace == self.namespace and same_labels(self.selector, labels)


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

    @staticmethod
    def of(rule: Rule | None, port: int, subset: str = "") -> Policy:
        """The policy of one port of a service, or of one of its subsets."""
        if rule is None:
            return Policy()
        policy = _over(Policy(), rule.policy, port)
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
    )


def _port_policy(policy: TrafficPolicy | None, port: int) -> PortPolicy | None:
    if policy is None:
        return None
    return next((it for it in policy.port_level_settings if it.port and it.port.number == port), None)


class RuleIndex:
    """All DestinationRules, found by client and service."""

    def __init__(self, resources: Iterable[Resource[DestinationRule]]) -> None:
        self._namespaces: dict[str, HostMap[list[Rule]]] = {}
        for resource in in_order(resources):
            self._add(resource)

    def _add(self, resource: Resource[DestinationRule]) -> None:
        spec = resource.spec
        selector = spec.workload_selector.match_labels if spec.workload_selector else None
        export_to = tuple(sorted(resource.namespace if to == "." else to for to in spec.export_to))
        host = expand(spec.host, resource.namespace)
        rules = self._namespaces.setdefault(resource.namespace, HostMap()).setdefault(host, [])
        rule = next((it for it in rules if it.export_to == export_to and it.selector == selector), None)
        if rule is None:
            rule = Rule(host, resource.namespace, export_to, selector, None, origin=resource.origin)
            rules.append(rule)
        rule.policy = rule.policy or spec.traffic_policy
        for subset in spec.subsets:
            rule.subsets.setdefault(subset.name, subset)

    def find(self, host: str, owner: str, client: str, labels: Mapping[str, str]) -> Rule | None:
        """The rule for the service ``host`` of namespace ``owner``, as seen by a client.

        The client's namespace comes first, then the service's, then the root namespace; the most
        specific host in the first of them that has one ends the search.
        """
        order = [owner, ROOT_NAMESPACE] if client == ROOT_NAMESPACE else [client, owner, ROOT_NAMESPACE]
        for namespace in dict.fromkeys(order):
            hosts = self._namespaces.get(namespace)
            if hosts is None:
                continue
            for _, rules in hosts.matches(host):
                seen = [
                    rule
                    for rule in rules
                    if visible(rule.export_to, namespace, client) and rule.applies_to(client, labels)
                ]
                if seen:
                    return min(seen, key=lambda rule: rule.selector is None)
        return None


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
