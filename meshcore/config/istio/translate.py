"""The whole way: documents of Istio and Kubernetes to the model, for one node."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from meshcore.config.documents import Sources
from meshcore.config.findings import Findings
from meshcore.config.istio import kubernetes
from meshcore.config.istio.access_logs import is_logged
from meshcore.config.istio.clusters import build_cluster, passthrough_cluster
from meshcore.config.istio.delegates import merge_delegates
from meshcore.config.istio.endpoints import add_endpoints
from meshcore.config.istio.entries import add_entries
from meshcore.config.istio.gateway import gateway_client, gateway_listeners, select_gateways
from meshcore.config.istio.gateway_api.derive import derive
from meshcore.config.istio.gateway_api.hints import check_served
from meshcore.config.istio.hints import give_hints
from meshcore.config.istio.matching import Client
from meshcore.config.istio.mesh import Mesh
from meshcore.config.istio.mesh_config import read_mesh
from meshcore.config.istio.names import DOMAIN
from meshcore.config.istio.pods import PodIndex
from meshcore.config.istio.reading import Resources, read
from meshcore.config.istio.registry import Protocol, Registry, Service, ServicePort
from meshcore.config.istio.resources import DEFAULT_NAMESPACE
from meshcore.config.istio.routes import Scope, unknown_hosts
from meshcore.config.istio.rules import Policy, RuleIndex
from meshcore.config.istio.schema import kubernetes as k8s
from meshcore.config.istio.schema.destination_rule import DestinationRule
from meshcore.config.istio.schema.gateway import Gateway
from meshcore.config.istio.schema.service_entry import ServiceEntry
from meshcore.config.istio.schema.sidecar import Sidecar
from meshcore.config.istio.schema.telemetry import Telemetry
from meshcore.config.istio.schema.virtual_service import VirtualService
from meshcore.config.istio.schema.workload import WorkloadEntry
from meshcore.config.istio.scopes import gateway_scope, sidecar_outlook
from meshcore.config.istio.serving import check_kinds, check_serving
from meshcore.config.istio.sidecar import sidecar_listeners
from meshcore.config.istio.sticky import attach_sticky
from meshcore.config.istio.tracing import tracing_options
from meshcore.config.istio.validation import validate
from meshcore.config.istio.workloads import OutsideWorkloads
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
    mesh_config: str | os.PathLike[str] | Mapping[str, object] | None = None,
    sources: Sources | None = None,
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
        mesh_config: ``MeshConfig``, a file of it or its parsed content; it goes before what the
            documents hold of it.
        sources: takes the files of ``endpoints`` and ``mesh_config``, which are a part of the
            configuration as the documents are.

    Returns:
        The model, or None where ``findings`` holds an error.
    """
    documents = list(documents)
    resources = read(documents, findings, ignore_kinds)
    validate(resources, findings)
    check_kinds(resources, findings)
    if not findings.has_errors:
        check_serving(resources, findings)
    mesh = Mesh.of(read_mesh(resources.mesh, mesh_config, findings, sources), node.cluster_domain)
    registry = make_registry(resources, services, mesh)
    if endpoints is not None:
        namespaces = frozenset(resources.namespaces | {DEFAULT_NAMESPACE})
        add_endpoints(registry, endpoints, namespaces, findings, sources)
    derived = derive(resources, registry)
    named = derived.named_gateways(resources.of("Gateway", Gateway))
    gateways = select_gateways(named, node, findings)
    if findings.has_errors:
        return None
    own = resources.of("VirtualService", VirtualService)
    attach_sticky(own)
    virtual_services = merge_delegates(
        own,
        findings,
        domain=mesh.domain,
        default_export=mesh.virtual_service_export,
    )
    virtual_services = [*virtual_services, *derived.virtual_services]
    rules = RuleIndex(resources.of("DestinationRule", DestinationRule), mesh)
    telemetries = resources.of("Telemetry", Telemetry)
    listeners: tuple[Listener, ...]
    if node.gateway is not None:
        client = gateway_client(gateways, node)
        tracing = tracing_options(telemetries, mesh, client, findings)
        scope = gateway_scope(registry, rules, client, mesh)
        listeners = gateway_listeners(scope, gateways, virtual_services, tracing, findings, any_port=any_port)
        clusters = _clusters(scope)
    else:
        client = Client(node.namespace, node.labels)
        tracing = tracing_options(telemetries, mesh, client, findings)
        sidecars = resources.of("Sidecar", Sidecar)
        outlook = sidecar_outlook(registry, rules, client, mesh, virtual_services, sidecars)
        scope = outlook.scope
        unknown = unknown_hosts(outlook.unknown, mesh)
        listeners = sidecar_listeners(scope, outlook.parts, unknown, tracing, any_port=any_port)
        clusters = (*_clusters(scope), passthrough_cluster(mesh))
    if not is_logged(telemetries, mesh, client, findings):
        listeners = tuple(replace(it, options=replace(it.options, access_log=False)) for it in listeners)
    check_served(resources, derived, findings, mesh=node.gateway is None)
    give_hints(resources, registry, scope, findings, endpoints=not services)
    return Config(listeners, clusters, skipped=tuple(resources.skipped))


def validate_documents(
    documents: Iterable[Document], findings: Findings, *, ignore_kinds: Collection[str] = ()
) -> None:
    """Check documents as Istio does when they are applied, whether or not they can be served here."""
    validate(read(documents, findings, ignore_kinds), findings)


def make_registry(
    resources: Resources, services: Sequence[Mapping[str, object]] = (), mesh: Mesh | None = None
) -> Registry:
    """All services of the documents, with the workloads that the documents know."""
    registry = Registry(mesh.domain if mesh else DOMAIN)
    declared = resources.of("Service", k8s.ServiceDocument)
    pods = PodIndex(resources.of("Pod", k8s.Pod))
    outside = OutsideWorkloads(resources.of("WorkloadEntry", WorkloadEntry))
    kubernetes.add_services(registry, declared)
    for given in services:
        registry.add(_given(given))
    kubernetes.add_workloads(
        registry,
        declared,
        resources.of("EndpointSlice", k8s.EndpointSlice),
        resources.of("Endpoints", k8s.Endpoints),
        pods,
        outside,
    )
    add_entries(registry, resources.of("ServiceEntry", ServiceEntry), pods, outside)
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


def _clusters(scope: Scope) -> tuple[Cluster, ...]:
    """A cluster for every port of every visible service, and for each of its subsets."""
    clusters = []
    labels = scope.client.labels
    for service in scope.view.services.values():
        rule = scope.rule(service.host)
        for port in service.ports:
            if port.protocol is Protocol.UDP:
                continue
            clusters.append(build_cluster(service, port, Policy.of(rule, port.number), labels, scope.mesh))
            for name, subset in rule.subsets.items() if rule else ():
                policy = Policy.of(rule, port.number, name)
                origin = origin_of(subset)
                clusters.append(
                    build_cluster(
                        service,
                        port,
                        policy,
                        labels,
                        scope.mesh,
                        subset=name,
                        labels=subset.labels,
                        origin=origin,
                    )
                )
    return tuple(clusters)
