"""From documents to resources: kinds told apart, lists unfolded, specs decoded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar, cast

from meshcore.config.findings import Findings, did_you_mean
from meshcore.config.istio.kinds import kind_id, verdict
from meshcore.config.istio.resources import DEFAULT_NAMESPACE, Resource
from meshcore.config.istio.schema import kubernetes as k8s
from meshcore.config.istio.schema.common import Metadata
from meshcore.config.istio.schema.destination_rule import DestinationRule
from meshcore.config.istio.schema.gateway import Gateway
from meshcore.config.istio.schema.service_entry import ServiceEntry
from meshcore.config.istio.schema.virtual_service import VirtualService
from meshcore.config.schema import Record, decode
from meshcore.config.tree import Document, MappingNode, ScalarNode, SequenceNode, describe

__all__ = ["Resources", "read"]

S = TypeVar("S", bound=Record)

#: Kinds whose content stands below ``spec``; Kubernetes' own are read as a whole.
SPECS: dict[str, type[Record]] = {
    "VirtualService": VirtualService,
    "DestinationRule": DestinationRule,
    "Gateway": Gateway,
    "ServiceEntry": ServiceEntry,
}
WHOLE: dict[str, type[Record]] = {
    "Service": k8s.ServiceDocument,
    "Endpoints": k8s.Endpoints,
    "EndpointSlice": k8s.EndpointSlice,
    "Pod": k8s.Pod,
    "Namespace": k8s.Namespace,
}
_TOP = ("apiVersion", "kind", "metadata", "spec", "status")
_CLUSTER_WIDE = frozenset(
    {
        "APIService",
        "CustomResourceDefinition",
        "GatewayClass",
        "IngressClass",
        "MutatingWebhookConfiguration",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PriorityClass",
        "StorageClass",
        "ValidatingWebhookConfiguration",
    }
)


@dataclass(slots=True)
class Resources:
    """What the documents hold: resources by kind, and a line for each document left aside."""

    skipped: list[str] = field(default_factory=list)
    #: Namespaces that some document is in or declares.
    namespaces: set[str] = field(default_factory=set)
    _kinds: dict[str, dict[tuple[str, str], Resource[Record]]] = field(default_factory=dict)

    def of(self, kind: str, schema: type[S]) -> list[Resource[S]]:
        """The resources of a kind in the order of the documents."""
        assert SPECS.get(kind, WHOLE.get(kind)) is schema
        return cast("list[Resource[S]]", list(self._kinds.get(kind, {}).values()))

    def add(self, resource: Resource[Record], findings: Findings) -> None:
        """Add a resource; as when documents are applied, the last of one name stays."""
        key = (resource.namespace, resource.name)
        before = self._kinds.setdefault(resource.kind, {}).pop(key, None)
        if before is not None:
            place = f"{resource.origin.file}:{resource.origin.line}"
            findings.warn(before.origin, "", f"this {resource.kind} is replaced by the one at {place}")
        self._kinds[resource.kind][key] = resource
        self.namespaces.add(resource.name if resource.kind == "Namespace" else resource.namespace)


def read(documents: Iterable[Document], findings: Findings, ignore_kinds: Collection[str] = ()) -> Resources:
    """Decode all documents; what is wrong with them goes to ``findings``."""
    resources = Resources()
    ignored = {kind.lower() for kind in ignore_kinds}
    for document in documents:
        for part in _unfold(document, findings):
            _read(part, resources, ignored, findings)
    return resources


def _unfold(document: Document, findings: Findings) -> Iterator[Document]:
    """The document itself, or the items of a list."""
    root = document.root
    if not isinstance(root, MappingNode):
        findings.error(root, "", found=describe(root), expected="a mapping")
        return
    kind = root.text("kind")
    items = root.get("items")
    if not kind.endswith("List") or not isinstance(items, SequenceNode):
        yield document
        return
    for item in items:
        if not isinstance(item, MappingNode):
            findings.error(item, "items", found=describe(item), expected="a document")
            continue
        if kind != "List":  # a typed list may leave its items' kind out
            for key, value in (("apiVersion", root.text("apiVersion")), ("kind", kind.removesuffix("List"))):
                if key not in item.entries:
                    item.set(key, item.line, item.column, ScalarNode(document, item.line, item.column, value))
        yield document.extract(item)


def _read(document: Document, resources: Resources, ignored: set[str], findings: Findings) -> None:
    root = document.root
    assert isinstance(root, MappingNode)
    api_version, kind = root.text("apiVersion"), root.text("kind")
    header = root.child("metadata")
    name = header.text("name") if header else ""
    namespace = (header.text("namespace") if header else "") or DEFAULT_NAMESPACE
    wide = kind in _CLUSTER_WIDE or kind.startswith("Cluster")
    document.kind, document.name = kind, name if wide else f"{namespace}/{name}"
    for key, value in (("apiVersion", api_version), ("kind", kind)):
        if not value:
            findings.error(root, key, "missing, but required")
            return
    group, _ = kind_id(api_version, kind)
    if {kind.lower(), f"{kind}.{group}".lower()} & ignored:
        resources.skipped.append(f"{kind} {document.name} (ignored)")
        return
    found = verdict(api_version, kind)
    if found.problem:
        key = "kind" if found.avoidable or "no kind" in found.problem else "apiVersion"
        findings.error(root.entries[key], key, found.problem)
        return
    if not found.served:
        resources.skipped.append(f"{kind} {document.name}")
        return
    if not name:
        findings.error(header or root, "metadata.name", "missing, but required")
        return
    assert header is not None
    metadata = decode(header, Metadata, findings, "metadata")
    spec = _spec(root, kind, findings)
    if metadata is not None and spec is not None:
        resources.add(Resource(kind, name, namespace, metadata, spec, root.origin()), findings)


def _spec(root: MappingNode, kind: str, findings: Findings) -> Record | None:
    schema = SPECS.get(kind)
    if schema is None:
        return decode(root, WHOLE[kind], findings)
    for key in root.entries:
        if key not in _TOP:
            findings.error(root.key_origin(key, key), key, f"unknown field {key!r}{did_you_mean(key, _TOP)}")
    spec = root.get("spec")
    if spec is None or (isinstance(spec, ScalarNode) and spec.value is None):
        findings.error(root, "spec", "missing, but required")
        return None
    return decode(spec, schema, findings, "spec")
