"""The whole way: documents of Istio and Kubernetes to the model, for one node."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence

from meshcore.config.findings import Findings, did_you_mean
from meshcore.config.istio import kubernetes
from meshcore.config.istio.clusters import build_cluster, passthrough_cluster
from meshcore.config.istio.endpoints import add_endpoints
from meshcore.config.istio.entries import add_entries
from meshcore.config.istio.gateway import gateway_listeners
from meshcore.config.istio.hints import give_hints
from meshcore.config.istio.matching import Client
from meshcore.config.istio.reading import Resources, read
from meshcore.config.istio.registry import Protocol, Registry, Service, ServicePort
from meshcore.config.istio.resources import DEFAULT_NAMESPACE, Resource, in_order
from meshcore.config.istio.routes import Scope
from meshcore.config.istio.rules import Policy, RuleIndex
from meshcore.config.istio.schema import kubernetes as k8s
from meshcore.config.istio.schema.destination_rule import DestinationRule
from meshcore.config.istio.schema.gateway import Gateway
from meshcore.config.istio.schema.service_entry import ServiceEntry
from meshcore.config.istio.schema.virtual_service import VirtualService
from meshcore.config.istio.serving import check_kinds, check_serving
from meshcore.config.istio.sidecar import sidecar_listeners
from meshcore.config.istio.validation import validate
from meshcore.config.node import Node
from meshcore.config.schema import origin_of
from meshcore.config.tree import Document
from meshcore.model import Cluster, Config, Listener

__all__ = ["load_documents", "make_registry", "validate_documents"]


def load_documents(
    documents: Iterable[Document],
    findings: Findings,
    *,
    node: Node,
    endpoints: str | os.PathLike[str] | Mapping[str, object] | None = None,
    ignore_kinds: Collection[str] = (),
    services: Sequence[Mapping[str, object]] = (),
    any_port: bool = True,
) -> Config | None:
    """Translate documents for a node.

    Args:
        documents: what was read, of Istio's and Kubernetes' kinds.
        findings: takes errors and warnings.
        node: who asks: a workload in the mesh, or a gateway.
        endpoints: addresses and labels of services (see :mod:`meshcore.config.istio.endpoints`).
        ignore_kinds: kinds to leave aside, by name.
        services: further services of the registry, each with ``host``, ``namespace`` and ``ports``
            (of ``number`` and ``protocol``).
        any_port: also make the table for callers who do not say which port was asked for. Without it
            a port that no service has leads to no service, as in a mesh.

    Returns:
        The model, or None where ``findings`` holds an error.
    """
    documents = list(documents)
    resources = read(documents, findings, ignore_kinds)
    validate(resources, findings)
    check_kinds(resources, findings)
    if not findings.has_errors:
        check_serving(resources, findings)
    registry = make_registry(resources, services)
    if endpoints is not None:
        add_endpoints(registry, endpoints, frozenset(resources.namespaces | {DEFAULT_NAMESPACE}), findings)
    gateway = _gateway(resources, node, documents, findings)
    if findings.has_errors:
        return None
    scope = _scope(resources, registry, node, gateway)
    give_hints(resources, registry, scope, findings, endpoints=not services)
    virtual_services = in_order(resources.of("VirtualService", VirtualService))
    listeners: tuple[Listener, ...]
    if gateway is not None:
        listeners = gateway_listeners(scope, gateway, virtual_services, any_port=any_port)
        clusters = _clusters(scope)
    else:
        listeners = sidecar_listeners(scope, virtual_services, any_port=any_port)
        clusters = (*_clusters(scope), passthrough_cluster())
    return Config(listeners, clusters, skipped=tuple(resources.skipped))


def validate_documents(
    documents: Iterable[Document], findings: Findings, *, ignore_kinds: Collection[str] = ()
) -> None:
    """Check documents as Istio does when they are applied, whether or not they can be served here."""
    validate(read(documents, findings, ignore_kinds), findings)


def make_registry(resources: Resources, services: Sequence[Mapping[str, object]] = ()) -> Registry:
    """All services of the documents, with the workloads that the documents know."""
    registry = Registry()
    declared = resources.of("Service", k8s.ServiceDocument)
    pods = resources.of("Pod", k8s.Pod)
    kubernetes.add_services(registry, declared)
    for given in services:
        registry.add(_given(given))
    kubernetes.add_workloads(
        registry,
        declared,
        resources.of("EndpointSlice", k8s.EndpointSlice),
        resources.of("Endpoints", k8s.Endpoints),
        pods,
    )
    add_entries(registry, resources.of("ServiceEntry", ServiceEntry), pods)
    return registry


def _given(service: Mapping[str, object]) -> Service:
    ports = service.get("ports") or ()
    assert isinstance(ports, Sequence)
    return Service(
        str(service["host"]).lower(),
        str(service.get("namespace") or DEFAULT_NAMESPACE),
        tuple(ServicePort(int(it["number"]), Protocol.parse(str(it.get("protocol", "")))) for it in ports),
        kubernetes=True,
    )


def _gateway(
    resources: Resources, node: Node, documents: list[Document], findings: Findings
) -> Resource[Gateway] | None:
    if node.gateway is None:
        return None
    wanted = node.gateway if "/" in node.gateway else f"{node.namespace}/{node.gateway}"
    known = {it.full_name: it for it in resources.of("Gateway", Gateway)}
    if wanted not in known:
        hint = did_you_mean(wanted, known) or (f"; there is {', '.join(known)}" if known else "")
        findings.error(documents[0].file, "", f"there is no Gateway {wanted!r} in the documents{hint}")
    return known.get(wanted)


def _scope(resources: Resources, registry: Registry, node: Node, gateway: Resource[Gateway] | None) -> Scope:
    if gateway is None:
        client = Client(node.namespace, node.labels)
    else:
        # A gateway's workload carries the labels that the Gateway selects, and is at home with it
        # unless the node says otherwise.
        namespace = gateway.namespace if node.namespace == DEFAULT_NAMESPACE else node.namespace
        client = Client(namespace, {**gateway.spec.selector, **node.labels}, gateway.full_name)
    rules = RuleIndex(resources.of("DestinationRule", DestinationRule))
    return Scope(client, registry.view(client.namespace), rules)


def _clusters(scope: Scope) -> tuple[Cluster, ...]:
    """A cluster for every port of every visible service, and for each of its subsets."""
    clusters = []
    labels = scope.client.labels
    for service in scope.view.services.values():
        rule = scope.rule(service.host)
        for port in service.ports:
            if port.protocol is Protocol.UDP:
                continue
            clusters.append(build_cluster(service, port, Policy.of(rule, port.number), labels))
            for name, subset in rule.subsets.items() if rule else ():
                policy = Policy.of(rule, port.number, name)
                origin = origin_of(subset)
                clusters.append(
                    build_cluster(
                        service, port, policy, labels, subset=name, labels=subset.labels, origin=origin
                    )
                )
    return tuple(clusters)
