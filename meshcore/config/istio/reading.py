"""From documents to resources: kinds told apart, lists unfolded, specs decoded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar, cast

from meshcore.config.findings import Findings, did_you_mean
from meshcore.config.istio.kinds import KINDS, Kind, Serving, find, kind_id
from meshcore.config.istio.mesh_documents import mesh_node
from meshcore.config.istio.resources import DEFAULT_NAMESPACE, Resource
from meshcore.config.istio.schema.common import Metadata
from meshcore.config.schema import Record, decode
from meshcore.config.tree import Document, MappingNode, ScalarNode, SequenceNode, describe
from meshcore.model import Origin

__all__ = ["Refused", "Resources", "is_cluster_wide", "read", "unfold"]

S = TypeVar("S", bound=Record)

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


@dataclass(frozen=True, slots=True)
class Refused:
    """A document of a kind that is not supported yet."""

    kind: str
    origin: Origin
    reason: str


@dataclass(slots=True)
class Resources:
    """What the documents hold: resources by kind, and a line for each document left aside."""

    skipped: list[str] = field(default_factory=list)
    #: Documents that cannot be served, with the reasons.
    refused: list[Refused] = field(default_factory=list)
    #: Documents that hold settings of the mesh.
    mesh: list[Document] = field(default_factory=list)
    #: Namespaces that some document is in or declares.
    namespaces: set[str] = field(default_factory=set)
    # By schema rather than by kind: two groups have a Gateway.
    _kinds: dict[type[Record], dict[tuple[str, str], Resource[Record]]] = field(default_factory=dict)

    def of(self, kind: str, schema: type[S]) -> list[Resource[S]]:
        """The resources of a kind in the order of the documents."""
        found = list(self._kinds.get(schema, {}).values())
        assert all(it.kind == kind for it in found)
        return cast("list[Resource[S]]", found)

    def add(self, resource: Resource[Record], findings: Findings) -> None:
        """Add a resource; as when documents are applied, the last of one name stays."""
        key = (resource.namespace, resource.name)
        known = self._kinds.setdefault(type(resource.spec), {})
        before = known.pop(key, None)
        if before is not None:
            place = f"{resource.origin.file}:{resource.origin.line}"
            findings.warn(before.origin, "", f"this {resource.kind} is replaced by the one at {place}")
        known[key] = resource
        self.namespaces.add(resource.name if resource.kind == "Namespace" else resource.namespace)


def is_cluster_wide(kind: str) -> bool:
    """Whether resources of a kind are in no namespace."""
    return kind in _CLUSTER_WIDE or kind.startswith("Cluster")


def _check_ignored(kinds: Collection[str], findings: Findings) -> None:
    """Any kind may be left aside; one that is nearly one of ours is most likely a slip of the pen."""
    known = {kind.lower(): kind for _, kind in KINDS}
    for kind in kinds:
        name = kind.partition(".")[0]
        near = did_you_mean(name, known.values()) if name.lower() not in known else ""
        if near:
            findings.warn("<ignore_kinds>", "", f"there is no kind {kind!r}{near}")


def read(documents: Iterable[Document], findings: Findings, ignore_kinds: Collection[str] = ()) -> Resources:
    """Decode all documents; what is wrong with them goes to ``findings``."""
    resources = Resources()
    ignored = {kind.lower() for kind in ignore_kinds}
    _check_ignored(ignore_kinds, findings)
    for document in documents:
        for part in unfold(document, findings):
            _read(part, resources, ignored, findings)
    return resources


def unfold(document: Document, findings: Findings) -> Iterator[Document]:
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
    document.kind, document.name = kind, name if is_cluster_wide(kind) or not name else f"{namespace}/{name}"
    shown = f"{kind} {document.name}" if name else f"{kind} of {document.file}"
    for key, value in (("apiVersion", api_version), ("kind", kind)):
        if not value:
            findings.error(root, key, "missing, but required")
            return
    group, _ = kind_id(api_version, kind)
    if {kind.lower(), f"{kind}.{group}".lower()} & ignored:
        resources.skipped.append(f"{shown} (ignored)")
        return
    if mesh_node(document) is not None:
        resources.mesh.append(document)
        return
    known, key, problem = find(api_version, kind)
    if known is None:
        findings.error(root.entries[key], key, problem)
        return
    if known.serving is Serving.REFUSED:
        resources.refused.append(Refused(kind, root.entries["kind"].origin("kind"), known.why))
    elif known.serving is Serving.ASIDE:
        resources.skipped.append(shown)
    if known.schema is None:
        return
    if not name:
        findings.error(header or root, "metadata.name", "missing, but required")
        return
    assert header is not None
    metadata = decode(header, Metadata, findings, "metadata")
    spec = _spec(root, known, known.schema, findings)
    if metadata is not None and spec is not None:
        resources.add(Resource(kind, name, namespace, metadata, spec, root.origin()), findings)


def _spec(root: MappingNode, kind: Kind, schema: type[Record], findings: Findings) -> Record | None:
    if not kind.below_spec:
        return decode(root, schema, findings)
    for key in root.entries:
        if key not in _TOP:
            findings.error(root.key_origin(key, key), key, f"unknown field {key!r}{did_you_mean(key, _TOP)}")
    spec = root.get("spec")
    if spec is None or (isinstance(spec, ScalarNode) and spec.value is None):
        if not kind.spec_optional:
            findings.error(root, "spec", "missing, but required")
            return None
        spec = MappingNode(root.document, root.line, root.column)
    return decode(spec, schema, findings, "spec")
