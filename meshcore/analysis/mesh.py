"""The mesh configuration: a file of its own, or in the documents that a cluster keeps it in."""

from __future__ import annotations

from collections.abc import Iterable

from meshcore.analysis.cursor import Cursor
from meshcore.config.documents import read_text
from meshcore.config.findings import Findings
from meshcore.config.istio.mesh_documents import mesh_node
from meshcore.config.tree import Document, MappingNode, ScalarNode

__all__ = ["mesh_among", "mesh_config_of"]


def mesh_among(documents: Iterable[Document]) -> Cursor | None:
    """The settings in the ConfigMap or IstioOperator among documents, if one of them has any."""
    for document in documents:
        found = mesh_node(document)
        if found is None:
            continue
        node, path = found
        if isinstance(node, ScalarNode):
            inner = read_text(Cursor(node).text, Findings(), document.file)
            return mesh_config_of(inner)
        return Cursor(node, path)
    return None


def mesh_config_of(documents: Iterable[Document]) -> Cursor | None:
    """The settings that a file is about: in one of those documents, or the file itself."""
    listed = list(documents)
    found = mesh_among(listed)
    if found is not None:
        return found
    plain = (it for it in listed if isinstance(it.root, MappingNode) and "kind" not in it.root.entries)
    return next((Cursor(it.root) for it in plain), None)
