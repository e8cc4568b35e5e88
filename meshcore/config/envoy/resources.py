"""Which Envoy resource a document is, and the resources of many documents together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from meshcore.config.envoy.schema.bootstrap import Bootstrap, Listener
from meshcore.config.envoy.schema.cluster import Cluster
from meshcore.config.envoy.schema.endpoint import ClusterLoadAssignment
from meshcore.config.envoy.schema.route import RouteConfiguration
from meshcore.config.envoy.translate.context import type_name
from meshcore.config.findings import Findings, did_you_mean, quoted
from meshcore.config.schema import Record, decode, error_at
from meshcore.config.tree import Document, MappingNode, SequenceNode, TreeNode, describe, join_path, plain

__all__ = ["Resources", "check_names", "collect"]

_TYPES: dict[str, type[Record]] = {
    "envoy.config.bootstrap.v3.Bootstrap": Bootstrap,
    "envoy.config.listener.v3.Listener": Listener,
    "envoy.config.route.v3.RouteConfiguration": RouteConfiguration,
    "envoy.config.cluster.v3.Cluster": Cluster,
    "envoy.config.endpoint.v3.ClusterLoadAssignment": ClusterLoadAssignment,
}
_RESPONSE = "envoy.service.discovery.v3.DiscoveryResponse"
_RESOURCE = "envoy.service.discovery.v3.Resource"

#: Fields that only one kind of resource has, in the order of asking.
_MARKS: tuple[tuple[type[Record], tuple[str, ...]], ...] = (
    (
        Bootstrap,
        ("static_resources", "staticResources", "layered_runtime", "layeredRuntime", "dynamic_resources"),
    ),
    (RouteConfiguration, ("virtual_hosts", "virtualHosts", "vhds")),
    (Listener, ("filter_chains", "filterChains")),
    (
        Cluster,
        (
            "load_assignment",
            "loadAssignment",
            "connect_timeout",
            "connectTimeout",
            "lb_policy",
            "lbPolicy",
            "eds_cluster_config",
            "edsClusterConfig",
            "load_balancing_policy",
            "loadBalancingPolicy",
        ),
    ),
    (ClusterLoadAssignment, ("cluster_name", "clusterName", "endpoints")),
)


@dataclass(slots=True)
class Resources:
    """All resources of a load, by kind. ``runtime`` holds static layers, later ones winning."""

    listeners: list[Listener] = field(default_factory=list)
    routes: list[RouteConfiguration] = field(default_factory=list)
    clusters: list[Cluster] = field(default_factory=list)
    cluster_names: set[str] = field(default_factory=set)  #: of those that cannot be decoded, too
    assignments: dict[str, ClusterLoadAssignment] = field(default_factory=dict)
    runtime: list[dict[str, object]] = field(default_factory=list)
    bootstrap: Bootstrap | None = None  #: the last one: it says where the engine is


def collect(documents: Sequence[Document], findings: Findings) -> Resources:
    """Decode all documents; what is wrong with them is recorded."""
    resources = Resources()
    for document in documents:
        _add(resources, document, document.root, "", findings)
    check_names(resources.clusters, "cluster", findings)
    check_names(resources.routes, "RouteConfiguration", findings)
    check_names([item for item in resources.listeners if item.name], "listener", findings)
    return resources


def _add(resources: Resources, document: Document, node: TreeNode, path: str, findings: Findings) -> None:
    if not isinstance(node, MappingNode):
        findings.error(node, path, "", found=describe(node), expected="a resource (a mapping)")
        return
    name = type_name(node)
    if name == _RESPONSE or (not name and "resources" in node.entries):
        _add_response(resources, document, node, path, findings)
        return
    if name == _RESOURCE:
        inner = node.entries.get("resource")
        if inner is not None:
            _add(resources, document, inner, join_path(path, "resource"), findings)
        return
    kind = _TYPES.get(name) if name else _kind(node)
    if kind is None:
        where = node.entries.get("@type", node)
        if name:
            near = did_you_mean(name, _TYPES)
            findings.error(where, join_path(path, "@type"), f"the type {quoted(name)} is not supported{near}")
        else:
            expected = "a bootstrap, Listener, RouteConfiguration, Cluster or ClusterLoadAssignment of Envoy"
            others = "; or give '@type', or of Istio 'apiVersion' and 'kind'"
            findings.error(node, path, "", found="an unknown document", expected=expected + others)
        return
    if not path:
        document.kind, document.name = kind.__name__, node.text("name") or node.text("cluster_name")
    resources.cluster_names.update(_cluster_names(node, kind))
    record = decode(node, kind, findings, path)
    if record is not None:
        _store(resources, record, findings)


def _cluster_names(node: MappingNode, kind: type[Record]) -> Iterator[str]:
    if kind is Cluster:
        yield node.text("name")
    elif kind is Bootstrap:
        static = node.entries.get("static_resources", node.entries.get("staticResources"))
        listed = static.entries.get("clusters") if isinstance(static, MappingNode) else None
        for item in listed.items if isinstance(listed, SequenceNode) else ():
            if isinstance(item, MappingNode):
                yield item.text("name")


def _kind(node: MappingNode) -> type[Record] | None:
    for kind, marks in _MARKS:
        if any(mark in node.entries for mark in marks):
            return kind
    return None


def _add_response(
    resources: Resources, document: Document, node: MappingNode, path: str, findings: Findings
) -> None:
    listed = node.entries.get("resources")
    base = join_path(path, "resources")
    if not isinstance(listed, SequenceNode):
        findings.error(listed or node, base, "", found=describe(listed or node), expected="a list")
        return
    for key in node.entries:
        if key not in ("resources", "@type", "version_info", "versionInfo", "type_url", "typeUrl", "nonce"):
            full = join_path(path, key)
            findings.error(node.key_origin(key, full), full, f"unknown field {key!r}")
    for index, item in enumerate(listed.items):
        _add(resources, document, item, f"{base}[{index}]", findings)


def _store(resources: Resources, record: Record, findings: Findings) -> None:
    if isinstance(record, RouteConfiguration):
        resources.routes.append(record)
    elif isinstance(record, Cluster):
        resources.clusters.append(record)
    elif isinstance(record, Listener):
        resources.listeners.append(record)
    elif isinstance(record, ClusterLoadAssignment):
        if record.cluster_name in resources.assignments:
            message = f"another ClusterLoadAssignment is for {quoted(record.cluster_name)}"
            error_at(findings, record, "cluster_name", message)
        resources.assignments[record.cluster_name] = record
    elif isinstance(record, Bootstrap):
        resources.bootstrap = record
        if record.static_resources is not None:
            resources.listeners += record.static_resources.listeners
            resources.clusters += record.static_resources.clusters
        if record.layered_runtime is not None:
            for layer in record.layered_runtime.layers:
                values = plain(layer.static_layer) if layer.static_layer is not None else {}
                if isinstance(values, dict):
                    resources.runtime.append(values)


R = TypeVar("R", Cluster, RouteConfiguration, Listener)


def check_names(records: Sequence[R], noun: str, findings: Findings) -> None:
    """Report every record whose name another one has already."""
    seen: set[str] = set()
    for record in records:
        if record.name in seen:
            error_at(findings, record, "name", f"another {noun} is named {quoted(record.name)}")
        seen.add(record.name)
